//! A registry on the loopback that holds one image and asks for a password: as much of the protocol as a pull needs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use base64::Engine;
use sha2::{Digest, Sha256};

pub const USER: &str = "berth";
pub const PASSWORD: &str = "canary-registry-password";

pub struct Registry {
    port: u16,
    pub manifest: String,
    task: tokio::task::JoinHandle<()>,
}

/// Media type and bytes by digest.
type Held = HashMap<String, (&'static str, Vec<u8>)>;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

impl Registry {
    /// Holds `app:1`, an image with one file.
    #[allow(clippy::disallowed_methods)]
    pub async fn start() -> Self {
        let (mut held, manifest) = image();
        let copy = held[&manifest].clone();
        held.insert("1".into(), copy);
        let router = Router::new().fallback(answer).with_state(Arc::new(held));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { port, manifest, task }
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn reference(&self) -> String {
        format!("{}/team/app:1", self.host())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn image() -> (Held, String) {
    let mut tar = tar::Builder::new(Vec::new());
    let text = rand::random::<u64>().to_string();
    let mut head = tar::Header::new_gnu();
    head.set_size(text.len() as u64);
    head.set_mode(0o644);
    tar.append_data(&mut head, "pulled", text.as_bytes()).expect("a tar");
    let layer = tar.into_inner().expect("a tar");
    let config = serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": { "Cmd": ["/pulled"], "ExposedPorts": { "9000/tcp": {} }, "User": "1000" },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
    })
    .to_string()
    .into_bytes();
    let part = |kind: &str, bytes: &[u8]| serde_json::json!({ "mediaType": kind, "size": bytes.len(), "digest": digest(bytes) });
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": part(CONFIG, &config), "layers": [part(LAYER, &layer)],
    })
    .to_string()
    .into_bytes();
    let name = digest(&manifest);
    let held = [(CONFIG, config), (LAYER, layer), (MANIFEST, manifest)];
    (held.into_iter().map(|(kind, bytes)| (digest(&bytes), (kind, bytes))).collect(), name)
}

async fn answer(State(held): State<Arc<Held>>, request: Request) -> Response {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if given != Some(format!("Basic {basic}").as_str()) {
        let refused = Response::builder().status(StatusCode::UNAUTHORIZED);
        let refused = refused.header(header::WWW_AUTHENTICATE, "Basic realm=\"registry\"");
        return refused.body(Body::from(r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#)).expect("a response");
    }
    let path = request.uri().path();
    if path == "/v2/" {
        return Response::new(Body::from("{}"));
    }
    let wanted = path.rsplit('/').next().unwrap_or_default();
    match held.get(wanted) {
        Some((kind, bytes)) => Response::builder()
            .header(header::CONTENT_TYPE, *kind)
            .header("Docker-Content-Digest", digest(bytes))
            .body(Body::from(bytes.clone()))
            .expect("a response"),
        None => Response::builder()
            .status(StatusCode::NOT_FOUND)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#))
            .expect("a response"),
    }
}
