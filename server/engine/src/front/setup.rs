//! The first account: a one-time link, printed at the start and kept in the data folder until somebody has used it.

use super::{NewSession, Origin, secrets};
use crate::{
    Actor, Engine, Error, Result,
    engine::StartError,
    store::{NewEvent, Scope, Store, Subject},
};
use berth_domain::{
    account::{Claim, check_email, check_password},
    event::EventKind,
    permission::Role,
    problem::{Problem, ProblemKind},
};
use std::{
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use subtle::ConstantTimeEq;

const TOKEN: &str = "setup.token";
const FILE: &str = "setup-link";
const ORGANISATION: &str = "Berth";

/// Whether there is a link, and what it is.
#[derive(Default)]
pub(super) struct Setup {
    is_claimed: AtomicBool,
    link: Mutex<Option<String>>,
    /// Claims go one after the other: those that come too late must not cost a password's hash each.
    turn: tokio::sync::Mutex<()>,
}

impl Engine {
    /// Prepares the setup link while nobody has claimed this Berth. A restart keeps the link that was printed before.
    pub(crate) async fn prepare_setup(&self) -> std::result::Result<(), StartError> {
        let (config, store) = (&self.parts.config, &self.parts.store);
        let file = config.data.join(FILE);
        let claimed = store.is_claimed().await.map_err(|e| StartError::because("read its database", e))?;
        if claimed {
            self.close_setup();
            return Ok(());
        }
        let token = match known_token(store, &file).await? {
            Some(token) => token,
            None => fresh_token(store).await?,
        };
        let link = format!("{}/setup?token={token}", self.panel_url());
        write_private(&file, &link).map_err(|e| StartError::because("write the setup link", e))?;
        *self.parts.front.setup.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
        Ok(())
    }

    /// The link that makes the first account; nothing once somebody has used it.
    pub fn setup_link(&self) -> Option<String> {
        self.parts.front.setup.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nobody has claimed this Berth yet.
    pub async fn is_unclaimed(&self) -> Result<bool> {
        let setup = &self.parts.front.setup;
        if setup.is_claimed.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let claimed = self.parts.store.is_claimed().await?;
        if claimed {
            self.close_setup();
        }
        Ok(!claimed)
    }

    /// Makes the first account with the one-time token. Of many claims at once exactly one succeeds.
    pub async fn claim(&self, claim: Claim, origin: Origin) -> Result<NewSession> {
        self.check_setup_token(&claim.token).await?;
        let email = claim.email.trim().to_lowercase();
        check_email(&email)?;
        check_password(&claim.password)?;
        let _turn = self.parts.front.setup.turn.lock().await;
        self.check_setup_token(&claim.token).await?;
        let hash = self.parts.front.passwords.hash(&claim.password).await?;
        let mut write = self.parts.store.begin().await?;
        write
            .claim()
            .await
            .map_err(|error| if error.is_taken() { already_claimed() } else { error.into() })?;
        if !write.take_meta(TOKEN).await? {
            return Err(already_claimed());
        }
        let organisation = write.insert_organisation(ORGANISATION).await?;
        let user = write.insert_account(Scope(organisation), &email, &hash, Role::Owner).await?;
        let (session, row) = super::sign_in::new_session(user, organisation, &origin)?;
        write.insert_session(row).await?;
        let actor =
            Actor { name: email.clone(), address: origin.address.clone(), ..Actor::system(organisation) };
        let message = format!("{email} claimed this Berth and is its owner.");
        write.record(NewEvent::new(&actor, EventKind::OrganisationClaimed, Subject::organisation(), message));
        write.commit().await?;
        self.close_setup();
        self.parts.front.limits.succeeded(origin.address.as_deref(), &email);
        Ok(session)
    }

    async fn check_setup_token(&self, token: &str) -> Result<()> {
        if !self.is_unclaimed().await? {
            return Err(already_claimed());
        }
        let expected = self.parts.store.meta(TOKEN).await?.unwrap_or_default();
        if bool::from(secrets::hash(token).as_bytes().ct_eq(expected.as_bytes())) {
            return Ok(());
        }
        Err(Problem::new(ProblemKind::Forbidden, "This is not the setup link of this Berth.")
            .with_hint("The right one is printed when Berth starts, and stands in the file setup-link of its data folder.")
            .into())
    }

    fn close_setup(&self) {
        let setup = &self.parts.front.setup;
        setup.is_claimed.store(true, Ordering::Relaxed);
        *setup.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let file = self.parts.config.data.join(FILE);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, file = %file.display(), "could not remove the used setup link");
            }
            _ => {}
        }
    }
}

fn already_claimed() -> Error {
    Problem::new(ProblemKind::Forbidden, "This Berth has been claimed already.")
        .with_hint("Sign in, or ask its owner for an account.")
        .into()
}

/// The token of the link that was written at an earlier start, if it is still the right one.
async fn known_token(store: &Store, file: &Path) -> std::result::Result<Option<String>, StartError> {
    let Ok(text) = std::fs::read_to_string(file) else { return Ok(None) };
    let Some((_, token)) = text.trim().split_once("?token=") else { return Ok(None) };
    let stored = store.meta(TOKEN).await.map_err(|e| StartError::because("read its database", e))?;
    Ok((stored == Some(secrets::hash(token))).then(|| token.to_owned()))
}

async fn fresh_token(store: &Store) -> std::result::Result<String, StartError> {
    let token = secrets::random().map_err(|e| StartError::because("make the setup link", e))?;
    let failed = |error| StartError::because("write its database", error);
    let write = store.begin().await.map_err(failed)?;
    write.set_meta(TOKEN, &secrets::hash(&token)).await.map_err(failed)?;
    write.commit().await.map_err(failed)?;
    Ok(token)
}

/// The file appears whole, and only its owner reads it.
fn write_private(file: &Path, link: &str) -> io::Result<()> {
    let staged: PathBuf = file.with_extension("new");
    match std::fs::remove_file(&staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&staged)?;
    writeln!(new, "{link}")?;
    new.sync_all()?;
    std::fs::rename(staged, file)
}
