use berth_domain::problem::{Problem, ProblemKind};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr, ServerFnUrlError},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a server function answers when it did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PanelError(pub Problem);

impl PanelError {
    /// Bad input at a field.
    pub fn invalid(field: &str, why: impl fmt::Display) -> Self {
        Problem::invalid(field, why).into()
    }

    /// Reads what a redirect carried.
    pub fn decode(text: &str) -> Self {
        ServerFnUrlError::<Self>::decode_err(text)
    }
}

impl From<Problem> for PanelError {
    fn from(problem: Problem) -> Self {
        crate::api::answer_with(&problem);
        Self(problem)
    }
}

impl fmt::Display for PanelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for PanelError {}

impl FromServerFnError for PanelError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let problem = match &error {
            ServerFnErrorErr::Request(_) => {
                Problem::new(ProblemKind::Unavailable, "Berth cannot be reached.")
                    .with_hint("Check the connection and try again.")
            }
            ServerFnErrorErr::Args(why) | ServerFnErrorErr::MissingArg(why) => {
                Problem::new(ProblemKind::Invalid, format!("The form could not be read: {why}."))
            }
            ServerFnErrorErr::Deserialization(_) => {
                Problem::new(ProblemKind::Unavailable, "Berth's answer could not be read.")
                    .with_hint("Load the page again: Berth may have been updated.")
            }
            other => Problem::new(ProblemKind::Internal, other.to_string()),
        };
        problem.into()
    }
}

#[cfg(feature = "ssr")]
impl From<berth_engine::Error> for PanelError {
    fn from(error: berth_engine::Error) -> Self {
        if let berth_engine::Error::Internal { context, source } = &error {
            tracing::error!(%context, error = source.as_ref() as &dyn std::error::Error, "a panel request failed");
        }
        error.problem().into()
    }
}

/// Reads the name of something that should exist: what cannot be a name is not found.
#[cfg(feature = "ssr")]
pub(super) fn known(text: &str, what: &str) -> Result<berth_domain::name::Name, PanelError> {
    text.parse().map_err(|_| Problem::not_found(what).into())
}
