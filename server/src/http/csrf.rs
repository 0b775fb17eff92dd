//! Refuses what another site makes a browser send.

use super::{App, Refusal, authenticate::cookie};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use berth_domain::problem::{Problem, ProblemKind};

/// Lets through what is safe, what carries a bearer token (no browser adds one by itself), and what the panel's own
/// pages send.
pub async fn refuse_cross_site(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let host = request.uri().authority().map(|authority| authority.as_str());
    let ours = || [app.engine.config().public_url.clone(), app.engine.panel_url()];
    if safe || comes_from_here(request.headers(), host, &ours()) {
        return next.run(request).await;
    }
    let problem =
        Problem::new(ProblemKind::Forbidden, "This request did not come from a page of this Berth.")
            .with_hint("Programs use an API token (Authorization: Bearer) instead of the session's cookie.");
    Refusal::from(problem).into_response()
}

fn comes_from_here(headers: &HeaderMap, authority: Option<&str>, ours: &[String]) -> bool {
    if headers.contains_key(header::AUTHORIZATION) {
        return true;
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = text("host").or(authority).unwrap_or_default();
            let of_origin = origin.split_once("://").map_or("", |(_, host)| host);
            ours.iter().any(|own| own == origin)
                || (!of_origin.is_empty() && of_origin.eq_ignore_ascii_case(host))
        }
        // No browser leaves out both on a cross-site POST; without a cookie there is nothing to ride on either.
        (None, None) => cookie(headers).is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(pairs: &[(&str, &str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        comes_from_here(&headers, None, &["http://localhost:3000".to_owned()])
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let cookie = ("cookie", "berth_session=1");
        let host = ("host", "localhost:3000");
        assert!(!here(&[cookie, host, ("sec-fetch-site", "cross-site")]));
        assert!(!here(&[cookie, host, ("sec-fetch-site", "same-site")]));
        assert!(!here(&[cookie, host, ("origin", "http://evil.example")]));
        assert!(!here(&[cookie, host, ("origin", "null")]));
        assert!(!here(&[
            cookie,
            host,
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://localhost:3000")
        ]));
        assert!(!here(&[cookie, host]));
        assert!(!here(&[host, ("origin", "http://evil.example")]));
    }

    #[test]
    fn the_panel_and_programs_pass() {
        let cookie = ("cookie", "berth_session=1");
        let host = ("host", "10.0.0.1:3000");
        assert!(here(&[cookie, host, ("sec-fetch-site", "same-origin")]));
        assert!(here(&[cookie, host, ("origin", "http://10.0.0.1:3000")]));
        assert!(here(&[cookie, host, ("authorization", "Bearer x")]));
        assert!(here(&[host]));
    }
}
