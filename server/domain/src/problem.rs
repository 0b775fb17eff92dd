//! What went wrong, in the one form that the API answers and the panel shows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The class of a problem; decides the HTTP status and how the panel shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// Bad input; `field` names where.
    Invalid,
    /// Nobody is signed in, or the token is unknown, expired or revoked.
    Unauthenticated,
    /// Signed in, but the role or the token's scope does not allow it.
    Forbidden,
    /// There is no such thing in this organisation.
    NotFound,
    /// It collides with something that exists.
    Conflict,
    /// Too many attempts; try again later.
    TooMany,
    /// Something Berth depends on (Docker, the proxy, git, the store) did not do its part.
    Unavailable,
    /// A fault of Berth itself; the log has the details under the request id.
    Internal,
}

/// A problem in words: what happened, to which thing, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    pub kind: ProblemKind,
    /// What happened and to which thing, as a sentence.
    pub message: String,
    /// The field of the request that is wrong, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do about it, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Finds the request in Berth's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem with a message and nothing else.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), field: None, hint: None, request_id: None }
    }

    /// Bad input at `field`.
    pub fn invalid(field: &str, message: impl fmt::Display) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(ProblemKind::Invalid, message.to_string()) }
    }

    /// There is no such `what`.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemKind::NotFound, format!("There is no such {what}."))
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The HTTP status code for this kind of problem.
    pub fn status(&self) -> u16 {
        match self.kind {
            ProblemKind::Invalid => 422,
            ProblemKind::Unauthenticated => 401,
            ProblemKind::Forbidden => 403,
            ProblemKind::NotFound => 404,
            ProblemKind::Conflict => 409,
            ProblemKind::TooMany => 429,
            ProblemKind::Unavailable => 503,
            ProblemKind::Internal => 500,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}
