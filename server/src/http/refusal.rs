//! Problems as answers.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use berth_domain::problem::Problem;
use berth_engine::Error;
use std::sync::Arc;

/// A request that was not done, and why. Written out by [`render`], which knows the request's id.
#[derive(Debug, Clone)]
pub struct Refusal {
    error: Arc<Error>,
    status: Option<StatusCode>,
}

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

impl Refusal {
    /// The same problem with a status other than its kind's.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// What the one who asked is told.
    pub fn problem(&self) -> Problem {
        self.error.problem()
    }

    fn status(&self) -> StatusCode {
        self.status.unwrap_or_else(|| {
            StatusCode::from_u16(self.problem().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error: Arc::new(error), status: None }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Error::Problem(problem).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a handler left, if it left one, and logs what is Berth's own fault.
pub fn render(mut response: Response, request_id: &str) -> Response {
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    if let Error::Internal { context, source } = &*refusal.error {
        tracing::error!(context, error = %chain(source.as_ref()), "could not do what was asked");
    }
    let mut problem = refusal.problem();
    problem.request_id = Some(request_id.to_owned());
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::CONTENT_LENGTH);
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.map(|_| Body::from(body))
}

/// An error with all its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let inner = std::io::Error::other("disk full");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "disk full");
    }

    #[test]
    fn a_problem_names_the_request() {
        let response = render(Refusal::from(Problem::not_found("project")).into_response(), "r-1");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
    }
}
