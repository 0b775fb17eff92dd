//! Which requests lead to which instance: the route files as the store wants them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use berth_domain::ids::{DeploymentId, ServiceId};
use dashmap::{DashMap, DashSet};
use tokio::sync::{Mutex, Notify};
use tracing::warn;

use crate::{
    Engine, Result,
    proxy::{Backend, Route, Server, ServiceRoutes},
    store::deployments::Domain,
};

/// How often every file is compared with the store, without a signal.
const PERIOD: Duration = Duration::from_secs(30);

/// The deployment that gets a service's traffic.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub deployment: DeploymentId,
    pub container: String,
    pub port: u16,
}

/// One lock per service: a switch and the reconciler never write the same routes at once.
#[derive(Default)]
pub(crate) struct RouteLocks(DashMap<ServiceId, Arc<Mutex<()>>>);

impl RouteLocks {
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

    /// The files that lead all of a service's domains to the target, one for each port that they name.
    pub(crate) async fn routes_to(&self, service: ServiceId, target: &Target) -> Result<Vec<ServiceRoutes>> {
        let domains = self.parts.store.domains_of(service).await?;
        Ok(files(&self.parts.naming.route(service), &domains, target, |text| {
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
        let files = match self.parts.store.serving(service).await? {
            Some(serving) => {
                let container = self.parts.naming.container(service, serving.number);
                let target = Target { deployment: serving.deployment, container, port: serving.port };
                self.routes_to(service, &target).await?
            }
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
    domains: &[Domain],
    target: &Target,
    digest: impl Fn(&str) -> String,
) -> Vec<ServiceRoutes> {
    let mut by_port: BTreeMap<Option<u16>, Vec<Route>> = BTreeMap::new();
    for domain in domains {
        let port = domain.port.filter(|port| *port != target.port);
        let route = Route { host: domain.host.clone(), path: domain.path.clone(), strip_path: false };
        by_port.entry(port).or_default().push(route);
    }
    let file = |(port, routes): (Option<u16>, Vec<Route>)| {
        let name = port.map_or_else(|| key.to_owned(), |port| format!("{key}-{port}"));
        let server = Server { container: target.container.clone(), port: port.unwrap_or(target.port) };
        let nonce = digest(&format!("{name} {} {server:?} {routes:?}", target.deployment));
        let backend = Backend { deployment: target.deployment.to_string(), servers: vec![server], weight: 1 };
        ServiceRoutes::to_one(name, routes, backend, nonce)
    };
    by_port.into_iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::domain_name::PathPrefix;
    use uuid::Uuid;

    fn domain(host: &str, port: Option<u16>) -> Domain {
        Domain { host: host.parse().unwrap(), path: PathPrefix::root(), port }
    }

    #[test]
    fn domains_with_a_port_of_their_own_get_a_file_of_their_own() {
        let target = Target { deployment: DeploymentId(Uuid::nil()), container: "c".into(), port: 80 };
        let domains = [domain("a.test", None), domain("b.test", Some(9000)), domain("c.test", Some(80))];
        let files = files("key", &domains, &target, str::to_owned);
        let names: Vec<_> = files.iter().map(|f| (f.service.as_str(), f.routes.len())).collect();
        assert_eq!(names, [("key", 2), ("key-9000", 1)]);
        assert_eq!(files[1].backends[0].servers[0].port, 9000);
    }
}
