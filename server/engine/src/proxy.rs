//! The proxy: Traefik in a container of ours, told where requests go by files that we write.
//!
//! Traefik has no access to Docker. Labels say what exists, the files say what gets traffic: a file per service, staged
//! outside the watched folder, synced and renamed in, so that Traefik never sees half of one. See [`routes`] for what is
//! in a file and why nothing that a person types can become code in it.

mod answers;
mod base;
mod certificates;
mod container;
mod error;
mod files;
mod metrics;
mod middlewares;
mod own_network;
mod panel;
mod public;
mod render;
mod render_ports;
mod routes;
mod seen;
mod waiting_room;
mod yaml;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use container::ROLE;
pub use error::ProxyError;
pub use metrics::ServiceCounts;
pub use panel::PanelRoute;
pub use render::{CONFIRM_HEADER, route_file};
pub use routes::{Backend, Confirmation, Route, Server, ServiceRoutes};

use berth_domain::{
    domain_settings::IpRange,
    proxy_view::{ProxyView, SeenIpv6},
};
use subtle::ConstantTimeEq;

use crate::docker::{DockerError, Runtime};

/// What authorities ask below, at every host.
pub const CHALLENGES: &str = "/.well-known/acme-challenge/";
/// The headers by which the proxy shows that it asks, and for whom: nobody else's to read.
pub const OWN_HEADERS: [&str; 2] = [waiting_room::KEY_HEADER, waiting_room::FOR_HEADER];
/// The entry point of plain HTTP.
pub(crate) const WEB: &str = "web";
/// The entry point of HTTPS.
pub(crate) const SECURE: &str = "websecure";

/// Where the proxy lives and what it is called.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// Name of this Berth on this Docker.
    pub instance: String,
    /// The proxy's folder, `<data>/proxy`.
    pub folder: PathBuf,
    /// The same folder as the Docker daemon sees it, where that differs (Berth in a container of its own).
    pub folder_for_docker: Option<PathBuf>,
    /// Traefik's image.
    pub image: String,
    /// The public port.
    pub http_port: u16,
    /// The public port of HTTPS; 0 when there is none.
    pub https_port: u16,
    /// The port of Traefik's API, on the loopback only.
    pub api_port: u16,
    /// The ports that services can get which speak no HTTP.
    pub ports: Vec<u16>,
    /// Where Berth itself reaches the two ports.
    pub reach: IpAddr,
    /// The proxies in front that are believed when they say who asks.
    pub trusted: Vec<IpRange>,
}

impl ProxyConfig {
    /// The defaults for a folder.
    pub fn new(instance: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self {
            instance: instance.into(),
            folder: folder.into(),
            folder_for_docker: None,
            image: "traefik:v3.7".into(),
            http_port: 80,
            https_port: 0,
            api_port: 8079,
            ports: Vec::new(),
            reach: IpAddr::V4(Ipv4Addr::LOCALHOST),
            trusted: Vec::new(),
        }
    }

    /// The proxy's container.
    pub fn container_name(&self) -> String {
        format!("berth-{}-proxy", self.instance)
    }

    /// The proxy's own network. Docker gives the published ports to the network whose name sorts first, and moving them
    /// would cut connections whenever an environment's network is joined: `--` sorts before every environment.
    pub fn network_name(&self) -> String {
        format!("berth-{}--ingress", self.instance)
    }
}

/// The proxy, as the engine talks to it.
#[derive(Clone)]
pub struct Proxy {
    config: Arc<ProxyConfig>,
    key: Arc<str>,
    client: reqwest::Client,
}

impl Proxy {
    /// Prepares the folder, the key of the internal entry point and the base file; starts nothing.
    pub async fn open(config: ProxyConfig) -> Result<Self, ProxyError> {
        let key = files::prepare(&config.folder).await?;
        let waiting_room = waiting_room::last(&config.folder).await;
        let text = base::render(&key, waiting_room, config.https_port != 0, &config.ports)?;
        files::write(&config.folder, base::FILE, &text).await?;
        let client =
            crate::plain_http::client().timeout(Duration::from_secs(3)).build().map_err(|error| {
                ProxyError::Unreachable { what: "a client".into(), reason: error.to_string() }
            })?;
        Ok(Self { config: Arc::new(config), key: key.into(), client })
    }

    /// Where the waiting room listened last.
    pub async fn waiting_room(&self) -> Option<SocketAddr> {
        waiting_room::last(&self.config.folder).await
    }

    /// Leads to the waiting room there.
    pub async fn waiting_room_is_at(&self, at: SocketAddr) -> Result<(), ProxyError> {
        waiting_room::remember(&self.config.folder, at).await?;
        let text = base::render(&self.key, Some(at), self.config.https_port != 0, &self.config.ports)?;
        files::write(&self.config.folder, base::FILE, &text).await.map(drop)
    }

    /// Whether the proxy has sent a request to the waiting room, and for whom, by the request's headers.
    pub fn sent<'a>(&self, header: impl Fn(&str) -> Option<&'a str>) -> Option<Option<&'a str>> {
        let proof = header(waiting_room::KEY_HEADER).unwrap_or_default();
        let proven = proof.as_bytes().ct_eq(waiting_room::key(&self.key).as_bytes());
        bool::from(proven).then(|| header(waiting_room::FOR_HEADER))
    }

    /// What it was opened with.
    pub fn config(&self) -> &ProxyConfig {
        &self.config
    }

    /// Creates, re-creates or starts the container as needed, joins every network of this Berth's environments and
    /// waits until it answers. Cheap when all is as wanted.
    pub async fn ensure_running(&self, runtime: &dyn Runtime) -> Result<(), ProxyError> {
        container::ensure(&self.config, runtime).await?;
        self.await_health(Duration::from_secs(20)).await
    }

    /// The published ports that the proxy runs without, because other programs had them: `tcp/20003`.
    pub async fn left_out(&self, runtime: &dyn Runtime) -> Result<Vec<String>, DockerError> {
        public::left_out(&self.config, runtime).await
    }

    /// Whether visitors over IPv6 reach the proxy, in words.
    pub async fn ipv6(&self, runtime: &dyn Runtime) -> Result<SeenIpv6, DockerError> {
        own_network::seen(&self.config, runtime).await
    }

    /// Joins a network, so that instances in it can be routed to.
    pub async fn attach(&self, runtime: &dyn Runtime, network: &str) -> Result<(), DockerError> {
        runtime.connect_network(network, &self.config.container_name(), &[]).await
    }

    /// Leaves a network.
    pub async fn detach(&self, runtime: &dyn Runtime, network: &str) -> Result<(), DockerError> {
        runtime.disconnect_network(network, &self.config.container_name()).await
    }

    /// Stops and removes the container; routes stay on disk.
    pub async fn remove(&self, runtime: &dyn Runtime) -> Result<(), DockerError> {
        container::remove(&self.config, runtime).await
    }

    /// Writes a service's routes; `true` when that changed anything. They serve when [`Proxy::confirm`] says so.
    pub async fn write_routes(&self, routes: &ServiceRoutes) -> Result<bool, ProxyError> {
        let text = route_file(routes)?;
        files::write(&self.config.folder, &files::file_of(&routes.service)?, &text).await
    }

    /// The file of a service as it is on disk, to put back if a switch fails.
    pub async fn routes_on_disk(&self, service: &str) -> Result<Option<String>, ProxyError> {
        files::read(&self.config.folder, &files::file_of(service)?).await
    }

    /// Puts back what [`Proxy::routes_on_disk`] gave; `None` removes.
    pub async fn restore_routes(&self, service: &str, text: Option<&str>) -> Result<(), ProxyError> {
        match text {
            Some(text) => {
                files::write(&self.config.folder, &files::file_of(service)?, text).await?;
                Ok(())
            }
            None => self.remove_routes(service).await,
        }
    }

    /// Removes a service's routes; absent is fine.
    pub async fn remove_routes(&self, service: &str) -> Result<(), ProxyError> {
        files::remove(&self.config.folder, &files::file_of(service)?).await
    }

    /// The services that have a file, for a reconciler to compare.
    pub async fn services_on_disk(&self) -> Result<Vec<String>, ProxyError> {
        files::services(&self.config.folder).await
    }

    /// Waits until Traefik itself says that it has these routes and answers by them at the public entry point;
    /// answers how long that took.
    pub async fn confirm(&self, routes: &ServiceRoutes, deadline: Duration) -> Result<Duration, ProxyError> {
        answers::confirm(self, routes, &|_| true, deadline).await
    }

    /// The same for some of the routes.
    pub async fn confirm_some(
        &self,
        routes: &ServiceRoutes,
        only: &(dyn Fn(&Route) -> bool + Sync),
        deadline: Duration,
    ) -> Result<Duration, ProxyError> {
        answers::confirm(self, routes, only, deadline).await
    }

    /// Whether Traefik answers.
    pub async fn health(&self) -> Result<(), ProxyError> {
        answers::ping(self).await
    }

    /// How many requests each Traefik service has answered since the proxy started, by service as in the files.
    pub async fn counts(&self) -> Result<Vec<ServiceCounts>, ProxyError> {
        let text = self.internal("/metrics").await?;
        Ok(metrics::parse(&text))
    }

    /// What Traefik has of these files, without what is nobody's to know.
    pub async fn seen(&self, of: &(dyn Fn(&str) -> bool + Sync)) -> Result<ProxyView, ProxyError> {
        seen::view(self, of).await
    }

    async fn await_health(&self, deadline: Duration) -> Result<(), ProxyError> {
        let started = tokio::time::Instant::now();
        loop {
            match self.health().await {
                Ok(()) => return Ok(()),
                Err(error) if started.elapsed() > deadline => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Asks the internal entry point.
    async fn internal(&self, path: &str) -> Result<String, ProxyError> {
        let url =
            format!("http://{}{path}", std::net::SocketAddr::new(self.config.reach, self.config.api_port));
        answers::text(self.client.get(&url).header(base::KEY_HEADER, &*self.key), &url).await
    }
}
