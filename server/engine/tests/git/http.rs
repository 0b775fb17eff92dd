//! `git http-backend` behind HTTP with a password: a small CGI bridge.

use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use tokio::io::AsyncWriteExt;

use crate::repository::Repository;

pub struct Server {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

struct Served {
    folder: std::path::PathBuf,
    authorization: String,
}

impl Server {
    #[allow(clippy::disallowed_methods)]
    pub async fn start(repository: &Repository, password: &str) -> Self {
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("berth:{password}"));
        let served = Served { folder: repository.path().to_owned(), authorization: format!("Basic {basic}") };
        let router = Router::new().fallback(answer).with_state(Arc::new(served));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { port, task }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/app.git", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(path) = parts.uri.path().strip_prefix("/moved.git/") {
        let query = parts.uri.query().unwrap_or_default();
        // Another host's name for the same server.
        let elsewhere = text(&parts.headers, header::HOST).replace("127.0.0.1", "localhost");
        let location = format!("http://{elsewhere}/app.git/{path}?{query}");
        let moved =
            Response::builder().status(StatusCode::MOVED_PERMANENTLY).header(header::LOCATION, location);
        return moved.body(Body::empty()).expect("a response");
    }
    if text(&parts.headers, header::AUTHORIZATION) != served.authorization {
        let refused = Response::builder().status(StatusCode::UNAUTHORIZED);
        return refused
            .header(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")
            .body(Body::empty())
            .expect("a response");
    }
    let Some(path) = parts.uri.path().strip_prefix("/app.git/") else {
        return status(StatusCode::NOT_FOUND);
    };
    let body = axum::body::to_bytes(body, 64 << 20).await.expect("a body");
    let environment = [
        ("GIT_PROJECT_ROOT", served.folder.join(".git").display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        ("PATH_INFO", format!("/{path}")),
        ("QUERY_STRING", parts.uri.query().unwrap_or_default().to_owned()),
        ("REQUEST_METHOD", parts.method.to_string()),
        ("CONTENT_TYPE", text(&parts.headers, header::CONTENT_TYPE)),
        ("CONTENT_LENGTH", body.len().to_string()),
        ("HTTP_CONTENT_ENCODING", text(&parts.headers, header::CONTENT_ENCODING)),
        ("GIT_PROTOCOL", protocol(&served, &parts.headers)),
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", "safe.directory".to_owned()),
        ("GIT_CONFIG_VALUE_0", "*".to_owned()),
    ];
    cgi(&environment, body).await
}

fn protocol(served: &Served, headers: &HeaderMap) -> String {
    if served.folder.join(".git/old-protocol-only").exists() {
        return String::new();
    }
    headers.get("git-protocol").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

fn status(status: StatusCode) -> Response {
    Response::builder().status(status).body(Body::empty()).expect("a response")
}

#[allow(clippy::disallowed_methods)]
async fn cgi(environment: &[(&str, String)], body: Bytes) -> Response {
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .envs(environment.iter().map(|(k, v)| (k, v)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("git http-backend");
    let mut stdin = child.stdin.take().expect("its input");
    let (output, ()) = tokio::join!(child.wait_with_output(), async move {
        _ = stdin.write_all(&body).await;
    });
    let output = output.expect("its output").stdout;
    let end = memchr::memmem::find(&output, b"\r\n\r\n").expect("a head");
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        match name {
            "Status" => response = response.status(value[..3].parse::<u16>().expect("a status")),
            name => response = response.header(name, value),
        }
    }
    response.body(Body::from(output[end + 4..].to_vec())).expect("a response")
}
