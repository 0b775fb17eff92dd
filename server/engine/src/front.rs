//! What can be asked before anybody is known: setup, sign-in, authentication, webhooks.

mod admin;
mod authenticate;
mod cookie;
mod known;
mod limits;
mod secrets;
mod setup;
mod sign_in;

pub use admin::AccountSummary;
pub(crate) use authenticate::new_token;
pub use cookie::COOKIES;

use crate::password::Passwords;
use berth_domain::ids::{ConnectionId, ServiceId};

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
    /// Whether it came by HTTPS to the panel's own host, as the proxy says.
    pub is_secure: bool,
}

/// A webhook call as it arrived.
pub struct IncomingWebhook {
    pub service: ServiceId,
    /// Lower-case header names with their values.
    pub headers: Vec<(String, String)>,
    /// What the address carried behind `?token=`.
    pub token: Option<String>,
    /// Absent when it was larger than is read.
    pub body: Option<bytes::Bytes>,
    pub address: Option<String>,
}

/// A call of an App's webhook as it arrived.
pub struct IncomingAppWebhook {
    pub connection: ConnectionId,
    /// Lower-case header names with their values.
    pub headers: Vec<(String, String)>,
    pub body: bytes::Bytes,
    pub address: Option<String>,
}

/// What stands between a stranger and an actor.
#[derive(Default)]
pub(crate) struct Front {
    pub(crate) passwords: Passwords,
    known: known::KnownActors,
    limits: limits::Limits,
    setup: setup::Setup,
}

impl Front {
    /// Forgets who was authenticated; called after a session, a token or a role was ended.
    pub(crate) fn forget(&self) {
        self.known.forget();
    }
}

#[cfg(test)]
mod tests;
