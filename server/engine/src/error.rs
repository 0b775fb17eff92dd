//! The one error of the engine. It is mapped to HTTP and to the panel through [`Problem`], and logged where it is handled.

use crate::{docker::DockerError, proxy::ProxyError};
use berth_domain::problem::{Problem, ProblemKind};

/// The result of a verb.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a verb did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that the one who asked can mend; said in words at the place where it was found.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// A fault that the one who asked cannot mend; the chain goes to the log, not to them.
    #[error("{context}")]
    Internal { context: String, source: Box<dyn std::error::Error + Send + Sync> },
}

impl Error {
    /// A fault with what was being done when it happened.
    pub fn internal(
        context: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Internal { context: context.into(), source: Box::new(source) }
    }

    /// Bad input at a field.
    pub fn invalid(field: &str, why: impl std::fmt::Display) -> Self {
        Problem::invalid(field, why).into()
    }

    /// There is no such thing in this organisation.
    pub fn not_found(what: &str) -> Self {
        Problem::not_found(what).into()
    }

    /// It collides with something that exists.
    pub fn conflict(message: impl Into<String>) -> Self {
        Problem::new(ProblemKind::Conflict, message).into()
    }

    /// What the one who asked is told.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Problem(problem) => problem.clone(),
            Self::Internal { context, .. } => {
                Problem::new(ProblemKind::Internal, format!("Berth could not {context}."))
                    .with_hint("The log of Berth has the details under this request's id.")
            }
        }
    }
}

impl From<DockerError> for Error {
    fn from(error: DockerError) -> Self {
        Problem::new(ProblemKind::Unavailable, error.to_string()).into()
    }
}

impl From<ProxyError> for Error {
    fn from(error: ProxyError) -> Self {
        Problem::new(ProblemKind::Unavailable, error.to_string()).into()
    }
}

impl From<(&'static str, String)> for Error {
    /// What the checks of `berth_domain` return: a field and why it is wrong.
    fn from((field, why): (&'static str, String)) -> Self {
        Self::invalid(field, why)
    }
}
