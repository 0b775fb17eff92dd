//! The outermost layer: an id for each request, its line in the log, its place in the metrics.

use super::{App, refusal};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use std::{sync::Arc, time::Instant};
use tracing::Instrument;
use uuid::Uuid;

static HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The route of what has none of its own: the panel's pages.
const PAGE: &str = "page";

/// Finds the request in the log; also in the answer's header `x-request-id` and in problems.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// Who asked, left by the authentication for the log.
#[derive(Debug, Clone)]
pub struct AskedBy(pub String);

/// Gives the request an id, and writes down how it was answered.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let route = route(&request);
    // A page is told by its path; what follows a `?` may be a secret (the setup link's token).
    let path: Option<String> = (&*route == PAGE).then(|| request.uri().path().chars().take(200).collect());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", request_id = %id);
    let mut response = next.run(request).instrument(span.clone()).await;
    let actor = response.extensions_mut().remove::<AskedBy>();
    let _entered = span.enter();
    let mut response = refusal::render(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER.clone(), value);
    }
    let took = started.elapsed();
    app.metrics.answered(&method, &route, response.status(), took);
    write_line(&method, path.as_deref().unwrap_or(&route), response.status(), took, actor.as_ref());
    response
}

fn write_line(
    method: &Method,
    route: &str,
    status: StatusCode,
    took: std::time::Duration,
    actor: Option<&AskedBy>,
) {
    let (status, ms) = (status.as_u16(), took.as_secs_f64() * 1e3);
    let actor = actor.map_or("", |actor| actor.0.as_str());
    // What machines ask all the time would bury what people ask.
    if matches!(route, "/health" | "/metrics" | "/pkg/{*path}") {
        tracing::debug!(%method, route, status, ms, actor, "answered");
    } else {
        tracing::info!(%method, route, status, ms, actor, "answered");
    }
}

/// The route that answers: its template, so that the number of different ones stays small. The panel's pages have
/// one name together.
fn route(request: &Request) -> Arc<str> {
    request.extensions().get::<MatchedPath>().map_or(PAGE, MatchedPath::as_str).into()
}

/// The id that a proxy in front gave, when it is a harmless one; else a fresh one.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let harmless = |text: &&str| {
        (8..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match headers.get(&HEADER).and_then(|value| value.to_str().ok()).filter(harmless) {
        Some(given) => given.into(),
        None => Uuid::now_v7().simple().to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_id_is_kept_only_when_it_is_harmless() {
        let id = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(&HEADER, HeaderValue::from_static(text));
            request_id(&headers).to_string()
        };
        assert_eq!(id("abcdef-012"), "abcdef-012");
        for bad in ["short", "a b c d e f", "<script>alert(1)</script>"] {
            assert_ne!(id(bad), bad);
        }
    }
}
