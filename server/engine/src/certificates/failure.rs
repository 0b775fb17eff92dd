//! Why an attempt gave nothing, and what follows from it.

use crate::{Error, acme::AcmeError};

use super::budget::{Pace, UsedUp};

/// Why an attempt gave nothing.
pub(super) enum Failure {
    /// It was seen before anybody was asked.
    Unfit(String),
    /// The zone does not let this authority give certificates.
    Forbidden(String),
    /// An authority, or the way to it.
    Authority(AcmeError),
    /// The order that was open came to nothing.
    Order(String),
    /// The same, while nobody of Berth was there to prove anything.
    CutOff(String),
    /// The own limit is reached.
    Budget(UsedUp),
    /// It was tried at the staging authority, and no real one is asked.
    Staging(Box<Self>),
    /// A fault of Berth's own.
    Fault(Error),
}

impl From<AcmeError> for Failure {
    fn from(error: AcmeError) -> Self {
        Self::Authority(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl Failure {
    /// Whether another authority may well give what this one did not.
    pub fn is_of_the_authority(&self) -> bool {
        match self {
            Self::Forbidden(_) | Self::Budget(_) => true,
            Self::Authority(error) => !matches!(error, AcmeError::Refused(_)),
            Self::Unfit(_) | Self::Order(_) | Self::CutOff(_) | Self::Staging(_) | Self::Fault(_) => false,
        }
    }

    /// Whether the order cannot be gone on with.
    pub fn ends_order(&self) -> bool {
        match self {
            Self::Order(_) | Self::CutOff(_) => true,
            Self::Authority(error) => {
                matches!(error, AcmeError::Refused(_) | AcmeError::NoAccount(_) | AcmeError::Closed(_))
            }
            Self::Staging(failure) => failure.ends_order(),
            Self::Unfit(_) | Self::Forbidden(_) | Self::Budget(_) | Self::Fault(_) => false,
        }
    }

    pub fn pace(&self) -> Pace {
        match self {
            Self::Unfit(_) | Self::Forbidden(_) | Self::CutOff(_) | Self::Fault(_) | Self::Budget(_) => {
                Pace::Free
            }
            Self::Authority(AcmeError::Limited(_)) => Pace::Limited,
            Self::Authority(AcmeError::Fleeting(_) | AcmeError::Unreachable(_)) => Pace::Free,
            Self::Authority(_) | Self::Order(_) => Pace::Counted,
            Self::Staging(failure) => failure.pace(),
        }
    }

    /// In words for who owns the name.
    pub fn told(&self) -> String {
        match self {
            Self::Unfit(why) | Self::Forbidden(why) => why.clone(),
            Self::Authority(error) => format!("{}.", sentence(&error.to_string())),
            Self::Order(why) | Self::CutOff(why) => {
                format!("The authority did not find it proven: {}.", why.trim_end_matches('.'))
            }
            Self::Budget(used) => format!(
                "Berth allows itself {}, below what the authority allows; it goes on by itself at {}.",
                used.what,
                used.until.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::Staging(failure) => {
                format!("Tried at staging first, so that no real order is spent: {}", failure.told())
            }
            Self::Fault(error) => error.problem().message,
        }
    }
}

/// With a capital and without a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-TLS-3: another authority is asked for reasons that are not the domain's, and for no other.
    #[test]
    fn r_tls_3_another_authority_is_asked_only_for_reasons_that_are_not_the_domains() {
        let said = |error: fn(String) -> AcmeError| Failure::Authority(error("why".into()));
        for failure in [
            said(AcmeError::Unreachable),
            said(AcmeError::Limited),
            said(AcmeError::Closed),
            said(AcmeError::NoAccount),
            Failure::Forbidden("CAA".into()),
        ] {
            assert!(failure.is_of_the_authority(), "{}", failure.told());
        }
        let refused = [
            said(AcmeError::Refused),
            Failure::Order("not proven".into()),
            Failure::Unfit("no address".into()),
            Failure::Staging(Box::new(said(AcmeError::Unreachable))),
        ];
        for failure in refused {
            assert!(!failure.is_of_the_authority(), "{}", failure.told());
        }
    }
}
