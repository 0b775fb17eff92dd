//! Verbs about zones whose names share one certificate.

use super::Acting;
use crate::{
    Error, Result,
    certificates::Access,
    store::{Subject, ZoneRow},
    vault::Row,
};
use berth_domain::{
    certificate::{CertificateState, not_public},
    domain_name::HostName,
    event::EventKind,
    permission::Permission,
    zone::{KeepZone, ZoneTried, ZoneView},
};
use uuid::Uuid;

impl Acting {
    /// The zones of the organisation.
    pub async fn zones(&self) -> Result<Vec<ZoneView>> {
        self.require(Permission::Read)?;
        Ok(self.rows().zones().await?.iter().map(ZoneRow::view).collect())
    }

    /// Keeps who keeps a zone; its wildcard certificate is ordered at once.
    pub async fn keep_zone(&self, zone: HostName, request: KeepZone) -> Result<ZoneView> {
        self.require(Permission::Administer)?;
        if let Some(why) = not_public(zone.as_str()) {
            return Err(Error::invalid("zone", why));
        }
        let request = request.tidied();
        request.check()?;
        let id = Uuid::now_v7();
        let place = Row::new("dns_zones", id, "sealed_token");
        let sealed_token = self
            .engine
            .vault()
            .seal(&place, Access::to_seal(&request).expose())
            .map_err(|error| Error::internal("seal the token of a zone", error))?;
        let (organisation, created_at) = (self.scope().0, self.engine.now());
        let row = ZoneRow { id, organisation, zone, host: request.host, sealed_token, created_at };
        // What failed with the former settings need not wait for its next turn.
        let wildcard = row.wildcard();
        let certificates = self.rows().certificates().await?.into_iter();
        let failed = certificates
            .filter(|one| one.state == CertificateState::Failed && one.names.contains(&wildcard))
            .map(|one| one.id);
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        rows.keep_zone(&row).await?;
        for certificate in failed {
            rows.retry_certificate(certificate).await?;
        }
        let told =
            format!("The names below {} get one certificate, proven at {}.", row.zone, row.host.name());
        write.record(self.tells(EventKind::ZoneKept, Subject::organisation(), told));
        write.commit().await?;
        self.engine.certificates_changed();
        Ok(row.view())
    }

    /// Puts a record into a zone and takes it out again; what keeps that from working is said in words.
    pub async fn try_zone(&self, zone: &HostName) -> Result<ZoneTried> {
        self.require(Permission::Administer)?;
        let zones = self.rows().zones().await?;
        let kept =
            zones.into_iter().find(|kept| kept.zone == *zone).ok_or_else(|| Error::not_found("zone"))?;
        let seen = self.engine.try_zone(&kept).await?;
        Ok(ZoneTried { zone: kept.zone, seen })
    }

    /// Removes a zone; its certificate serves until its end and is not renewed.
    pub async fn remove_zone(&self, zone: &HostName) -> Result<()> {
        self.require(Permission::Administer)?;
        let mut write = self.begin().await?;
        if !write.scoped(self.scope()).delete_zone(zone).await? {
            return Err(Error::not_found("zone"));
        }
        let told = format!("The names below {zone} no longer get one certificate together.");
        write.record(self.tells(EventKind::ZoneRemoved, Subject::organisation(), told));
        write.commit().await?;
        self.engine.certificates_changed();
        Ok(())
    }
}
