//! The API as the other commands see it.

use super::{Failure, profile::Profile};
use berth_domain::{problem::Problem, service::ServicePath};
use reqwest::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use url::{Host, Url};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// A Berth that is asked with a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: String,
}

impl Client {
    /// A client for the address and token; nothing is asked yet.
    pub fn new(profile: Profile) -> Result<Self, Failure> {
        let text = format!("{}/", profile.url.trim_end_matches('/'));
        let base: Url =
            text.parse().map_err(|why| Failure::trouble(format!("{text:?} is no address: {why}")))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Failure::trouble(format!("{text:?} is no http or https address.")));
        }
        Ok(Self { http: http(&base)?, base, token: profile.token })
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.read(self.request(Method::GET, path, query)?.timeout(PATIENCE)).await
    }

    /// Sends something, and reads the answer.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.read(self.request(method, path, &[])?.timeout(PATIENCE).json(body)).await
    }

    /// Sends something whose answer has nothing to read.
    pub async fn done(&self, method: Method, path: &str) -> Result<(), Failure> {
        self.answered(self.request(method, path, &[])?.timeout(PATIENCE)).await.map(drop)
    }

    /// Opens a stream of server-sent events; `after` is the id to go on behind.
    pub async fn stream(
        &self,
        path: &str,
        query: &[(&str, &str)],
        after: Option<&str>,
    ) -> Result<Response, Failure> {
        let mut request = self.request(Method::GET, path, query)?.header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        self.answered(request).await
    }

    /// Sends bytes as they come, and reads the answer; there is no limit to how long that takes.
    pub async fn pour<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        encoding: Option<&str>,
        body: reqwest::Body,
    ) -> Result<T, Failure> {
        let mut request =
            self.request(Method::POST, path, query)?.header("content-type", "application/x-tar").body(body);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        self.read(request).await
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Result<RequestBuilder, Failure> {
        let mut url = self.base.join(&format!("api/v1{path}")).map_err(Failure::trouble)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.http.request(method, url).bearer_auth(&self.token))
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let response = self.answered(request).await?;
        response.json().await.map_err(|error| {
            Failure::trouble(format!("{} does not answer like a Berth: {}", self.base, words(&error)))
        })
    }

    async fn answered(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let sent = request.send().await;
        let response = sent
            .map_err(|error| Failure::Away(format!("{} cannot be reached: {}", self.base, words(&error))))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.unwrap_or_default();
        let words = match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => problem.to_string(),
            Err(_) => format!("{} answered {status}.", self.base),
        };
        Err(if status.is_server_error() { Failure::Away(words) } else { Failure::Trouble(words) })
    }
}

/// A client without the environment's proxy for this machine itself.
pub fn http(base: &Url) -> Result<reqwest::Client, Failure> {
    let here = match base.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let builder = reqwest::Client::builder()
        .user_agent(concat!("berth/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        // A token goes to the address it was given for, and nowhere else.
        .redirect(reqwest::redirect::Policy::none());
    let builder = if here { builder.no_proxy() } else { builder };
    builder.build().map_err(Failure::trouble)
}

/// The innermost cause: "connection refused" says more than "error sending request".
pub fn words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The API's path of a service.
pub fn service(path: &ServicePath) -> String {
    format!("/projects/{}/environments/{}/services/{}", path.project, path.environment, path.service)
}
