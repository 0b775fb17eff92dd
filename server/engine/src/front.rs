//! What can be asked before anybody is known: setup, sign-in, authentication, webhooks.

use crate::{Actor, Engine, Result};
use berth_domain::{
    account::{Claim, SignIn},
    ids::ServiceId,
    webhook::DeliveryView,
};

/// A fresh session: the value of the cookie, shown to the browser only.
pub struct NewSession {
    pub cookie: String,
    /// How long the browser may keep it, in seconds.
    pub max_age: u64,
}

/// Where a request came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub address: Option<String>,
    pub user_agent: String,
}

/// A webhook call as it arrived.
pub struct IncomingWebhook {
    pub service: ServiceId,
    /// Lower-case header names with their values.
    pub headers: Vec<(String, String)>,
    pub body: bytes::Bytes,
    pub address: Option<String>,
}

impl Engine {
    /// Whether nobody has claimed this Berth yet.
    pub async fn is_unclaimed(&self) -> Result<bool> {
        todo!()
    }

    /// Makes the first account with the one-time token. Of many claims at once exactly one succeeds.
    pub async fn claim(&self, _claim: Claim, _origin: Origin) -> Result<NewSession> {
        todo!()
    }

    /// Opens a session; limited per address and per account.
    pub async fn sign_in(&self, _credentials: SignIn, _origin: Origin) -> Result<NewSession> {
        todo!()
    }

    /// The actor behind a session cookie, if the session is known and has not expired.
    pub async fn authenticate_session(&self, _cookie: &str, _origin: &Origin) -> Result<Option<Actor>> {
        todo!()
    }

    /// The actor behind a bearer token, if it is known, not expired and not revoked.
    pub async fn authenticate_token(&self, _secret: &str, _origin: &Origin) -> Result<Option<Actor>> {
        todo!()
    }

    /// Judges a webhook call, stores it with its verdict, and queues a deployment when it is one.
    pub async fn receive_webhook(&self, _call: IncomingWebhook) -> Result<DeliveryView> {
        todo!()
    }
}
