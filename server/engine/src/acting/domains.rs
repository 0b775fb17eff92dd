//! Verbs about domains.

use super::{
    Acting,
    projects::PRODUCTION,
    reach::{conflict_with_hint, service_in},
};
use crate::{
    Engine, Error, Result,
    store::{DomainRow, Holder, NewDomain, Subject, Writing},
};
use berth_domain::{
    domain_name::{AddDomain, DomainView, HostName, PathPrefix},
    domain_settings::DomainSettings,
    event::EventKind,
    ids::{DomainId, ServiceId},
    permission::Permission,
    service::ServicePath,
};

/// The longest part of a host name between two dots.
const LABEL: usize = 63;

impl Acting {
    /// The domains of a service.
    pub async fn domains(&self, path: &ServicePath) -> Result<Vec<DomainView>> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let domains = rows.domains(service.id).await?;
        let certificates = rows.certificates().await?;
        let view = |domain: DomainRow| {
            let mut view = self.engine.domain_view(domain);
            let host = view.host.as_str();
            let its = certificates.iter().filter(|row| row.is_for(host));
            // What is there before what is only tried.
            let best = its.max_by_key(|row| row.issued.as_ref().map(|issued| issued.not_after));
            view.certificate = best.map(|row| row.view(self.engine.https_port_of(host).is_some()));
            view
        };
        Ok(domains.into_iter().map(view).collect())
    }

    /// Adds a domain; it is effective at once when the service is live.
    pub async fn add_domain(&self, path: &ServicePath, request: AddDomain) -> Result<DomainView> {
        self.require(Permission::Configure)?;
        if request.port == Some(0) {
            return Err(Error::invalid("port", "A port is a number from 1 to 65535."));
        }
        let (host, prefix) = (request.host, request.path);
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        if rows.panel_domain().await?.as_ref() == Some(&host) {
            return Err(conflict_with_hint(
                format!("{host} is the panel's own address."),
                "Choose another host name, or give the panel another one.",
            ));
        }
        if let Some(holder) = rows.holder(&host, &prefix).await? {
            return Err(taken(&host, &prefix, Some(holder), path));
        }
        let new = NewDomain {
            service: service.id,
            host: host.clone(),
            path: prefix.clone(),
            port: request.port,
            is_default: false,
            settings: DomainSettings::default(),
        };
        // Somebody may have come first since the look: then the transaction is over, and who it was is not known.
        let Some(domain) = rows.try_insert_domain(new).await? else {
            return Err(taken(&host, &prefix, None, path));
        };
        let view = self.engine.domain_view(domain);
        let told = format!("Domain {} now leads to {path}.", view.url);
        write.record(self.tells(EventKind::DomainAdded, Subject::service(service.id, path), told));
        write.commit().await?;
        self.engine.routes_changed(service.id);
        Ok(view)
    }

    /// A domain of a service.
    pub async fn domain(&self, path: &ServicePath, domain: DomainId) -> Result<DomainView> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let row = rows.domains(service.id).await?.into_iter().find(|row| row.id == domain);
        row.map(|row| self.engine.domain_view(row)).ok_or_else(|| Error::not_found("domain"))
    }

    /// Removes a domain; effective at once.
    pub async fn remove_domain(&self, path: &ServicePath, domain: DomainId) -> Result<()> {
        self.require(Permission::Configure)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        let domains = rows.domains(service.id).await?;
        let Some(row) = domains.into_iter().find(|row| row.id == domain) else {
            return Err(Error::not_found("domain"));
        };
        rows.delete_domain(service.id, domain).await?;
        let told = format!("Domain {} no longer leads to {path}.", self.engine.address(&row.host, &row.path));
        write.record(self.tells(EventKind::DomainRemoved, Subject::service(service.id, path), told));
        write.commit().await?;
        self.engine.routes_changed(service.id);
        Ok(())
    }
}

impl Engine {
    /// Gives a fresh service a host name of its own, so that its first deployment opens at once.
    pub(super) async fn give_default_domain(
        &self,
        rows: &Writing<'_>,
        service: ServiceId,
        path: &ServicePath,
    ) -> Result<()> {
        self.give_domain(rows, service, path, &usual_label(path)).await
    }

    /// The same with a name that begins with this.
    pub(crate) async fn give_domain(
        &self,
        rows: &Writing<'_>,
        service: ServiceId,
        path: &ServicePath,
        label: &str,
    ) -> Result<()> {
        for attempt in 1..=1_000 {
            let host = format!("{}.{}", free_label(label, attempt), self.config().default_domain);
            let host: HostName = host.parse().map_err(|why| Error::invalid("name", why))?;
            let (path, settings) = (PathPrefix::root(), DomainSettings::default());
            let new = NewDomain { service, host, path, port: None, is_default: true, settings };
            if rows.try_insert_domain(new).await?.is_some() {
                return Ok(());
            }
        }
        Err(Error::conflict(format!("No host name is free for {path}: choose another name.")))
    }
}

/// `web-shop` for production, `web-staging-shop` elsewhere.
fn usual_label(path: &ServicePath) -> String {
    if path.environment.as_str() == PRODUCTION {
        format!("{}-{}", path.service, path.project)
    } else {
        format!("{}-{}-{}", path.service, path.environment, path.project)
    }
}

/// `web-shop-2` when that is taken. What is longer than a host name allows is cut.
fn free_label(whole: &str, attempt: u32) -> String {
    let suffix = if attempt > 1 { format!("-{attempt}") } else { String::new() };
    let room = LABEL - suffix.len();
    let cut = whole.get(..room).unwrap_or(whole).trim_end_matches('-');
    format!("{cut}{suffix}")
}

fn taken(host: &HostName, prefix: &PathPrefix, holder: Option<Holder>, path: &ServicePath) -> Error {
    let what = if *prefix == PathPrefix::root() { host.to_string() } else { format!("{host}{prefix}") };
    match holder {
        Some(Holder::Ours(other)) if other == *path => {
            Error::conflict(format!("{what} leads to this service already."))
        }
        Some(Holder::Ours(other)) => conflict_with_hint(
            format!("{what} leads to {other} already."),
            "Remove it there first, or choose another path.",
        ),
        _ => conflict_with_hint(format!("{what} is taken."), "Choose another host name or path."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_domain_names_its_service_and_fits_a_label() {
        let label = |path: &str, attempt| free_label(&usual_label(&path.parse().unwrap()), attempt);
        assert_eq!(label("shop/production/web", 1), "web-shop");
        assert_eq!(label("shop/staging/web", 1), "web-staging-shop");
        assert_eq!(label("shop/production/web", 12), "web-shop-12");
        let long = format!("{0}/{0}/{0}", "a".repeat(40));
        for attempt in [1, 999] {
            let label = label(&long, attempt);
            assert!(label.len() <= LABEL);
            assert!(format!("{label}.localhost").parse::<HostName>().is_ok(), "{label}");
        }
    }
}
