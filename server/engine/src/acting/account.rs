//! Verbs about the actor's own account.

use super::Acting;
use crate::{
    ActorKind, Error, Result,
    front::new_token,
    store::{Account, NewEvent, Scope, Subject, TokenRow, Write, now},
};
use berth_domain::{
    account::{ChangePassword, CreateToken, CreatedToken, Me, SessionView, TokenView, check_password},
    event::EventKind,
    ids::{SessionId, TokenId, UserId},
    problem::{Problem, ProblemKind},
};
use chrono::TimeDelta;
use uuid::Uuid;

const MAX_TOKENS: usize = 100;
const MAX_TOKEN_NAME: usize = 100;

impl Acting {
    /// Who is asking.
    pub async fn me(&self) -> Result<Me> {
        self.engine.person(&self.actor).await?.ok_or_else(|| Error::not_found("account"))
    }

    /// Replaces the password; every session, token and SSH key of the account ends, this session too.
    pub async fn change_password(&self, request: ChangePassword) -> Result<()> {
        let user = self.person()?;
        check_password(&request.new).map_err(|(_, why)| Error::invalid("new", why))?;
        let parts = &self.engine.parts;
        let account =
            parts.store.account(self.own(), user).await?.ok_or_else(|| Error::not_found("account"))?;
        self.engine.limit_attempts(self.actor.address.as_deref(), &account.email)?;
        if !parts.front.passwords.matches(&request.current, Some(&account.password_hash)).await? {
            return Err(Error::invalid("current", "This is not your present password."));
        }
        let hash = parts.front.passwords.hash(&request.new).await?;
        let write = parts.store.begin().await?;
        let present = locked(&write, self.own(), user).await?;
        if present.password_hash != account.password_hash {
            return Err(Error::conflict("The password was changed at the same moment."));
        }
        write.replace_password(user, &hash).await?;
        let message =
            format!("{} changed the password; every session, token and SSH key ended.", account.email);
        self.finish(write, EventKind::PasswordChanged, message).await
    }

    /// The browsers that are signed in to the account.
    pub async fn sessions(&self) -> Result<Vec<SessionView>> {
        let user = self.person()?;
        let rows = self.engine.parts.store.sessions(self.own(), user).await?;
        let at = now();
        let views = rows.into_iter().filter(|row| row.expires_at > at).map(|row| SessionView {
            id: row.id,
            current: matches!(self.actor.kind, ActorKind::User { session, .. } if session == row.id),
            user_agent: row.user_agent,
            address: row.address,
            created_at: row.created_at,
            seen_at: row.seen_at,
        });
        Ok(views.collect())
    }

    /// Ends one session of the account.
    pub async fn end_session(&self, session: SessionId) -> Result<()> {
        let user = self.person()?;
        let write = self.engine.parts.store.begin().await?;
        if !write.delete_session(self.own(), user, session).await? {
            return Err(Error::not_found("session"));
        }
        self.finish(write, EventKind::SignedOut, format!("{} ended a session.", self.actor.name)).await
    }

    /// Ends the session that asks; a token ends itself.
    pub async fn sign_out(&self) -> Result<()> {
        match self.actor.kind {
            ActorKind::User { session, .. } => match self.end_session(session).await {
                // Two clicks at once: the second finds nothing left to do.
                Err(Error::Problem(problem)) if problem.kind == ProblemKind::NotFound => Ok(()),
                other => other,
            },
            ActorKind::Token { token, .. } => self.revoke_token(token).await,
            ActorKind::Key { .. } | ActorKind::Webhook | ActorKind::System => Err(not_a_person()),
        }
    }

    /// Ends every session of the account.
    pub async fn sign_out_everywhere(&self) -> Result<()> {
        let user = self.person()?;
        let write = self.engine.parts.store.begin().await?;
        // Whoever is signing in at this moment does it wholly before or wholly after.
        locked(&write, self.own(), user).await?;
        write.delete_sessions(user).await?;
        let message = format!("{} signed out everywhere.", self.actor.name);
        self.finish(write, EventKind::SignedOutEverywhere, message).await
    }

    /// The account's API tokens.
    pub async fn tokens(&self) -> Result<Vec<TokenView>> {
        let user = self.actor.user().ok_or_else(not_a_person)?;
        let rows = self.engine.parts.store.tokens(self.own(), user).await?;
        Ok(rows.into_iter().map(|row| row.view).collect())
    }

    /// Makes an API token and shows its secret once.
    pub async fn create_token(&self, request: CreateToken) -> Result<CreatedToken> {
        let user = self.person()?;
        let name = checked_name(&request)?;
        let parts = &self.engine.parts;
        if parts.store.tokens(self.own(), user).await?.len() >= MAX_TOKENS {
            return Err(Error::conflict(format!(
                "An account has at most {MAX_TOKENS} tokens: revoke one first."
            )));
        }
        let (secret, secret_hash) = new_token()?;
        let at = now();
        let expires_at = request.expires_in_days.map(|days| at + TimeDelta::days(i64::from(days)));
        let view = TokenView {
            id: Uuid::now_v7().into(),
            name,
            role: request.role,
            created_at: at,
            expires_at,
            used_at: None,
        };
        let write = parts.store.begin().await?;
        let maker = locked(&write, self.own(), user).await?;
        self.check_still_signed_in(&write, user).await?;
        if request.role > maker.role.min(self.actor.role) {
            let why = format!("You are {}: a token of yours cannot be {}.", maker.role, request.role);
            return Err(Error::invalid("role", why));
        }
        let row = TokenRow { user, organisation: self.actor.organisation, secret_hash, view };
        write.insert_token(&row).await?;
        let message = format!("{} made the API token {:?} as {}.", maker.email, row.view.name, row.view.role);
        self.finish(write, EventKind::TokenCreated, message).await?;
        Ok(CreatedToken { token: row.view, secret })
    }

    /// Ends an API token. A token can end itself, and no other.
    pub async fn revoke_token(&self, token: TokenId) -> Result<()> {
        let user = match self.actor.kind {
            ActorKind::Token { token: own, user } if own == token => user,
            _ => self.person()?,
        };
        let write = self.engine.parts.store.begin().await?;
        let Some(name) = write.delete_token(self.own(), user, token).await? else {
            return Err(Error::not_found("token"));
        };
        let message = format!("{} revoked the API token {name:?}.", self.actor.name);
        self.finish(write, EventKind::TokenRevoked, message).await
    }

    pub(super) fn own(&self) -> Scope {
        Scope(self.actor.organisation)
    }

    /// The person in a browser: a token must not make itself more powerful or longer-lived than it is.
    pub(super) fn person(&self) -> Result<UserId> {
        match self.actor.kind {
            ActorKind::User { user, .. } => Ok(user),
            _ => Err(not_a_person()),
        }
    }

    /// A session that ended while its request was under way must not leave a token behind.
    pub(super) async fn check_still_signed_in(&self, write: &Write, user: UserId) -> Result<()> {
        let ActorKind::User { session, .. } = self.actor.kind else { return Err(not_a_person()) };
        if write.has_session(self.own(), user, session).await? {
            return Ok(());
        }
        Err(Problem::new(ProblemKind::Unauthenticated, "This session has ended.").into())
    }

    pub(super) async fn finish(&self, mut write: Write, kind: EventKind, message: String) -> Result<()> {
        write.record(NewEvent::new(&self.actor, kind, Subject::organisation(), message));
        write.commit().await?;
        self.engine.parts.front.forget();
        Ok(())
    }
}

pub(super) async fn locked(write: &Write, scope: Scope, user: UserId) -> Result<Account> {
    write.lock_account(scope, user).await?.ok_or_else(|| Error::not_found("account"))
}

fn checked_name(request: &CreateToken) -> Result<String> {
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > MAX_TOKEN_NAME || name.chars().any(char::is_control) {
        let why = format!("A token's name has 1 to {MAX_TOKEN_NAME} characters and no control characters.");
        return Err(Error::invalid("name", why));
    }
    if request.expires_in_days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Error::invalid("expires_in_days", "A token lasts 1 to 3650 days."));
    }
    Ok(name.to_owned())
}

pub(super) fn not_a_person() -> Error {
    Problem::new(ProblemKind::Forbidden, "Only a person who is signed in may do this, not a token.")
        .with_hint("Sign in to the panel, or with berth login.")
        .into()
}
