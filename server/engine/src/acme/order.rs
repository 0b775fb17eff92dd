//! An order at an authority, step by step. Each step can be taken again after a kill.

use instant_acme::{AuthorizationStatus, ChallengeStatus, ChallengeType, OrderStatus};

use super::{AcmeError, error::words};

/// An open order.
pub struct Order(instant_acme::Order);

/// How far an order is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The authority waits for proofs.
    Pending,
    /// It waits for the request with the key.
    Ready,
    /// It is making the certificate.
    Processing,
    /// The certificate is there.
    Valid,
    /// Nothing comes of it, for this reason.
    Invalid(String),
}

/// Where a name is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// At the name itself, below `/.well-known/acme-challenge/`.
    Http,
    /// In a TXT record of its zone.
    Dns,
}

impl Proof {
    fn challenge(self) -> ChallengeType {
        match self {
            Self::Http => ChallengeType::Http01,
            Self::Dns => ChallengeType::Dns01,
        }
    }
}

/// What the authority wants to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The last part of the address, over HTTP.
    pub token: String,
    /// What stands there, or in the record.
    pub text: String,
}

impl Order {
    pub(super) fn new(order: instant_acme::Order) -> Self {
        Self(order)
    }

    /// The address under which it is found again.
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Asks how far it is.
    pub async fn stage(&mut self) -> Result<Stage, AcmeError> {
        let state = self.0.refresh().await?;
        let why = state.error.as_ref().map(words);
        Ok(match state.status {
            OrderStatus::Pending => Stage::Pending,
            OrderStatus::Ready => Stage::Ready,
            OrderStatus::Processing => Stage::Processing,
            OrderStatus::Valid => Stage::Valid,
            OrderStatus::Invalid => Stage::Invalid(self.why_invalid(why).await),
        })
    }

    /// What is still to be shown.
    pub async fn answers(&mut self, proof: Proof) -> Result<Vec<Answer>, AcmeError> {
        let mut answers = Vec::new();
        let mut authorizations = self.0.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let name = authorization.identifier().to_string();
            let Some(challenge) = authorization.challenge(proof.challenge()) else {
                return Err(AcmeError::Refused(format!("it does not let {name} be proven so ({proof:?})")));
            };
            let answer = challenge.key_authorization();
            let text = match proof {
                Proof::Http => answer.as_str().to_owned(),
                Proof::Dns => answer.dns_value(),
            };
            answers.push(Answer { token: challenge.token.clone(), text });
        }
        Ok(answers)
    }

    /// Says that everything is shown.
    pub async fn say_ready(&mut self, proof: Proof) -> Result<(), AcmeError> {
        let mut authorizations = self.0.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(proof.challenge()) else { continue };
            if challenge.status == ChallengeStatus::Pending {
                challenge.set_ready().await?;
            }
        }
        Ok(())
    }

    /// Asks for the certificate with a signing request in DER.
    pub async fn finalize(&mut self, request: &[u8]) -> Result<(), AcmeError> {
        Ok(self.0.finalize_csr(request).await?)
    }

    /// The certificate with those that vouch for it, in PEM; none while it is being made.
    pub async fn chain(&mut self) -> Result<Option<String>, AcmeError> {
        Ok(self.0.certificate().await?)
    }

    /// What the authority says of the names that it did not find proven.
    async fn why_invalid(&mut self, otherwise: Option<String>) -> String {
        let mut reasons = Vec::new();
        let mut authorizations = self.0.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let Ok(mut authorization) = authorization else { continue };
            if authorization.refresh().await.is_err() {
                continue;
            }
            let name = authorization.identifier().to_string();
            let errors = authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
            reasons.extend(errors.map(|error| format!("{name}: {}", words(error))));
        }
        match (reasons.is_empty(), otherwise) {
            (true, Some(why)) => why,
            (true, None) => "the order came to nothing, and no reason was given".into(),
            (false, _) => reasons.join("; "),
        }
    }
}
