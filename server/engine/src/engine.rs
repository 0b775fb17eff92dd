//! The engine: what holds the parts together.

use crate::{
    Actor, Config,
    acting::{Acting, Glances},
    certificates::{self, Tls},
    collector::{self, Collector, Requests},
    connections::Connections,
    disk::{self, Disk},
    front::Front,
    git::Git,
    hosting::{self, Hosting},
    logs::{LogBudget, Logs},
    naming::Naming,
    observer::{self, Unseen},
    orphans::Orphans,
    panel_domain::PanelDomain,
    polling::{self, Polls},
    previews::{self, Previews},
    probing::{self, Probes},
    proxy::{Proxy, ProxyConfig},
    proxy_keeper, retention,
    rollout::{self, Mending, Signals},
    routes::{self, DirtyRoutes, ServiceLocks},
    runtime::{Ids, LazyDocker},
    scratch, statuses,
    store::Store,
    supervisor::Supervisor,
    vault::Vault,
    waiting::{self, WaitingRoom},
};
use berth_domain::{
    ids::DeploymentId,
    system::{Health, PartHealth},
};
use dashmap::DashMap;
use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

/// How long a part may take to say that it works.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Berth's engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) parts: Arc<Parts>,
}

/// What the verbs and the tasks share.
pub struct Parts {
    pub config: Config,
    pub store: Store,
    pub vault: Vault,
    pub(crate) glances: Glances,
    pub logs: Logs,
    pub(crate) front: Front,
    pub(crate) docker: LazyDocker,
    pub(crate) proxy: Proxy,
    pub(crate) git: Git,
    pub(crate) hosting: Hosting,
    pub(crate) naming: Naming,
    pub(crate) ids: Ids,
    /// The name under which this process holds leases.
    pub(crate) owner: String,
    pub(crate) builds: Arc<Semaphore>,
    pub(crate) queue: Notify,
    pub(crate) running: DashMap<DeploymentId, Signals>,
    /// Held by whoever starts and stops instances of a service.
    pub(crate) turns: ServiceLocks,
    pub(crate) mending: Mending,
    /// Held by whoever writes the routes of a service.
    pub(crate) route_locks: ServiceLocks,
    pub(crate) dirty_routes: DirtyRoutes,
    /// Held by whoever judges what a host told of a service.
    pub(crate) hook_locks: ServiceLocks,
    pub(crate) polls: Polls,
    pub(crate) previews: Previews,
    pub(crate) connections: Connections,
    pub(crate) unseen: Unseen,
    pub(crate) probes: Probes,
    pub(crate) waiting: WaitingRoom,
    pub(crate) tls: Tls,
    pub(crate) panel_domain: PanelDomain,
    pub(crate) proxy_signal: Notify,
    pub(crate) sweep: Notify,
    pub(crate) orphans: Orphans,
    pub(crate) disk: Disk,
    pub(crate) collector: Collector,
    /// Taken by the collector's task.
    to_collect: Mutex<Option<Requests>>,
}

/// Why Berth cannot start, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StartError {
    pub message: String,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StartError {
    /// What could not be done, with the fault.
    pub(crate) fn because(doing: &str, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { message: format!("Berth could not {doing}: {error}."), source: Some(Box::new(error)) }
    }
}

/// Opens the vault, and sees that it is the one that this store was sealed with.
async fn open_vault(config: &Config, store: &Store) -> Result<Vault, StartError> {
    const CHECK: &str = "vault.check";
    let failed = |error| StartError::because("read its database", error);
    let check = store.meta(CHECK).await.map_err(failed)?;
    let vault = Vault::open(&config.data, check.is_none())
        .map_err(|error| StartError { message: error.to_string(), source: None })?;
    match check {
        Some(check) => {
            vault.verify(&check).map_err(|error| StartError { message: error.to_string(), source: None })?
        }
        None => {
            let write = store.begin().await.map_err(failed)?;
            write.set_meta(CHECK, &vault.check_value()).await.map_err(failed)?;
            write.commit().await.map_err(failed)?;
        }
    }
    Ok(vault)
}

fn open_logs(config: &Config) -> Result<Logs, StartError> {
    Logs::open(config.data.join("logs"), LogBudget::new(config.log_budget, config.log_days))
        .map_err(|error| StartError::because("open its logs", error))
}

impl Engine {
    /// Opens the store and the vault in the data folder. Needs neither Docker nor the proxy.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let store =
            Store::open(&config).await.map_err(|error| StartError::because("open its database", error))?;
        let vault = open_vault(&config, &store).await?;
        let logs = open_logs(&config)?;
        let proxy = Proxy::open(proxy_config(&config))
            .await
            .map_err(|error| StartError::because("prepare the proxy's folder", error))?;
        let tls = Tls::open(&config, &store).await?;
        let (collector, requests) = Collector::new();
        let owner = uuid::Uuid::now_v7().to_string();
        let parts = Parts {
            naming: Naming::new(&config.instance),
            git: Git::new().with_scratch(scratch::of_process(&config.data, &owner)),
            owner,
            builds: Arc::new(Semaphore::new(config.concurrent_builds.max(1))),
            hosting: Hosting::new(&config.data),
            panel_domain: PanelDomain::open(&store).await?,
            config,
            store,
            vault,
            glances: Glances::default(),
            logs,
            front: Front::default(),
            docker: LazyDocker::default(),
            proxy,
            ids: Ids,
            queue: Notify::new(),
            running: DashMap::new(),
            turns: ServiceLocks::default(),
            mending: Mending::default(),
            route_locks: ServiceLocks::default(),
            dirty_routes: DirtyRoutes::default(),
            hook_locks: ServiceLocks::default(),
            polls: Polls::default(),
            previews: Previews::default(),
            connections: Connections::default(),
            unseen: Unseen::default(),
            probes: Probes::default(),
            waiting: WaitingRoom::default(),
            tls,
            proxy_signal: Notify::new(),
            sweep: Notify::new(),
            orphans: Orphans::default(),
            disk: Disk::default(),
            collector,
            to_collect: Mutex::new(Some(requests)),
        };
        Self { parts: Arc::new(parts) }.prepared().await
    }

    async fn prepared(self) -> Result<Self, StartError> {
        self.prepare_setup().await?;
        Ok(self)
    }

    /// Runs the background work until the token is cancelled: the queue, the reconcilers, the log collector.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), StartError> {
        let _alone = self.lock_data_folder()?;
        let requests = self.parts.to_collect.lock().ok().and_then(|mut held| held.take());
        let Some(requests) = requests else {
            return Err(StartError { message: "Berth's background work runs already.".into(), source: None });
        };
        self.clear_scratch().await;
        let mut supervisor = Supervisor::new(stop);
        supervisor.watch("collector", collector::run(self.clone(), requests));
        supervisor.watch("proxy", proxy_keeper::run(self.clone()));
        supervisor.watch("routes", routes::reconcile(self.clone()));
        supervisor.watch("certificates", certificates::run(self.clone()));
        supervisor.watch("waiting room", waiting::run(self.clone()));
        supervisor.watch("observer", observer::run(self.clone()));
        supervisor.watch("probes", probing::run(self.clone()));
        supervisor.watch("repositories", hosting::run(self.clone()));
        supervisor.watch("queue", rollout::work(self.clone()));
        supervisor.watch("mending", rollout::keep_mended(self.clone()));
        supervisor.watch("retention", retention::run(self.clone()));
        supervisor.watch("polling", polling::run(self.clone()));
        supervisor.watch("previews", previews::run(self.clone()));
        supervisor.watch("comments", previews::tell(self.clone()));
        supervisor.watch("statuses", statuses::run(self.clone()));
        supervisor.watch("disk", disk::run(self.clone()));
        supervisor.run().await.map_err(|died| StartError::because("go on", died))
    }

    /// Makes this the only Berth that works on the data folder, until the lock is dropped or the process dies.
    fn lock_data_folder(&self) -> Result<nix::fcntl::Flock<std::fs::File>, StartError> {
        let path = self.parts.config.data.join("lock");
        let file =
            std::fs::File::create(&path).map_err(|error| StartError::because("open its lock", error))?;
        nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).map_err(|(_, _)| {
            StartError {
                message: format!(
                    "Another Berth works on {}. Stop it first.",
                    self.parts.config.data.display()
                ),
                source: None,
            }
        })
    }

    /// The engine in the hands of an actor.
    pub fn acting_as(&self, actor: &Actor) -> Acting {
        Acting { engine: self.clone(), actor: actor.clone() }
    }

    /// The configuration it runs with.
    pub fn config(&self) -> &Config {
        &self.parts.config
    }

    /// What Berth remembers.
    pub(crate) fn store(&self) -> &Store {
        &self.parts.store
    }

    /// What seals and opens values.
    pub(crate) fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    /// Each part that Berth depends on: ok, or why not. No part is waited for longer than [`ANSWER_WITHIN`].
    pub async fn health(&self) -> Health {
        let docker = async {
            let version = self.docker().await?.version().await?;
            Ok::<_, crate::docker::DockerError>(format!("Docker Engine {}", version.engine))
        };
        let store = if self.parts.config.database_url.is_some() { "PostgreSQL" } else { "SQLite" };
        let (store, docker, proxy) = tokio::join!(
            part(async { self.parts.store.ping().await.map(|()| store.to_owned()) }),
            part(docker),
            part(async { self.parts.proxy.health().await.map(|()| self.parts.config.proxy_image.clone()) }),
        );
        let ok = store.ok && docker.ok && proxy.ok;
        Health { ok, version: env!("CARGO_PKG_VERSION").into(), store, docker, proxy }
    }
}

async fn part<E: std::fmt::Display>(answer: impl Future<Output = Result<String, E>>) -> PartHealth {
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(Ok(detail)) => PartHealth { ok: true, detail },
        Ok(Err(error)) => PartHealth { ok: false, detail: error.to_string() },
        Err(_) => {
            PartHealth { ok: false, detail: format!("No answer within {} s.", ANSWER_WITHIN.as_secs()) }
        }
    }
}

fn proxy_config(config: &Config) -> ProxyConfig {
    ProxyConfig {
        image: config.proxy_image.clone(),
        http_port: config.http_port,
        https_port: config.https_port,
        api_port: config.proxy_api_port,
        trusted: config.edge_proxies.clone(),
        ports: config.ports.clone(),
        ..ProxyConfig::new(&config.instance, config.data.join("proxy"))
    }
}
