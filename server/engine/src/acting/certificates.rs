//! Verbs about certificates.

use super::Acting;
use crate::{
    Error, Result,
    certificates::{Inspected, Unfit, inspect},
    store::{CertificateRow, NewCertificate, Subject},
    vault::Secret,
};
use berth_domain::{
    authority::AuthorityView,
    certificate::{CertificateOrigin, CertificateView, UploadCertificate, covers},
    event::EventKind,
    ids::CertificateId,
    permission::Permission,
};
use chrono::TimeDelta;
use uuid::Uuid;

/// How soon after an attempt a person may ask for the next.
const BREATH: TimeDelta = TimeDelta::seconds(10);

/// The most bytes of a chain or a key in PEM.
const LONGEST: usize = 64 << 10;

impl Acting {
    /// The certificates of the organisation, and the attempts to get some.
    pub async fn certificates(&self) -> Result<Vec<CertificateView>> {
        self.require(Permission::Read)?;
        let rows = self.rows().certificates().await?;
        let mut hosts = self.rows().hosts().await?;
        hosts.extend(self.engine.panel_host());
        let view = |row: &CertificateRow| row.view(hosts.iter().any(|host| row.is_for(host.as_str())));
        Ok(rows.iter().map(view).collect())
    }

    /// The authorities that give certificates, with what is left of the organisation's budget at each.
    pub async fn certificate_authorities(&self) -> Result<Vec<AuthorityView>> {
        self.require(Permission::Read)?;
        self.engine.budgets(self.scope().0).await
    }

    /// The chain of a certificate, in PEM. Never its key.
    pub async fn certificate_chain(&self, id: CertificateId) -> Result<String> {
        self.require(Permission::Read)?;
        let row = self.certificate(id).await?;
        let none = || Error::conflict(format!("There is no certificate for {} yet.", row.names.join(", ")));
        row.issued.as_ref().map(|issued| issued.chain.clone()).ok_or_else(none)
    }

    /// Has a certificate ordered, or renewed, at once instead of at its time.
    pub async fn retry_certificate(&self, id: CertificateId) -> Result<CertificateView> {
        self.require(Permission::Configure)?;
        let row = self.certificate(id).await?;
        if row.origin == CertificateOrigin::Uploaded {
            return Err(Error::conflict("It was uploaded: upload the next one, and it takes its place."));
        }
        if row.last_attempt_at.is_some_and(|at| at + BREATH > self.engine.now()) {
            return Err(Error::conflict("It was tried a moment ago. Try again in ten seconds."));
        }
        let mut write = self.begin().await?;
        write.scoped(self.scope()).retry_certificate(id).await?;
        let told = format!("The certificate of {} is tried at once.", row.names.join(", "));
        write.record(self.tells(EventKind::CertificateRetried, Subject::organisation(), told));
        write.commit().await?;
        self.engine.certificates_changed();
        Ok(self.certificate(id).await?.view(row.issued.is_some()))
    }

    /// Takes a certificate that a person brings; it serves at once, and takes the place of one for the same names.
    pub async fn upload_certificate(&self, request: UploadCertificate) -> Result<CertificateView> {
        self.require(Permission::Configure)?;
        let key = Secret::new(request.key);
        if request.chain.len() > LONGEST || key.len() > LONGEST {
            return Err(Error::invalid("chain", "That is longer than any chain and key are."));
        }
        let seen = inspect(&request.chain, &key).map_err(|why| Error::invalid(field_of(&why), why))?;
        self.may_serve(&seen).await?;
        let id = CertificateId(Uuid::now_v7());
        let issued = self.engine.seal_certificate(id, request.chain, &key, &seen)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        for former in rows.certificates().await? {
            if former.origin == CertificateOrigin::Uploaded && same(&former.names, &seen.names) {
                rows.delete_certificate(former.id).await?;
            }
        }
        let new = NewCertificate {
            id,
            names: seen.names.clone(),
            origin: CertificateOrigin::Uploaded,
            issued: Some(issued),
        };
        rows.insert_certificate(new).await?;
        let told = format!(
            "A certificate for {} by {} was uploaded; it is good until {}.",
            seen.names.join(", "),
            seen.issuer,
            seen.not_after.format("%Y-%m-%d")
        );
        write.record(self.tells(EventKind::CertificateUploaded, Subject::organisation(), told));
        write.commit().await?;
        self.engine.certificates_changed();
        Ok(self.certificate(id).await?.view(true))
    }

    /// Removes a certificate that was uploaded.
    pub async fn remove_certificate(&self, id: CertificateId) -> Result<()> {
        self.require(Permission::Configure)?;
        let row = self.certificate(id).await?;
        if row.origin != CertificateOrigin::Uploaded {
            return Err(Error::conflict(format!(
                "Berth looks after the certificate of {} by itself: it goes when its domain is removed.",
                row.names.join(", ")
            )));
        }
        let mut write = self.begin().await?;
        write.scoped(self.scope()).delete_certificate(id).await?;
        let told = format!("The uploaded certificate for {} was removed.", row.names.join(", "));
        write.record(self.tells(EventKind::CertificateRemoved, Subject::organisation(), told));
        write.commit().await?;
        self.engine.certificates_changed();
        Ok(())
    }

    /// Has the authority declare a certificate void, as after its key was seen; another one is ordered at once.
    pub async fn revoke_certificate(&self, id: CertificateId) -> Result<()> {
        self.require(Permission::Administer)?;
        let row = self.certificate(id).await?;
        if row.origin != CertificateOrigin::Acme || row.issued.is_none() {
            return Err(Error::conflict("Only a certificate that Berth ordered can be revoked here."));
        }
        self.engine.revoke(&row).await?;
        let mut write = self.begin().await?;
        write.scoped(self.scope()).delete_certificate(id).await?;
        let told =
            format!("The certificate of {} was revoked; another one is ordered.", row.names.join(", "));
        write.record(self.tells(EventKind::CertificateRemoved, Subject::organisation(), told));
        write.commit().await?;
        self.engine.certificates_changed();
        Ok(())
    }

    /// Gives the organisation's account at the authority another key.
    pub async fn change_account_key(&self) -> Result<()> {
        self.require(Permission::Administer)?;
        self.engine.change_account_key(self.scope().0).await?;
        let mut write = self.begin().await?;
        let told = "The account at the authority for certificates has another key.";
        write.record(self.tells(EventKind::CertificateAccountKeyChanged, Subject::organisation(), told));
        Ok(write.commit().await?)
    }

    async fn certificate(&self, id: CertificateId) -> Result<CertificateRow> {
        self.rows().certificate(id).await?.ok_or_else(|| Error::not_found("certificate"))
    }

    /// It has to be good now, and for nobody else's names: the proxy has all certificates together.
    async fn may_serve(&self, seen: &Inspected) -> Result<()> {
        if seen.not_after <= self.engine.now() {
            let ended = seen.not_after.format("%Y-%m-%d");
            return Err(Error::invalid("chain", format!("The certificate ended on {ended}.")));
        }
        let mine = self.scope().0;
        let hosts = self.engine.store().hosts_everywhere().await?;
        let anothers = hosts.iter().any(|(organisation, host, _)| {
            *organisation != mine && seen.names.iter().any(|name| covers(name, host.as_str()))
        });
        if anothers {
            return Err(Error::conflict("A name of this certificate is taken."));
        }
        Ok(())
    }
}

/// The field that is wrong.
fn field_of(why: &Unfit) -> &'static str {
    match why {
        Unfit::NoKey | Unfit::Mismatch | Unfit::Unusable(_) => "key",
        Unfit::NoCertificate | Unfit::Unreadable(_) | Unfit::NoNames => "chain",
    }
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}
