//! Verbs about zones whose names share one certificate.

use super::Acting;
use crate::{
    Error, Result,
    store::{Subject, ZoneRow},
    vault::Row,
};
use berth_domain::{
    certificate::{DnsHost, KeepZone, ZoneView, not_public},
    domain_name::HostName,
    event::EventKind,
    permission::Permission,
};
use uuid::Uuid;

const LONGEST_TOKEN: usize = 1_024;

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
        let token = request.token.trim();
        if token.len() > LONGEST_TOKEN || (token.is_empty() && request.host != DnsHost::Webhook) {
            return Err(Error::invalid("token", "Enter the token that may change the zone's records."));
        }
        let id = Uuid::now_v7();
        let place = Row::new("dns_zones", id, "sealed_token");
        let sealed_token = self
            .engine
            .vault()
            .seal(&place, token.as_bytes())
            .map_err(|error| Error::internal("seal the token of a zone", error))?;
        let (organisation, created_at) = (self.scope().0, self.engine.now());
        let row = ZoneRow { id, organisation, zone, host: request.host, sealed_token, created_at };
        let mut write = self.begin().await?;
        write.scoped(self.scope()).keep_zone(&row).await?;
        let told = format!("The names below {} get one certificate, proven at {}.", row.zone, row.host);
        write.record(self.tells(EventKind::ZoneKept, Subject::organisation(), told));
        write.commit().await?;
        self.engine.certificates_changed();
        Ok(row.view())
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
