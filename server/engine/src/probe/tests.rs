use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::mpsc;

use tokio::net::TcpListener;
use tonic::transport::{Server, server::TcpIncoming};
use tonic_health::{ServingStatus, server::health_reporter};

use super::*;

/// A target on this machine that may end.
struct Here {
    exit: Option<(Duration, Exit)>,
    listening: Option<Vec<ListeningPort>>,
}

#[async_trait::async_trait]
impl Target for Here {
    async fn address(&self) -> Result<Option<IpAddr>, DockerError> {
        Ok(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)))
    }

    async fn exited(&self) -> Result<Exit, DockerError> {
        match self.exit {
            Some((after, exit)) => {
                tokio::time::sleep(after).await;
                Ok(exit)
            }
            None => std::future::pending().await,
        }
    }

    async fn listening(&self) -> Option<Vec<ListeningPort>> {
        self.listening.clone()
    }
}

const RUNNING: Here = Here { exit: None, listening: None };

fn quick(probe: Probe, port: u16) -> ProbeSpec {
    ProbeSpec {
        probe,
        start_period: Duration::from_millis(200),
        interval: Duration::from_millis(20),
        timeout: Duration::from_millis(500),
        ..ProbeSpec::tcp(port)
    }
}

async fn unused_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Answers every request so; ends with the test.
fn answering(answer: &'static str) -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.expect("a connection"), [0u8; 2048]);
            _ = stream.read(&mut request);
            _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[tokio::test]
async fn a_port_that_accepts_is_healthy() {
    let port = answering("");
    let report = await_healthy(&RUNNING, &quick(Probe::Tcp, port)).await.expect("healthy");
    assert_eq!(report.tries, 2);
}

#[tokio::test]
async fn an_http_answer_is_held_against_status_and_body() {
    let port = answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nready");
    let with =
        |body: &str| Probe::Http(HttpProbe { body_contains: Some(body.into()), ..HttpProbe::new("/health") });
    await_healthy(&RUNNING, &quick(with("ready"), port)).await.expect("healthy");
    let failure = await_healthy(&RUNNING, &quick(with("steady"), port)).await.expect_err("not healthy");
    assert!(failure.to_string().contains("does not contain \"steady\""), "{failure}");
    let not_there = answering("HTTP/1.1 503 Not Yet\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let failure = await_healthy(&RUNNING, &quick(Probe::Http(HttpProbe::new("/")), not_there))
        .await
        .expect_err("not healthy");
    assert_eq!(failure.last.as_ref().and_then(|a| a.status), Some(503));
}

#[tokio::test]
async fn an_exit_ends_the_wait_at_once() {
    let exit = Exit { code: 3, oom_killed: false };
    let target = Here { exit: Some((Duration::from_millis(50), exit)), listening: None };
    let spec = ProbeSpec { start_period: Duration::from_secs(90), ..quick(Probe::Tcp, unused_port().await) };
    let failure = await_healthy(&target, &spec).await.expect_err("it ended");
    assert_eq!(failure.reason, Reason::Exited(exit));
    assert!(failure.waited < Duration::from_secs(2), "{:?}", failure.waited);
    assert!(failure.to_string().contains("exit code 3"), "{failure}");
}

#[tokio::test]
async fn the_failure_names_the_port_tried_and_the_ports_seen() {
    let port = unused_port().await;
    let seen = vec![ListeningPort { port: 4000, loopback_only: false }];
    let target = Here { exit: None, listening: Some(seen) };
    let text =
        await_healthy(&target, &quick(Probe::Tcp, port)).await.expect_err("nobody listens").to_string();
    assert!(
        text.contains(&format!("port {port} did not accept")) && text.contains("port 4000 instead"),
        "{text}"
    );
    let loopback = Here { exit: None, listening: Some(vec![ListeningPort { port, loopback_only: true }]) };
    let text = await_healthy(&loopback, &quick(Probe::Tcp, port)).await.expect_err("loopback").to_string();
    assert!(text.contains("only on 127.0.0.1"), "{text}");
}

#[tokio::test]
async fn failures_within_the_start_period_do_not_count() {
    let port = unused_port().await;
    let spec = ProbeSpec { start_period: Duration::from_secs(5), successes: 1, ..quick(Probe::Tcp, port) };
    let late = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port");
        loop {
            _ = listener.accept().await;
        }
    };
    tokio::select! {
        report = await_healthy(&RUNNING, &spec) => assert!(report.expect("healthy").tries > 5),
        () = late => unreachable!(),
    }
}

/// Answers one request after the other and gives what each asked.
fn recording() -> (u16, mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (asked, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.expect("a connection"), [0u8; 4096]);
            let length = stream.read(&mut request).unwrap_or_default();
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            _ = asked.send(String::from_utf8_lossy(&request[..length]).into_owned());
        }
    });
    (port, requests)
}

#[tokio::test]
async fn the_headers_of_the_settings_are_sent_and_host_takes_the_place_of_the_address() {
    let (port, requests) = recording();
    let mut kind = ProbeKind::http("/up?deep=1");
    if let ProbeKind::Http { headers, .. } = &mut kind {
        *headers = [("X-Who", "a probe"), ("Host", "shop.example")].map(|(k, v)| (k.into(), v.into())).into();
    }
    await_healthy(&RUNNING, &quick(Probe::from(&kind), port)).await.expect("healthy");
    let request = requests.recv_timeout(Duration::from_secs(5)).expect("a request").to_lowercase();
    assert!(request.starts_with("get /up?deep=1 http/1.1\r\n"), "{request}");
    for line in ["\r\nx-who: a probe\r\n", "\r\nhost: shop.example\r\n"] {
        assert_eq!(request.matches(line).count(), 1, "{request}");
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_not_read_for_ever() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            // An answer before the question would be no answer to it.
            let asked = stream.read(&mut [0; 4_096]).expect("a request");
            assert!(asked > 0);
            let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            // Ends when the other side has read enough.
            while stream.write_all(&answer).is_ok() {
                answer = vec![b'x'; 16 * 1024];
            }
        }
    });
    let http = HttpProbe { body_contains: Some("ready".into()), ..HttpProbe::new("/") };
    let spec = ProbeSpec { timeout: Duration::from_secs(20), ..quick(Probe::Http(http), port) };
    let attempt = ask_once(IpAddr::V4(Ipv4Addr::LOCALHOST), &spec).await;
    assert!(attempt.error.as_ref().is_some_and(|e| e.contains("does not contain \"ready\"")), "{attempt:?}");
    assert!(attempt.latency < Duration::from_secs(10), "{attempt:?}");
}

fn grpc(service: &str, port: u16) -> ProbeSpec {
    quick(Probe::Grpc(Some(service.to_owned()).filter(|name| !name.is_empty())), port)
}

#[tokio::test]
async fn a_grpc_server_is_asked_for_its_health() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (reporter, health) = health_reporter();
    let server = Server::builder().add_service(health).serve_with_incoming(TcpIncoming::from(listener));
    let asking = async {
        await_healthy(&RUNNING, &grpc("", port)).await.expect("the whole server is healthy");
        reporter.set_service_status("shop.v1.Orders", ServingStatus::NotServing).await;
        let failure = await_healthy(&RUNNING, &grpc("shop.v1.Orders", port)).await.expect_err("not serving");
        let told = failure.to_string();
        assert!(told.contains("gRPC service shop.v1.Orders") && told.contains("NOT_SERVING"), "{told}");
        reporter.set_service_status("shop.v1.Orders", ServingStatus::Serving).await;
        await_healthy(&RUNNING, &grpc("shop.v1.Orders", port)).await.expect("it serves now");
        let failure = await_healthy(&RUNNING, &grpc("shop.v1.Bills", port)).await.expect_err("unknown");
        assert!(failure.to_string().contains("knows no service \"shop.v1.Bills\""), "{failure}");
    };
    tokio::select! {
        () = asking => {}
        ended = server => panic!("the server ended: {ended:?}"),
    }
}

#[tokio::test]
async fn a_port_without_grpc_is_told_in_words() {
    let attempt = ask_once(Ipv4Addr::LOCALHOST.into(), &grpc("", unused_port().await)).await;
    assert_eq!(attempt.error.as_deref(), Some("connection refused"));
    let http1 = answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let attempt = ask_once(Ipv4Addr::LOCALHOST.into(), &grpc("", http1)).await;
    assert!(attempt.error.is_some_and(|error| error.len() > 10), "no reason");
}
