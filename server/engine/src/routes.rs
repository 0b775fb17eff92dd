//! Which requests lead to which instance: the route files as the store wants them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use berth_domain::{
    ids::{DeploymentId, ServiceId},
    release::ReleaseDomain,
    traffic::{Share, Traffic},
};
use dashmap::{DashMap, DashSet};
use tokio::sync::{Mutex, Notify};
use tracing::warn;

use crate::{
    Engine, Result,
    proxy::{Backend, Confirmation, Route, Server, ServiceRoutes},
};

/// How often every file is compared with the store, without a signal.
const PERIOD: Duration = Duration::from_secs(30);

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
        self.parts.dirty_routes.services.insert(service);
        self.parts.dirty_routes.signal.notify_one();
    }

    /// The files that lead all of a service's domains to whoever gets its traffic, one for each port that they name.
    /// The proxy confirms them in the name of a deployment.
    pub(crate) async fn routes_to(
        &self,
        service: ServiceId,
        deployment: DeploymentId,
        traffic: &Traffic,
    ) -> Result<Vec<ServiceRoutes>> {
        let domains = self.parts.store.domains_of(service).await?;
        Ok(files(&self.parts.naming.route(service), &domains, deployment, traffic, |text| {
            self.parts.vault.digest("route", text.as_bytes())
        }))
    }

    /// Removes the files of a service that are not among these.
    pub(crate) async fn remove_other_routes(&self, service: ServiceId, keep: &[ServiceRoutes]) -> Result<()> {
        let key = self.parts.naming.route(service);
        let mine = |name: &String| *name == key || name.starts_with(&format!("{key}-"));
        for name in self.parts.proxy.services_on_disk().await?.into_iter().filter(mine) {
            if !keep.iter().any(|routes| routes.service == name) {
                self.parts.proxy.remove_routes(&name).await?;
            }
        }
        Ok(())
    }

    /// Makes a service's files what the store says.
    pub(crate) async fn apply_routes(&self, service: ServiceId) -> Result<()> {
        let lock = self.parts.route_locks.of(service);
        let _held = lock.lock().await;
        let traffic = self.parts.store.traffic(service).await?;
        let files = match traffic.shares.first() {
            Some(share) => self.routes_to(service, share.deployment, &traffic).await?,
            None => Vec::new(),
        };
        for file in &files {
            self.parts.proxy.write_routes(file).await?;
        }
        self.remove_other_routes(service, &files).await
    }
}

/// Keeps the files as the store wants them, for ever.
pub(crate) async fn reconcile(engine: Engine) {
    loop {
        match engine.parts.store.services_with_traffic().await {
            Ok(all) => apply_all(&engine, all).await,
            Err(error) => warn!(%error, "could not read which services have traffic"),
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
    for service in services {
        if let Err(error) = engine.apply_routes(service).await {
            warn!(%error, %service, "could not write a service's routes; it is tried again");
            engine.parts.dirty_routes.services.insert(service);
        }
    }
}

/// Groups the domains by port. The nonce follows from the content, so the same routes are the same file.
fn files(
    key: &str,
    domains: &[ReleaseDomain],
    deployment: DeploymentId,
    traffic: &Traffic,
    digest: impl Fn(&str) -> String,
) -> Vec<ServiceRoutes> {
    let main = traffic.of(deployment).and_then(|share| share.port);
    let mut by_port: BTreeMap<Option<u16>, Vec<Route>> = BTreeMap::new();
    for domain in domains {
        let port = domain.port.filter(|port| Some(*port) != main);
        let route = Route { host: domain.host.clone(), path: domain.path.clone(), strip_path: false };
        by_port.entry(port).or_default().push(route);
    }
    let file = |(port, routes): (Option<u16>, Vec<Route>)| {
        let backends: Vec<_> = traffic.shares.iter().filter_map(|share| backend(share, port)).collect();
        if backends.is_empty() {
            return None;
        }
        let name = port.map_or_else(|| key.to_owned(), |port| format!("{key}-{port}"));
        let nonce = digest(&format!("{name} {deployment} {backends:?} {routes:?}"));
        let confirmation = Confirmation { deployment: deployment.to_string(), nonce };
        Some(ServiceRoutes::new(name, routes, backends, confirmation))
    };
    by_port.into_iter().filter_map(file).collect()
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

    fn domain(host: &str, port: Option<u16>) -> ReleaseDomain {
        ReleaseDomain { host: host.parse().unwrap(), path: PathPrefix::root(), port }
    }

    fn share(number: u64, percent: u8, instances: &[&str]) -> Share {
        Share {
            deployment: DeploymentId(Uuid::from_u128(number.into())),
            number,
            percent,
            port: Some(80),
            instances: instances.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn domains_with_a_port_of_their_own_get_a_file_of_their_own() {
        let share = share(1, 100, &["c"]);
        let id = share.deployment;
        let traffic = Traffic { shares: vec![share] };
        let domains = [domain("a.test", None), domain("b.test", Some(9000)), domain("c.test", Some(80))];
        let files = files("key", &domains, id, &traffic, str::to_owned);
        let names: Vec<_> = files.iter().map(|f| (f.service.as_str(), f.routes.len())).collect();
        assert_eq!(names, [("key", 2), ("key-9000", 1)]);
        assert_eq!(files[1].backends[0].servers[0].port, 9000);
    }

    #[test]
    fn shares_become_weights_and_who_has_nothing_is_not_named() {
        let shares =
            vec![share(2, 10, &["n1", "n2"]), share(1, 90, &["o1"]), share(3, 0, &["x"]), share(4, 5, &[])];
        let id = shares[0].deployment;
        let files = files("key", &[domain("a.test", None)], id, &Traffic { shares }, str::to_owned);
        let weights: Vec<_> = files[0].backends.iter().map(|b| (b.weight, b.servers.len())).collect();
        assert_eq!(weights, [(10, 2), (90, 1)]);
    }
}
