//! What an authority or the way to it refused, in words.

use instant_acme::Error as Fault;

/// Why something did not come from an authority.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AcmeError {
    /// It asks for the same once more.
    #[error("the authority asked for the same once more: {0}")]
    Fleeting(String),
    /// It does not answer, or not as it should.
    #[error("the authority does not answer: {0}")]
    Unreachable(String),
    /// It gives no more for now.
    #[error("the authority's limit is reached: {0}")]
    Limited(String),
    /// It does not know the account.
    #[error("the authority does not know the account: {0}")]
    NoAccount(String),
    /// It takes no orders of this account, whatever they are for.
    #[error("the authority takes no orders of this account: {0}")]
    Closed(String),
    /// It said no.
    #[error("the authority refused: {0}")]
    Refused(String),
}

impl From<Fault> for AcmeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Api(problem) => {
                let kind = problem.r#type.as_deref().unwrap_or_default();
                let kind = kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or_default().to_owned();
                let said = words(&problem);
                match kind.as_str() {
                    "badNonce" => Self::Fleeting(said),
                    "serverInternal" => Self::Unreachable(said),
                    "rateLimited" => Self::Limited(said),
                    "accountDoesNotExist" => Self::NoAccount(said),
                    "externalAccountRequired"
                    | "userActionRequired"
                    | "unsupportedContact"
                    | "invalidContact" => Self::Closed(said),
                    _ => Self::Refused(said),
                }
            }
            Fault::Crypto | Fault::KeyRejected => Self::NoAccount("its stored key cannot be used".into()),
            Fault::Unsupported(what) => Self::Refused(format!("it does not support {what}")),
            other => Self::Unreachable(chain(&other)),
        }
    }
}

/// What a problem says, and what it says of single names.
pub(super) fn words(problem: &instant_acme::Problem) -> String {
    let mut said = problem.detail.clone().unwrap_or_default();
    for part in &problem.subproblems {
        if let Some(detail) = &part.detail {
            said = if said.is_empty() { detail.clone() } else { format!("{said}; {detail}") };
        }
    }
    if said.is_empty() { problem.r#type.clone().unwrap_or_else(|| "it gave no reason".into()) } else { said }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        cause = error.source();
    }
    said
}
