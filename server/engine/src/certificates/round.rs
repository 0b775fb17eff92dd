//! The reconciler: makes rows for new hosts, hands the proxy what it is to serve, and tries what is due.

use std::{collections::HashSet, time::Duration};

use berth_domain::{
    certificate::{CertificateOrigin, two_thirds, warning_due},
    domain_name::HostName,
    event::EventKind,
    ids::{CertificateId, OrganisationId, ServiceId},
};
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use tracing::warn;
use uuid::Uuid;

use crate::{
    Actor, Engine, Error, Result,
    store::{CertificateRow, NewCertificate, NewEvent, Scope, Subject},
    vault::Row,
};

use super::plan::{Plan, Seen, plan};

/// How often it is looked what is due, without a signal.
const PERIOD: Duration = Duration::from_secs(10);

/// How many attempts go on at the same time.
const AT_ONCE: usize = 8;

/// How many are tried before it is looked again who is the most urgent.
const IN_A_ROUND: usize = 32;

/// How often an authority is asked when it wants a certificate renewed.
const ASK_EVERY: TimeDelta = TimeDelta::hours(12);

/// Keeps the certificates for ever.
pub(crate) async fn run(engine: Engine) {
    loop {
        if let Err(error) = engine.keep_panel_domain().await {
            warn!(%error, "could not look after the panel's own address; it is tried again");
        }
        if engine.config().https_port != 0
            && let Err(error) = engine.certificate_round().await
        {
            warn!(%error, "could not look after the certificates; it is tried again");
        }
        tokio::select! {
            () = engine.parts.tls.signal.notified() => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

impl Engine {
    async fn certificate_round(&self) -> Result<()> {
        let (mut plan, mut rows) = self.certificate_plan().await?;
        if !plan.add.is_empty() || !plan.remove.is_empty() {
            self.write_plan(&plan).await?;
            (plan, rows) = self.certificate_plan().await?;
        }
        let rows: &[CertificateRow] = &rows;
        self.warn_of_ends(rows, &plan).await?;
        let row = |id: &CertificateId| rows.iter().find(|row| row.id == *id).cloned();
        let due: Vec<_> = plan.due.iter().take(IN_A_ROUND).filter_map(row).collect();
        // Visitors are turned away from what has ended: as after a machine slept for weeks, that goes before all others.
        let (ended, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|row| row.has_ended(self.now()));
        for rows in [ended, others] {
            let attempts = rows.into_iter().map(|row| self.attempt(row));
            stream::iter(attempts).buffer_unordered(AT_ONCE).collect::<()>().await;
        }
        self.parts.tls.resuming.clear();
        if plan.due.len() > IN_A_ROUND {
            self.certificates_changed();
        }
        self.ask_about_renewals(rows, &plan).await
    }

    /// What is to be done, with the proxy handed what it is to serve.
    pub(super) async fn certificate_plan(&self) -> Result<(Plan, Vec<CertificateRow>)> {
        let _alone = self.parts.tls.serving.lock().await;
        let hosts = self.store().hosts_everywhere().await?;
        self.parts.tls.set_known(&hosts);
        let rows = self.store().certificates_everywhere().await?;
        let zones = self.store().zones_everywhere().await?;
        let orders = self.orders_certificates();
        let previews = self.store().services_of_previews().await?;
        let seen =
            Seen { hosts: &hosts, rows: &rows, previews: &previews, zones: &zones, now: self.now(), orders };
        let plan = plan(&seen);
        self.serve(&plan, &rows, &hosts).await?;
        Ok((plan, rows))
    }

    /// Hands the proxy the certificates, and then the routes that use them.
    async fn serve(
        &self,
        plan: &Plan,
        rows: &[CertificateRow],
        hosts: &[(OrganisationId, HostName, Option<ServiceId>)],
    ) -> Result<()> {
        let proxy = &self.parts.proxy;
        let on_disk: HashSet<String> = proxy.certificates_on_disk().await?.into_iter().collect();
        for row in rows.iter().filter(|row| plan.serve.contains(&row.id)) {
            let Some(issued) = &row.issued else { continue };
            let handed = self.parts.tls.handed.get(&row.id).is_some_and(|chain| *chain == issued.chain);
            if handed && on_disk.contains(&row.id.to_string()) {
                continue;
            }
            let place = Row::new("certificates", row.id.0, "sealed_key");
            let key = match self.vault().unseal(&place, &issued.sealed_key) {
                Ok(key) => key,
                Err(error) => {
                    warn!(%error, names = ?row.names, "a certificate's key cannot be opened");
                    continue;
                }
            };
            proxy.write_certificate(&row.id.to_string(), &issued.chain, &key).await?;
            self.parts.tls.handed.insert(row.id, issued.chain.clone());
        }
        let changed = self.parts.tls.set_served(plan.served.clone());
        let of_changed = hosts.iter().filter(|(_, host, _)| changed.contains(host.as_str()));
        let services: HashSet<ServiceId> = of_changed.filter_map(|(_, _, service)| *service).collect();
        services.into_iter().for_each(|service| self.routes_to_write(service));
        self.lead_to_panel().await?;
        // Those that no route uses any more go last.
        let wanted: HashSet<String> = plan.serve.iter().map(ToString::to_string).collect();
        for id in on_disk.difference(&wanted) {
            proxy.remove_certificate(id).await?;
        }
        Ok(())
    }

    async fn write_plan(&self, plan: &Plan) -> Result<()> {
        for (organisation, name, origin) in &plan.add {
            let id = CertificateId(Uuid::now_v7());
            let names = vec![name.clone()];
            let issued = match origin {
                CertificateOrigin::SelfSigned => Some(self.sign_oneself(id, &names)?),
                _ => None,
            };
            let write = self.store().begin().await?;
            let new = NewCertificate { id, names, origin: *origin, issued };
            write.scoped(Scope(*organisation)).insert_certificate(new).await?;
            write.commit().await?;
        }
        for (organisation, id) in &plan.remove {
            let write = self.store().begin().await?;
            write.scoped(Scope(*organisation)).delete_certificate(*id).await?;
            write.commit().await?;
        }
        Ok(())
    }

    /// Tells 14, 7 and 3 days before its end that no new certificate came.
    async fn warn_of_ends(&self, rows: &[CertificateRow], plan: &Plan) -> Result<()> {
        for row in rows.iter().filter(|row| plan.serve.contains(&row.id)) {
            let Some(issued) = &row.issued else { continue };
            let due = warning_due(issued.not_before, issued.not_after, self.now(), row.warned_days);
            let Some(days) = due else { continue };
            let why = row.last_error.as_ref().map(|why| format!(" The last attempt said: {why}"));
            let told = format!(
                "The certificate of {} ends on {}.{}",
                row.names.join(", "),
                issued.not_after.format("%Y-%m-%d %H:%M UTC"),
                why.unwrap_or_default()
            );
            let mut write = self.store().begin().await?;
            write.scoped(Scope(row.organisation)).set_warned(row.id, days).await?;
            write.record(of_berth(row, EventKind::CertificateEnds, told));
            write.commit().await?;
        }
        Ok(())
    }

    /// Takes over when authorities want certificates renewed, now and then.
    async fn ask_about_renewals(&self, rows: &[CertificateRow], plan: &Plan) -> Result<()> {
        let now = self.now();
        for row in rows.iter().filter(|row| plan.serve.contains(&row.id)) {
            let asked = self.parts.tls.asked.get(&row.id).map(|at| *at);
            let Some(issued) = row.issued.as_ref().filter(|_| row.origin == CertificateOrigin::Acme) else {
                continue;
            };
            if asked.is_some_and(|at| at + ASK_EVERY > now) || !self.orders_certificates() {
                continue;
            }
            self.parts.tls.asked.insert(row.id, now);
            let at = self.renewal(row.organisation, row.directory.as_deref(), issued).await;
            if at < row.renew_at.unwrap_or_else(|| two_thirds(issued.not_before, issued.not_after)) {
                let write = self.store().begin().await?;
                write.scoped(Scope(row.organisation)).set_renewal(row.id, at).await?;
                write.commit().await?;
            }
        }
        Ok(())
    }
}

/// Something that Berth did about a certificate.
pub(super) fn of_berth(row: &CertificateRow, kind: EventKind, told: String) -> NewEvent {
    NewEvent::new(&Actor::system(row.organisation), kind, Subject::organisation(), told)
}

/// A fault that only the log explains.
pub(super) fn fault(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("make a key for a certificate", error)
}
