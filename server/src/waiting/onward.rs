//! Sending a request on to an instance after its waiting. Bodies stream through, in both directions.

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Uri, Version, header,
        uri::{Authority, PathAndQuery, Scheme},
    },
    response::Response,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{net::SocketAddr, time::Duration};

/// How long an instance may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// What is said between two neighbours only.
const OF_ONE_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Why an instance did not answer.
#[derive(Debug, thiserror::Error)]
pub enum OnwardError {
    /// The request has no form that can be sent.
    #[error("it cannot be sent on: {0}")]
    Request(#[from] axum::http::Error),
    /// No connection, or no answer on it.
    #[error("no answer: {0}")]
    Answer(#[from] hyper_util::client::legacy::Error),
}

impl OnwardError {
    /// Whether nothing of the request has reached anybody.
    pub fn is_unsent(&self) -> bool {
        matches!(self, Self::Answer(error) if error.is_connect())
    }
}

/// The same request once more, when it has no body.
pub fn once_more(request: &Request) -> Option<Request> {
    if !request.body().is_end_stream() {
        return None;
    }
    let mut again = Request::new(Body::empty());
    again.method_mut().clone_from(request.method());
    again.uri_mut().clone_from(request.uri());
    again.headers_mut().clone_from(request.headers());
    Some(again)
}

/// The way to the instances; cheap to clone.
#[derive(Clone)]
pub struct Onward(Client<HttpConnector, Body>);

impl Onward {
    /// No connection yet.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        connector.set_nodelay(true);
        // No connection is kept: Docker gives the address of an instance that has ended to the next one at once, and a
        // connection that led to the former is only found broken when a request is on it.
        Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
    }

    /// Sends a request to an instance as the proxy would have, and gives its answer as it comes.
    pub async fn send(&self, request: Request, to: SocketAddr) -> Result<Response, OnwardError> {
        let (mut parts, body) = request.into_parts();
        parts.uri = at(&parts.uri, to)?;
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        leave_behind(&mut parts.headers);
        let ours: Vec<_> = parts.headers.keys().filter(|name| is_ours(name)).cloned().collect();
        ours.iter().for_each(|name| drop(parts.headers.remove(name)));
        let mut answer = self.0.request(Request::from_parts(parts, body)).await?;
        leave_behind(answer.headers_mut());
        Ok(answer.map(Body::new))
    }
}

/// The same path at an instance.
fn at(uri: &Uri, to: SocketAddr) -> Result<Uri, axum::http::Error> {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let authority = Authority::try_from(to.to_string())?;
    Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path).build()
}

/// Removes what is between neighbours, and what they name as such.
fn leave_behind(headers: &mut HeaderMap) {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let named: Vec<_> = headers.get_all(header::CONNECTION).iter().map(text).collect();
    let named = named.iter().flat_map(|list| list.split(','));
    let named: Vec<HeaderName> = named.filter_map(|name| name.trim().parse().ok()).collect();
    for name in OF_ONE_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// What the proxy tells the waiting room and nobody else.
fn is_ours(name: &HeaderName) -> bool {
    name.as_str().starts_with("x-berth-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_neighbours_stays_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("host", "shop.example"),
            ("x-forwarded-for", "192.0.2.1"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        leave_behind(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["host", "x-forwarded-for"]);
    }

    #[test]
    fn the_path_and_its_query_stay() {
        let uri = "/a/b%20c?d=e".parse().expect("a path");
        let sent = at(&uri, ([10, 0, 0, 2], 8080).into()).expect("an address");
        assert_eq!(sent.to_string(), "http://10.0.0.2:8080/a/b%20c?d=e");
    }
}
