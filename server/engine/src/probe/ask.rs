//! One try at a probe.

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use futures::StreamExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::report::Attempt;
use super::{HttpProbe, Probe, ProbeSpec, grpc, within};

/// No connection is kept: it could reach a program that is already ending.
static CLIENT: LazyLock<Result<reqwest::Client, String>> = LazyLock::new(|| {
    crate::plain_http::client()
        .pool_max_idle_per_host(0)
        .user_agent("Berth-Probe")
        .build()
        .map_err(|error| error.to_string())
});

/// How much of a body is looked through.
const MOST_BODY: usize = 64 * 1024;

pub(super) async fn attempt(address: IpAddr, spec: &ProbeSpec) -> Attempt {
    let socket = SocketAddr::new(address, spec.port);
    let started = Instant::now();
    match &spec.probe {
        Probe::Tcp => {
            let connected = within(spec.timeout, async {
                TcpStream::connect(socket).await.map(drop).map_err(|error| in_words(&error))
            });
            let error = connected.await.err();
            Attempt { status: None, error, latency: started.elapsed() }
        }
        Probe::Http(http) => {
            let mut status = None;
            let error = within(spec.timeout, ask(socket, http, spec.timeout, &mut status)).await.err();
            Attempt { status, error, latency: started.elapsed() }
        }
        Probe::Grpc(service) => {
            let asked = grpc::ask(socket, service.as_deref(), spec.timeout);
            let error = within(spec.timeout, asked).await.err();
            Attempt { status: None, error, latency: started.elapsed() }
        }
    }
}

async fn ask(
    socket: SocketAddr,
    http: &HttpProbe,
    timeout: Duration,
    status: &mut Option<u16>,
) -> Result<(), String> {
    let client = CLIENT.as_ref().map_err(Clone::clone)?;
    let path = if http.path.starts_with('/') { http.path.clone() } else { format!("/{}", http.path) };
    let mut request = client.get(format!("http://{socket}{path}")).timeout(timeout);
    if let Some(host) = &http.host {
        request = request.header(reqwest::header::HOST, host);
    }
    for (name, value) in &http.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.map_err(|error| cause(&error.without_url()))?;
    let code = answer.status().as_u16();
    *status = Some(code);
    if !http.expected.contains(&code) {
        return Err(format!("status {code} instead of {}-{}", http.expected.start(), http.expected.end()));
    }
    match &http.body_contains {
        Some(wanted) => body_contains(answer, wanted).await,
        None => Ok(()),
    }
}

async fn body_contains(answer: reqwest::Response, wanted: &str) -> Result<(), String> {
    let mut body = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|error| cause(&error.without_url()))?);
        if memchr::memmem::find(&body, wanted.as_bytes()).is_some() {
            return Ok(());
        }
        if body.len() >= MOST_BODY {
            break;
        }
    }
    Err(format!("the answer does not contain {wanted:?}"))
}

/// The innermost cause, which is the one that says something.
pub(super) fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<std::io::Error>() {
        Some(error) => in_words(error),
        None => innermost.to_string(),
    }
}

fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused".into(),
        std::io::ErrorKind::ConnectionReset => "the connection was reset".into(),
        std::io::ErrorKind::HostUnreachable => "no route to the container".into(),
        _ => error.to_string(),
    }
}
