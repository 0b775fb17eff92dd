//! The organisation's accounts at the authorities: made when they are first needed, their credentials sealed.

use berth_domain::{
    authority::AuthorityRole,
    ids::OrganisationId,
    problem::{Problem, ProblemKind},
};

use crate::{
    Engine, Error, Result,
    acme::{Account, Authority},
    store::{AccountRow, CertificateRow},
    vault::{Row, Secret, VaultError},
};

use super::failure::Failure;

impl Engine {
    /// The organisation's account at an authority, made when it has none.
    pub(super) async fn account(
        &self,
        organisation: OrganisationId,
        authority: &Authority,
    ) -> std::result::Result<Account, Failure> {
        let known = (organisation, authority.directory.clone());
        if let Some(account) = self.parts.tls.accounts.get(&known) {
            return Ok(account.clone());
        }
        let _alone = self.parts.tls.registering.lock().await;
        if let Some(account) = self.parts.tls.accounts.get(&known) {
            return Ok(account.clone());
        }
        let kept =
            self.store().acme_account(organisation, &authority.directory).await.map_err(Error::from)?;
        let account = match kept {
            Some(kept) => {
                let place = Row::new("acme_accounts", kept.id, "sealed");
                authority.open(&self.vault().unseal(&place, &kept.sealed).map_err(sealing)?).await?
            }
            None => self.register(organisation, authority).await?,
        };
        self.parts.tls.accounts.insert(known, account.clone());
        Ok(account)
    }

    /// Makes another account in the place of one that the authority does not know any more.
    pub(super) async fn renew_account(
        &self,
        organisation: OrganisationId,
        authority: &Authority,
    ) -> std::result::Result<(), Failure> {
        let _alone = self.parts.tls.registering.lock().await;
        let account = self.register(organisation, authority).await?;
        self.parts.tls.accounts.insert((organisation, authority.directory.clone()), account);
        Ok(())
    }

    /// Makes an account at the authority, and keeps it.
    async fn register(
        &self,
        organisation: OrganisationId,
        authority: &Authority,
    ) -> std::result::Result<Account, Failure> {
        let (account, credentials) = authority.register().await?;
        self.keep_account(organisation, authority, &credentials).await?;
        Ok(account)
    }

    /// Has the authority declare a certificate void.
    pub(crate) async fn revoke(&self, row: &CertificateRow) -> Result<()> {
        let Some(issued) = &row.issued else { return Ok(()) };
        let authority = self.authority_at(row.directory.as_deref()).ok_or_else(|| told(no_authority()))?;
        let account = self.account(row.organisation, &authority).await.map_err(told)?;
        account.revoke(&issued.chain).await.map_err(|error| told(error.into()))
    }

    /// Gives the organisation's accounts other keys; the old ones are worth nothing afterwards.
    pub(crate) async fn change_account_key(&self, organisation: OrganisationId) -> Result<()> {
        let all = self.authorities();
        if all.is_empty() {
            return Err(told(no_authority()));
        }
        for authority in all {
            let first = authority.role == AuthorityRole::First;
            // An account that nobody needed yet is not made for this.
            if first || self.store().acme_account(organisation, &authority.directory).await?.is_some() {
                self.change_key_at(organisation, &authority).await?;
            }
        }
        Ok(())
    }

    async fn change_key_at(&self, organisation: OrganisationId, authority: &Authority) -> Result<()> {
        let mut account = self.account(organisation, authority).await.map_err(told)?;
        let _alone = self.parts.tls.registering.lock().await;
        let credentials = account.change_key().await.map_err(|error| told(error.into()))?;
        self.keep_account(organisation, authority, &credentials).await?;
        self.parts.tls.accounts.insert((organisation, authority.directory.clone()), account);
        Ok(())
    }

    async fn keep_account(
        &self,
        organisation: OrganisationId,
        authority: &Authority,
        credentials: &Secret,
    ) -> Result<()> {
        let id = uuid::Uuid::now_v7();
        let place = Row::new("acme_accounts", id, "sealed");
        let sealed = self.vault().seal(&place, credentials.expose()).map_err(sealing)?;
        let row = AccountRow { id, organisation, directory: authority.directory.clone(), sealed };
        let write = self.store().begin().await?;
        write.keep_acme_account(&row).await?;
        Ok(write.commit().await?)
    }
}

pub(super) fn sealing(error: VaultError) -> Error {
    Error::internal("seal or open the key of a certificate", error)
}

pub(super) fn no_authority() -> Failure {
    Failure::Unfit("No authority for certificates is set (BERTH_ACME_DIRECTORY).".into())
}

/// What a person who asked for it is told.
fn told(failure: Failure) -> Error {
    match failure {
        Failure::Fault(error) => error,
        other => Problem::new(ProblemKind::Unavailable, other.told()).into(),
    }
}
