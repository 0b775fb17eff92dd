//! How an authority is spoken to: over HTTPS only, with a root of the operator's where one is set.

use std::{error::Error as StdError, future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use super::{AcmeError, Authority};

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A client for one authority.
pub(super) struct Http(reqwest::Client);

impl Http {
    /// A client that believes the machine's roots and the authority's own.
    pub fn new(authority: &Authority) -> Result<Self, AcmeError> {
        let mut builder = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("berth/", env!("CARGO_PKG_VERSION")))
            .timeout(ANSWER_WITHIN);
        if let Some(path) = &authority.root {
            let unread = |why: String| {
                AcmeError::Unreachable(format!("its root {} cannot be read: {why}", path.display()))
            };
            let pem = std::fs::read(path).map_err(|error| unread(error.to_string()))?;
            let roots =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unread(error.to_string()))?;
            builder = builder.tls_certs_merge(roots);
        }
        builder.build().map(Self).map_err(|error| AcmeError::Unreachable(error.to_string()))
    }

    /// The text at an address.
    pub async fn text(&self, url: &str) -> Result<String, AcmeError> {
        let answer = async { self.0.get(url).send().await?.error_for_status()?.text().await };
        answer.await.map_err(|error| AcmeError::Unreachable(causes(&error)))
    }
}

fn causes(error: &reqwest::Error) -> String {
    let mut last: &dyn StdError = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    format!("{error}: {last}")
}

impl HttpClient for Http {
    fn request(
        &self,
        request: http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let request =
                reqwest::Request::try_from(http::Request::from_parts(parts, body)).map_err(other)?;
            let answer = client.execute(request).await.map_err(other)?;
            let mut head = http::Response::builder().status(answer.status());
            if let Some(headers) = head.headers_mut() {
                *headers = answer.headers().clone();
            }
            let (parts, ()) = head.body(()).map_err(other)?.into_parts();
            let body = answer.bytes().await.map_err(other)?;
            Ok(BytesResponse { parts, body: Box::new(body) })
        })
    }
}

fn other(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}
