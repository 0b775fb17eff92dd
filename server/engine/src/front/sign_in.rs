//! Signing in.

use super::{NewSession, Origin, secrets};
use crate::{
    Actor, Engine, Error, Result,
    store::{Account, NewEvent, Scope, SessionRow, Subject, now},
};
use berth_domain::{
    account::SignIn,
    event::EventKind,
    ids::{OrganisationId, UserId},
    problem::{Problem, ProblemKind},
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A session that is not used ends after this many days.
const DAYS: i64 = 30;
const MAX_USER_AGENT: usize = 300;

/// When a session that is used now ends.
pub(super) fn session_end(seen_at: DateTime<Utc>) -> DateTime<Utc> {
    seen_at + TimeDelta::days(DAYS)
}

/// A session with its secret, and the row that is stored of it.
pub(super) fn new_session(
    user: UserId,
    organisation: OrganisationId,
    origin: &Origin,
) -> Result<(NewSession, SessionRow)> {
    let cookie = secrets::random()?;
    let at = now();
    let row = SessionRow {
        id: Uuid::now_v7().into(),
        user,
        organisation,
        secret_hash: secrets::hash(&cookie),
        user_agent: origin.user_agent.chars().take(MAX_USER_AGENT).collect(),
        address: origin.address.clone().unwrap_or_default(),
        created_at: at,
        seen_at: at,
        expires_at: session_end(at),
    };
    Ok((NewSession { cookie, max_age: DAYS.unsigned_abs() * 24 * 60 * 60 }, row))
}

impl Engine {
    /// Opens a session; limited per address and per account.
    pub async fn sign_in(&self, credentials: SignIn, origin: Origin) -> Result<NewSession> {
        let email = credentials.email.trim().to_lowercase();
        // Nobody has such a long address or password, and the longer it is the more it costs to look at.
        if email.len() > 254 || credentials.password.len() > 1_000 {
            return Err(wrong());
        }
        self.limit_attempts(origin.address.as_deref(), &email)?;
        let account = self.parts.store.account_by_email(&email).await?;
        let hash = account.as_ref().map(|account| account.password_hash.as_str());
        let matches = self.parts.front.passwords.matches(&credentials.password, hash).await?;
        match account {
            Some(account) if matches => self.open_session(account, origin).await,
            account => {
                self.record_failure(account.as_ref(), &origin).await?;
                Err(wrong())
            }
        }
    }

    /// Counts an attempt at somebody's password.
    pub(crate) fn limit_attempts(&self, address: Option<&str>, email: &str) -> Result<()> {
        self.parts.front.limits.attempt(address, email)
    }

    async fn open_session(&self, account: Account, origin: Origin) -> Result<NewSession> {
        let scope = Scope(account.organisation);
        let (session, row) = new_session(account.user, account.organisation, &origin)?;
        let mut write = self.parts.store.begin().await?;
        // The password that was right a moment ago may have been replaced since, and its sessions ended.
        let present = write.lock_account(scope, account.user).await?;
        if present.is_none_or(|present| present.password_hash != account.password_hash) {
            return Err(wrong());
        }
        write.insert_session(row).await?;
        let message = format!("{} signed in.", account.email);
        write.record(event(&account, &origin, EventKind::SignedIn, message));
        write.commit().await?;
        self.parts.front.limits.succeeded(origin.address.as_deref(), &account.email);
        Ok(session)
    }

    async fn record_failure(&self, account: Option<&Account>, origin: &Origin) -> Result<()> {
        let event = match account {
            Some(account) => {
                let message =
                    format!("Somebody tried to sign in as {} with a wrong password.", account.email);
                event(account, origin, EventKind::SignInFailed, message)
            }
            None => {
                let Some((organisation, _)) = self.parts.store.first_organisation().await? else {
                    return Ok(());
                };
                // What was typed is not kept: it may be a password in the wrong field.
                let stranger = Actor {
                    name: "unknown".into(),
                    address: origin.address.clone(),
                    ..Actor::system(organisation)
                };
                let message = "Somebody tried to sign in with an e-mail address that has no account.";
                NewEvent::new(&stranger, EventKind::SignInFailed, Subject::organisation(), message)
            }
        };
        let mut write = self.parts.store.begin().await?;
        write.record(event);
        Ok(write.commit().await?)
    }
}

fn event(account: &Account, origin: &Origin, kind: EventKind, message: String) -> NewEvent {
    let actor = Actor {
        name: account.email.clone(),
        address: origin.address.clone(),
        ..Actor::system(account.organisation)
    };
    NewEvent::new(&actor, kind, Subject::organisation(), message)
}

fn wrong() -> Error {
    Problem::new(ProblemKind::Unauthenticated, "The e-mail address or the password is wrong.").into()
}
