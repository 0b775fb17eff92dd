//! What bollard's public API does not reach, over a client of our own to the same engine.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::connection::Docker;
use super::error::{Asked, DockerError, ObjectKind, chain};

/// The newest API whose `/system/df` has the fields we read.
const NEWEST_PLAIN_API: (usize, usize) = (1, 44);

/// A client for the same engine, and the address its requests go to.
pub(super) struct Plain {
    pub client: reqwest::Client,
    pub base: String,
    address: Arc<str>,
}

impl Plain {
    pub fn of(docker: &Docker) -> Result<Self, DockerError> {
        let builder = crate::plain_http::client().http1_only();
        let (builder, host) = match docker.address.strip_prefix("unix://") {
            Some(path) => (builder.unix_socket(path), "docker".to_owned()),
            None => (
                builder,
                docker.address.split_once("://").map(|(_, host)| host).unwrap_or_default().to_owned(),
            ),
        };
        let agreed = docker.api.client_version();
        let (major, minor) = (agreed.major_version, agreed.minor_version).min(NEWEST_PLAIN_API);
        let address = Arc::clone(&docker.address);
        let client = builder.build().map_err(|error| unreachable(&address, &error))?;
        Ok(Self { client, base: format!("http://{host}/v{major}.{minor}"), address })
    }

    /// The address of one of the engine's paths.
    pub fn url(&self, path: &str) -> Result<url::Url, DockerError> {
        let address = format!("{}{path}", self.base);
        address.parse().map_err(|error: url::ParseError| DockerError::Unreachable {
            address: self.address.to_string(),
            reason: error.to_string(),
        })
    }

    pub fn failed(&self, error: &reqwest::Error) -> DockerError {
        unreachable(&self.address, error)
    }
}

fn unreachable(address: &str, error: &reqwest::Error) -> DockerError {
    DockerError::Unreachable { address: address.to_owned(), reason: chain(error) }
}

/// `GET path`, as a value, within that time.
pub(super) async fn ask<T: DeserializeOwned>(
    docker: &Docker,
    path: &str,
    within: Duration,
) -> Result<T, DockerError> {
    let plain = Plain::of(docker)?;
    let request = plain.client.get(format!("{}{path}", plain.base));
    answered(&plain, request, "measure", within).await
}

/// `POST path` without a body, as a value, within that time.
pub(super) async fn tell<T: DeserializeOwned>(
    docker: &Docker,
    path: &str,
    within: Duration,
) -> Result<T, DockerError> {
    let plain = Plain::of(docker)?;
    let request = plain.client.post(format!("{}{path}", plain.base));
    answered(&plain, request, "trim", within).await
}

async fn answered<T: DeserializeOwned>(
    plain: &Plain,
    request: reqwest::RequestBuilder,
    action: &'static str,
    within: Duration,
) -> Result<T, DockerError> {
    let answer = request.timeout(within).send().await;
    let answer = answer.and_then(reqwest::Response::error_for_status).map_err(|e| plain.failed(&e))?;
    let asked = Asked::to(action, ObjectKind::Engine, "engine");
    answer.json().await.map_err(|error| DockerError::Refused {
        action: asked.action,
        kind: asked.kind,
        name: asked.name.to_owned(),
        reason: chain(&error),
    })
}
