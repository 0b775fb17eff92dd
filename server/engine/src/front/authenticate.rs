//! Who is behind a cookie or a bearer token.

use super::{Origin, known::Known, secrets, sign_in::session_end};
use crate::{
    Actor, ActorKind, Engine, Result,
    store::{Scope, StoreResult, now},
};
use berth_domain::account::Me;

const TOKEN_PREFIX: &str = "berth_";

/// A fresh API token and the hash that is stored of it.
pub(crate) fn new_token() -> Result<(String, String)> {
    let secret = format!("{TOKEN_PREFIX}{}", secrets::random()?);
    let hash = secrets::hash(&secret);
    Ok((secret, hash))
}

impl Engine {
    /// The actor behind a session cookie, if the session is known and has not expired.
    pub async fn authenticate_session(&self, cookie: &str, origin: &Origin) -> Result<Option<Actor>> {
        if !secrets::is_plausible(cookie) || cookie.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let hash = secrets::hash(cookie);
        let known = match self.parts.front.known.find(&hash) {
            Some(known) => Some(known),
            None => self.look_up_session(&hash).await?,
        };
        Ok(self.admit(&hash, known, origin).await)
    }

    /// The actor behind a bearer token, if it is known, not expired and not revoked.
    pub async fn authenticate_token(&self, secret: &str, origin: &Origin) -> Result<Option<Actor>> {
        if !secrets::is_plausible(secret) || !secret.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let hash = secrets::hash(secret);
        let known = match self.parts.front.known.find(&hash) {
            Some(known) => Some(known),
            None => self.look_up_token(&hash).await?,
        };
        Ok(self.admit(&hash, known, origin).await)
    }

    /// The actor behind an SSH key whose owner has proved to have its other half.
    pub async fn authenticate_key(&self, fingerprint: &str, origin: &Origin) -> Result<Option<Actor>> {
        let Some(row) = self.parts.store.key_by_fingerprint(fingerprint).await? else { return Ok(None) };
        let Some(account) = self.parts.store.account(Scope(row.organisation), row.user).await? else {
            return Ok(None);
        };
        let actor = Actor {
            kind: ActorKind::Key { key: row.view.id, user: row.user },
            organisation: row.organisation,
            role: account.role,
            name: account.email,
            address: None,
        };
        let known = Known { actor, expires_at: None, seen_at: row.view.used_at };
        Ok(self.admit(fingerprint, Some(known), origin).await)
    }

    /// Whether a key is of an account, before anything is proved.
    pub async fn knows_key(&self, fingerprint: &str) -> Result<bool> {
        Ok(self.parts.store.key_by_fingerprint(fingerprint).await?.is_some())
    }

    async fn look_up_session(&self, hash: &str) -> StoreResult<Option<Known>> {
        let before = self.parts.front.known.before();
        let Some(row) = self.parts.store.session_by_hash(hash).await? else { return Ok(None) };
        let Some(account) = self.parts.store.account(Scope(row.organisation), row.user).await? else {
            return Ok(None);
        };
        let actor = Actor {
            kind: ActorKind::User { user: row.user, session: row.id },
            organisation: row.organisation,
            role: account.role,
            name: account.email,
            address: None,
        };
        let known = Known { actor, expires_at: Some(row.expires_at), seen_at: Some(row.seen_at) };
        self.parts.front.known.remember(before, hash, known.clone());
        Ok(Some(known))
    }

    async fn look_up_token(&self, hash: &str) -> StoreResult<Option<Known>> {
        let before = self.parts.front.known.before();
        let Some(row) = self.parts.store.token_by_hash(hash).await? else { return Ok(None) };
        let Some(account) = self.parts.store.account(Scope(row.organisation), row.user).await? else {
            return Ok(None);
        };
        let actor = Actor {
            kind: ActorKind::Token { token: row.view.id, user: row.user },
            organisation: row.organisation,
            // Its maker may have a lower role by now.
            role: row.view.role.min(account.role),
            name: row.view.name,
            address: None,
        };
        let known = Known { actor, expires_at: row.view.expires_at, seen_at: row.view.used_at };
        self.parts.front.known.remember(before, hash, known.clone());
        Ok(Some(known))
    }

    async fn admit(&self, hash: &str, known: Option<Known>, origin: &Origin) -> Option<Actor> {
        let (known, now) = (known?, now());
        if known.is_expired(now) {
            return None;
        }
        if self.parts.front.known.is_to_note(hash, &known, now)
            && let Err(error) = self.note_use(&known).await
        {
            tracing::warn!(%error, "could not note the use of a session or token");
        }
        Some(known.at(origin.address.clone()))
    }

    async fn note_use(&self, known: &Known) -> StoreResult<()> {
        let at = now();
        match known.actor.kind {
            ActorKind::User { session, .. } => {
                self.parts.store.touch_session(session, at, session_end(at)).await
            }
            ActorKind::Token { token, .. } => self.parts.store.touch_token(token, at).await,
            ActorKind::Key { key, .. } => self.parts.store.touch_key(key, at).await,
            ActorKind::Webhook | ActorKind::System => Ok(()),
        }
    }

    /// Who an actor is, with the name of the organisation.
    pub(crate) async fn person(&self, actor: &Actor) -> Result<Option<Me>> {
        let known = &self.parts.front.known;
        let found = match known.person(actor) {
            Some(me) => Some(me),
            None => {
                let Some(user) = actor.user() else { return Ok(None) };
                let (before, scope) = (known.before(), Scope(actor.organisation));
                let Some(account) = self.parts.store.account(scope, user).await? else { return Ok(None) };
                let organisation = self.parts.store.organisation_name(scope).await?.unwrap_or_default();
                let me = Me { id: user, email: account.email, role: account.role, organisation };
                known.remember_person(before, actor.organisation, me.clone());
                Some(me)
            }
        };
        // A token may do less than its maker.
        Ok(found.map(|me| Me { role: actor.role, ..me }))
    }
}
