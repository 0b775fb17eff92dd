//! Verbs about the public SSH keys of the actor's account.

use super::{
    Acting,
    account::{locked, not_a_person},
};
use crate::{Error, Result, public_key::PublicKey, store::KeyRow};
use berth_domain::{
    account::{AddKey, KeyView},
    event::EventKind,
    ids::KeyId,
};
use uuid::Uuid;

const MOST_KEYS: usize = 50;
const LONGEST_NAME: usize = 100;

impl Acting {
    /// The account's SSH keys.
    pub async fn keys(&self) -> Result<Vec<KeyView>> {
        let user = self.actor.user().ok_or_else(not_a_person)?;
        let rows = self.engine.parts.store.keys(self.own(), user).await?;
        Ok(rows.into_iter().map(|row| row.view).collect())
    }

    /// Adds a public SSH key: who has its other half may do with git what the account may.
    pub async fn add_key(&self, request: AddKey) -> Result<KeyView> {
        let user = self.person()?;
        let key: PublicKey = request.public_key.parse().map_err(|why| Error::invalid("public_key", why))?;
        let name = checked_name(&request.name, &key)?;
        let parts = &self.engine.parts;
        if parts.store.keys(self.own(), user).await?.len() >= MOST_KEYS {
            return Err(Error::conflict(format!(
                "An account has at most {MOST_KEYS} SSH keys: remove one first."
            )));
        }
        let view = KeyView {
            id: Uuid::now_v7().into(),
            name,
            kind: key.kind.clone(),
            fingerprint: key.fingerprint(),
            created_at: self.engine.now(),
            used_at: None,
        };
        let row = KeyRow { user, organisation: self.actor.organisation, public_key: key.line(), view };
        let write = parts.store.begin().await?;
        let owner = locked(&write, self.own(), user).await?;
        self.check_still_signed_in(&write, user).await?;
        let taken = || "This key belongs to an account of this Berth already.".to_owned();
        write.insert_key(&row).await.map_err(|error| error.or_conflict(taken))?;
        let message =
            format!("{} added the SSH key {:?}, {}.", owner.email, row.view.name, row.view.fingerprint);
        self.finish(write, EventKind::KeyAdded, message).await?;
        Ok(row.view)
    }

    /// Removes an SSH key of the account.
    pub async fn remove_key(&self, key: KeyId) -> Result<()> {
        let user = self.person()?;
        let write = self.engine.parts.store.begin().await?;
        let Some(name) = write.delete_key(self.own(), user, key).await? else {
            return Err(Error::not_found("SSH key"));
        };
        let message = format!("{} removed the SSH key {name:?}.", self.actor.name);
        self.finish(write, EventKind::KeyRemoved, message).await
    }
}

/// The name that was given, or the key's own comment.
fn checked_name(given: &str, key: &PublicKey) -> Result<String> {
    let name = match given.trim() {
        "" => key.comment.as_str(),
        given => given,
    };
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let why = format!("A key's name has 1 to {LONGEST_NAME} characters and no control characters.");
        return Err(Error::invalid("name", why));
    }
    Ok(name.to_owned())
}
