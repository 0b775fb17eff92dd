//! Which requests lead to which instance: the route files as the store wants them.

mod ports;
mod trial;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use berth_domain::{
    ids::{DeploymentId, ServiceId},
    traffic::{Share, Traffic},
};
use dashmap::{DashMap, DashSet};
use tokio::sync::{Mutex, Notify};
use tracing::warn;

use crate::{
    Engine, Error, Result,
    proxy::{Backend, Confirmation, Route, Server, ServiceRoutes},
    store::DomainRow,
    waiting::VisitTo,
};

/// How often every file is compared with the store, without a signal.
const PERIOD: Duration = Duration::from_secs(30);

/// How long the proxy may take to answer by a change that somebody waits for.
const CONFIRM_WITHIN: Duration = Duration::from_secs(5);

/// One lock per service.
#[derive(Default)]
pub(crate) struct ServiceLocks(DashMap<ServiceId, Arc<Mutex<()>>>);

impl ServiceLocks {
    /// The lock of a service.
    pub fn of(&self, service: ServiceId) -> Arc<Mutex<()>> {
        self.0.entry(service).or_default().clone()
    }
}

/// Services whose routes are to be looked at.
#[derive(Default)]
pub(crate) struct DirtyRoutes {
    services: DashSet<ServiceId>,
    signal: Notify,
}

impl Engine {
    /// Says that a service's domains or its live release changed.
    pub(crate) fn routes_changed(&self, service: ServiceId) {
        self.routes_to_write(service);
        self.certificates_changed();
    }

    /// Says that a service's file is to be written again, with the domains that it has.
    pub(crate) fn routes_to_write(&self, service: ServiceId) {
        self.parts.dirty_routes.services.insert(service);
        self.parts.dirty_routes.signal.notify_one();
    }

    /// The files that lead all of a service's domains to whoever gets this traffic, one for each port that they name; to
    /// the waiting room in maintenance, in a pause, and when nobody gets it. The proxy confirms them in the name of a
    /// deployment.
    pub(crate) async fn routes_to(
        &self,
        service: ServiceId,
        deployment: DeploymentId,
        traffic: &Traffic,
    ) -> Result<Vec<ServiceRoutes>> {
        let domains = self.led_domains(service).await?;
        let standing = self.parts.store.standing(service).await?;
        let shut = standing.is_none_or(|standing| standing.is_shut(self.now()));
        let (key, waits) = (self.parts.naming.route(service), |_: Option<u16>| shut);
        let deployment = Some(deployment);
        let lead = Lead { key: &key, service, deployment, traffic, waits: &waits };
        let published = self.parts.store.ports_of(service).await?;
        let files = lead.all_files(&domains, &published, self.route_digest());
        Ok(self.trusting(files))
    }

    /// The domains of a service with what is done with their requests.
    async fn led_domains(&self, service: ServiceId) -> Result<Vec<Led>> {
        let rows = self.parts.store.routed_domains(service).await?;
        rows.into_iter().map(|row| self.led(row)).collect()
    }

    fn led(&self, row: DomainRow) -> Result<Led> {
        let logins = self.open_logins(&row)?;
        // Only who is still named comes in, whatever is kept.
        let named = row.settings.logins.iter().filter_map(|name| logins.get_key_value(name));
        let logins = named.map(|(name, hash)| format!("{name}:{hash}")).collect();
        let https = self.https_port_of(row.host.as_str());
        let route = Route { settings: row.settings, logins, https, ..Route::new(row.host, row.path) };
        Ok(Led { port: row.port, route })
    }

    /// With the proxies in front that this Berth believes.
    fn trusting(&self, mut files: Vec<ServiceRoutes>) -> Vec<ServiceRoutes> {
        files.iter_mut().for_each(|file| file.trusted.clone_from(&self.config().edge_proxies));
        files
    }

    /// The files of a service as it is written down. Who should answer and is known not to gets no requests.
    async fn routes_of(&self, service: ServiceId) -> Result<Vec<ServiceRoutes>> {
        let Some(standing) = self.parts.store.standing(service).await? else { return Ok(Vec::new()) };
        let domains = self.led_domains(service).await?;
        let ports = domains.iter().filter_map(|domain| domain.port).collect();
        let absent = &self.parts.waiting.absent;
        absent.note_silent(service, self.silent_ports(&standing.traffic, ports).await);

        let traffic = &standing.traffic;
        let shut = standing.is_shut(self.now()) || absent.all_ended(service, traffic);
        let waits = |port: Option<u16>| shut || port.is_some_and(|port| absent.is_silent(service, port));
        let deployment = traffic.shares.first().map(|share| share.deployment);
        let key = self.parts.naming.route(service);
        let lead = Lead { key: &key, service, deployment, traffic, waits: &waits };
        let published = self.parts.store.ports_of(service).await?;
        let files = lead.all_files(&domains, &published, self.route_digest());
        Ok(self.trusting(files))
    }

    fn route_digest(&self) -> impl Fn(&str) -> String {
        |text| self.parts.vault.digest("route", text.as_bytes())
    }

    /// Removes the files of a service that are not among these.
    pub(crate) async fn remove_other_routes(&self, service: ServiceId, keep: &[ServiceRoutes]) -> Result<()> {
        let on_disk = self.parts.proxy.services_on_disk().await?;
        self.remove_others_of(&on_disk, service, keep).await
    }

    async fn remove_others_of(
        &self,
        on_disk: &[String],
        service: ServiceId,
        keep: &[ServiceRoutes],
    ) -> Result<()> {
        let key = self.parts.naming.route(service);
        let mine = |name: &&String| **name == key || name.starts_with(&format!("{key}-"));
        for name in on_disk.iter().filter(mine) {
            if !keep.iter().any(|routes| routes.service == *name) {
                self.parts.proxy.remove_routes(name).await?;
            }
        }
        Ok(())
    }

    /// Makes a service's files what the store says.
    pub(crate) async fn apply_routes(&self, service: ServiceId) -> Result<()> {
        let on_disk = self.parts.proxy.services_on_disk().await?;
        self.apply_beside(&on_disk, service).await.map(drop)
    }

    /// The same, and sees that the proxy answers so.
    pub(crate) async fn lead_now(&self, service: ServiceId) -> Result<()> {
        let on_disk = self.parts.proxy.services_on_disk().await?;
        let files = self.apply_beside(&on_disk, service).await?;
        // A proxy that is away is not waited for: it reads the files when it is back.
        self.parts.proxy.health().await?;
        for file in files {
            self.parts.proxy.confirm(&file, CONFIRM_WITHIN).await?;
        }
        Ok(())
    }

    /// Makes a service's files what the store says, and sees that the proxy answers so at one domain.
    pub(crate) async fn lead_domain(&self, domain: &DomainRow) -> Result<Answers> {
        let on_disk = self.parts.proxy.services_on_disk().await?;
        let files = match self.apply_beside(&on_disk, domain.service).await {
            Err(Error::Problem(problem)) => return Ok(Answers::Otherwise(problem.message)),
            files => files?,
        };
        // A proxy that is away is not waited for: it reads the files when it is back.
        if let Err(away) = self.parts.proxy.health().await {
            return Ok(Answers::Nothing(away.to_string()));
        }
        let this = |route: &Route| route.host == domain.host && route.path == domain.path;
        for file in files.iter().filter(|file| file.routes.iter().any(this)) {
            if let Err(error) = self.parts.proxy.confirm_some(file, &this, CONFIRM_WITHIN).await {
                return Ok(Answers::Otherwise(error.to_string()));
            }
        }
        Ok(Answers::AsWritten)
    }

    async fn apply_beside(&self, on_disk: &[String], service: ServiceId) -> Result<Vec<ServiceRoutes>> {
        let lock = self.parts.route_locks.of(service);
        let _held = lock.lock().await;
        let files = self.routes_of(service).await?;
        for file in &files {
            self.parts.proxy.write_routes(file).await?;
        }
        self.remove_others_of(on_disk, service, &files).await?;
        self.stir();
        Ok(files)
    }
}

/// Keeps the files as the store wants them, for ever.
pub(crate) async fn reconcile(engine: Engine) {
    loop {
        match engine.parts.store.services_with_routes().await {
            Ok(all) => apply_all(&engine, all).await,
            Err(error) => warn!(%error, "could not read which services have domains"),
        }
        let until = tokio::time::Instant::now() + PERIOD;
        loop {
            tokio::select! {
                () = engine.parts.dirty_routes.signal.notified() => {
                    let dirty: Vec<_> = engine.parts.dirty_routes.services.iter().map(|entry| *entry).collect();
                    dirty.iter().for_each(|service| {
                        engine.parts.dirty_routes.services.remove(service);
                    });
                    apply_all(&engine, dirty).await;
                }
                () = tokio::time::sleep_until(until) => break,
            }
        }
    }
}

/// A service whose routes could not be written is looked at again with the next signal or period.
async fn apply_all(engine: &Engine, services: Vec<ServiceId>) {
    let on_disk = match engine.parts.proxy.services_on_disk().await {
        Ok(on_disk) => on_disk,
        Err(error) => {
            warn!(%error, "could not list the routes; it is tried again");
            for service in services {
                engine.parts.dirty_routes.services.insert(service);
            }
            return;
        }
    };
    for service in services {
        if let Err(error) = engine.apply_beside(&on_disk, service).await {
            warn!(%error, %service, "could not write a service's routes; it is tried again");
            engine.parts.dirty_routes.services.insert(service);
        }
    }
}

/// How the proxy answers at a domain that was changed.
#[derive(Debug)]
pub(crate) enum Answers {
    AsWritten,
    /// It does not do what was written, or that could not be written; why.
    Otherwise(String),
    /// It is away; why.
    Nothing(String),
}

/// A domain of a service, with its port where that is not the service's own.
struct Led {
    port: Option<u16>,
    route: Route,
}

/// Where the requests of a service go.
struct Lead<'a> {
    /// The first part of the files' names.
    key: &'a str,
    service: ServiceId,
    /// In whose name the proxy confirms it.
    deployment: Option<DeploymentId>,
    traffic: &'a Traffic,
    /// Whether requests go to the waiting room all the same, at a port of their own or at the instances' one.
    waits: &'a (dyn Fn(Option<u16>) -> bool + Sync),
}

impl Lead<'_> {
    /// Groups the domains by port. The nonce follows from the content, so the same routes are the same file.
    fn files(&self, domains: &[Led], digest: impl Fn(&str) -> String) -> Vec<ServiceRoutes> {
        let main = self.deployment.and_then(|id| self.traffic.of(id)).and_then(|share| share.port);
        let mut by_port: BTreeMap<Option<u16>, Vec<Route>> = BTreeMap::new();
        for domain in domains {
            let port = domain.port.filter(|port| Some(*port) != main);
            by_port.entry(port).or_default().push(domain.route.clone());
        }
        by_port.into_iter().map(|(port, routes)| self.file(port, routes, &digest)).collect()
    }

    fn file(&self, port: Option<u16>, routes: Vec<Route>, digest: &impl Fn(&str) -> String) -> ServiceRoutes {
        let name = port.map_or_else(|| self.key.to_owned(), |port| format!("{}-{port}", self.key));
        let backends: Vec<_> = self.traffic.shares.iter().filter_map(|share| backend(share, port)).collect();
        match self.deployment {
            Some(deployment) if !backends.is_empty() && !(self.waits)(port) => {
                let nonce = digest(&format!("{name} {deployment} {backends:?} {routes:?}"));
                let confirmation = Confirmation { deployment: deployment.to_string(), nonce };
                ServiceRoutes::new(name, routes, backends, confirmation)
            }
            _ => {
                let to = VisitTo::word(self.service, port);
                let nonce = digest(&format!("{name} waits {routes:?}"));
                ServiceRoutes::to_waiting_room(name, routes, to, nonce)
            }
        }
    }
}

/// The instances of a share that answer, at a port of the domain's own or at their own.
fn backend(share: &Share, port: Option<u16>) -> Option<Backend> {
    let port = port.or(share.port)?;
    let server = |container: &String| Server { container: container.clone(), port };
    let servers: Vec<_> = share.instances.iter().map(server).collect();
    (!servers.is_empty() && share.percent > 0).then(|| Backend {
        deployment: share.deployment.to_string(),
        servers,
        weight: share.percent.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::domain_name::PathPrefix;
    use uuid::Uuid;

    fn domain(host: &str, port: Option<u16>) -> Led {
        let https = host.starts_with("b.").then_some(443);
        Led { port, route: Route { https, ..Route::new(host.parse().unwrap(), PathPrefix::root()) } }
    }

    pub fn share(number: u64, percent: u8, instances: &[&str]) -> Share {
        Share {
            deployment: DeploymentId(Uuid::from_u128(number.into())),
            number,
            percent,
            port: Some(80),
            instances: instances.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    pub fn lead<'a>(traffic: &'a Traffic, waits: &'a (dyn Fn(Option<u16>) -> bool + Sync)) -> Lead<'a> {
        let deployment = traffic.shares.first().map(|share| share.deployment);
        Lead { key: "key", service: ServiceId(Uuid::nil()), deployment, traffic, waits }
    }

    fn files(traffic: &Traffic, domains: &[Led]) -> Vec<ServiceRoutes> {
        lead(traffic, &|_| false).files(domains, str::to_owned)
    }

    #[test]
    fn domains_with_a_port_of_their_own_get_a_file_of_their_own() {
        let traffic = Traffic::to(vec![share(1, 100, &["c"])]);
        let domains = [domain("a.test", None), domain("b.test", Some(9000)), domain("c.test", Some(80))];
        let files = files(&traffic, &domains);
        let names: Vec<_> = files.iter().map(|f| (f.service.as_str(), f.routes.len())).collect();
        assert_eq!(names, [("key", 2), ("key-9000", 1)]);
        assert_eq!(files[1].backends[0].servers[0].port, 9000);
        assert!(files[1].routes[0].https.is_some() && files[0].routes[0].https.is_none());
    }

    #[test]
    fn shares_become_weights_and_who_has_nothing_is_not_named() {
        let shares =
            vec![share(2, 10, &["n1", "n2"]), share(1, 90, &["o1"]), share(3, 0, &["x"]), share(4, 5, &[])];
        let files = files(&Traffic::to(shares), &[domain("a.test", None)]);
        let weights: Vec<_> = files[0].backends.iter().map(|b| (b.weight, b.servers.len())).collect();
        assert_eq!(weights, [(10, 2), (90, 1)]);
    }

    #[test]
    fn who_has_nobody_to_answer_leads_to_the_waiting_room() {
        let domains = [domain("a.test", None), domain("b.test", Some(9000))];
        let told = |files: &[ServiceRoutes]| -> Vec<Option<String>> {
            files.iter().map(|file| file.waits_for.clone()).collect()
        };
        let id = ServiceId(Uuid::nil());
        let both = [Some(format!("{id}")), Some(format!("{id}-9000"))];
        assert_eq!(told(&files(&Traffic::default(), &domains)), both);
        let traffic = Traffic::to(vec![share(1, 100, &["c"])]);
        assert_eq!(told(&lead(&traffic, &|_| true).files(&domains, str::to_owned)), both);
        let silent = lead(&traffic, &|port| port == Some(9000)).files(&domains, str::to_owned);
        assert_eq!(told(&silent), [None, both[1].clone()]);
    }
}
