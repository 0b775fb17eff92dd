//! The organisation's account at the authority: made when it is first needed, its credentials sealed.

use berth_domain::{
    ids::OrganisationId,
    problem::{Problem, ProblemKind},
};

use crate::{
    Engine, Error, Result,
    acme::Account,
    store::{AccountRow, CertificateRow},
    vault::{Row, Secret, VaultError},
};

use super::attempt::Failure;

impl Engine {
    /// The organisation's account at the authority, made when it has none.
    pub(super) async fn account(
        &self,
        organisation: OrganisationId,
    ) -> std::result::Result<Account, Failure> {
        if let Some(account) = self.parts.tls.accounts.get(&organisation) {
            return Ok(account.clone());
        }
        let authority = self.authority().ok_or_else(no_authority)?;
        let _alone = self.parts.tls.registering.lock().await;
        if let Some(account) = self.parts.tls.accounts.get(&organisation) {
            return Ok(account.clone());
        }
        let kept =
            self.store().acme_account(organisation, &authority.directory).await.map_err(Error::from)?;
        let account = match kept {
            Some(kept) => {
                let place = Row::new("acme_accounts", kept.id, "sealed");
                authority.open(&self.vault().unseal(&place, &kept.sealed).map_err(sealing)?).await?
            }
            None => self.register(organisation).await?,
        };
        self.parts.tls.accounts.insert(organisation, account.clone());
        Ok(account)
    }

    /// Makes an account at the authority, and keeps it.
    pub(super) async fn register(
        &self,
        organisation: OrganisationId,
    ) -> std::result::Result<Account, Failure> {
        let authority = self.authority().ok_or_else(no_authority)?;
        let (account, credentials) = authority.register().await?;
        self.keep_account(organisation, &credentials).await?;
        Ok(account)
    }

    /// Has the authority declare a certificate void.
    pub(crate) async fn revoke(&self, row: &CertificateRow) -> Result<()> {
        let Some(issued) = &row.issued else { return Ok(()) };
        let account = self.account(row.organisation).await.map_err(told)?;
        account.revoke(&issued.chain).await.map_err(|error| told(error.into()))
    }

    /// Gives the organisation's account another key; the old one is worth nothing afterwards.
    pub(crate) async fn change_account_key(&self, organisation: OrganisationId) -> Result<()> {
        let mut account = self.account(organisation).await.map_err(told)?;
        let _alone = self.parts.tls.registering.lock().await;
        let credentials = account.change_key().await.map_err(|error| told(error.into()))?;
        self.keep_account(organisation, &credentials).await?;
        self.parts.tls.accounts.insert(organisation, account);
        Ok(())
    }

    async fn keep_account(&self, organisation: OrganisationId, credentials: &Secret) -> Result<()> {
        let Some(authority) = self.authority() else { return Err(told(no_authority())) };
        let id = uuid::Uuid::now_v7();
        let place = Row::new("acme_accounts", id, "sealed");
        let sealed = self.vault().seal(&place, credentials.expose()).map_err(sealing)?;
        let row = AccountRow { id, organisation, directory: authority.directory, sealed };
        let write = self.store().begin().await?;
        write.keep_acme_account(&row).await?;
        Ok(write.commit().await?)
    }
}

pub(super) fn sealing(error: VaultError) -> Error {
    Error::internal("seal or open the key of a certificate", error)
}

fn no_authority() -> Failure {
    Failure::Unfit("No authority for certificates is set (BERTH_ACME_DIRECTORY).".into())
}

/// What a person who asked for it is told.
fn told(failure: Failure) -> Error {
    match failure {
        Failure::Fault(error) => error,
        other => Problem::new(ProblemKind::Unavailable, other.told()).into(),
    }
}
