//! Where a service's requests go, as values that can be trusted to be what they are.

use std::time::Duration;

use berth_domain::domain_name::{HostName, PathPrefix};
use berth_domain::domain_settings::{DomainSettings, IpRange};
use berth_domain::published_port::PublishedPort;

/// What the proxy confirms with when the waiting room answers.
const WAITING: &str = "waiting-room";
/// What stands for the deployment where it cannot be asked for.
const NOBODY: &str = "nobody";

/// All routes of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRoutes {
    /// The service's key: the name of its file and the first part of every name in it. Letters, digits and `-`.
    pub service: String,
    /// What leads to it over HTTP; nothing in a file of published ports.
    pub routes: Vec<Route>,
    /// The ports of the machine that lead to it without HTTP.
    pub ports: Vec<PublishedPort>,
    /// Who answers, each a deployment with its weight; nobody when the waiting room does.
    pub backends: Vec<Backend>,
    /// The waiting room answers, and is told this of whom a request is for. Letters, digits and `-`.
    pub waits_for: Option<String>,
    /// How the routes are recognised once they serve.
    pub confirmation: Confirmation,
    /// How long the proxy may hold back bytes of a streamed answer. (Server-sent events are never held back.)
    pub flush: Duration,
    /// The entry points that take the requests.
    pub entry_points: Vec<String>,
    /// The proxies in front that are believed when they say who asks.
    pub trusted: Vec<IpRange>,
    /// No visitor comes this way: it is only tried whether the instances answer.
    pub trial: bool,
}

impl ServiceRoutes {
    /// Routes to one deployment with the defaults.
    pub fn to_one(
        service: impl Into<String>,
        routes: Vec<Route>,
        backend: Backend,
        nonce: impl Into<String>,
    ) -> Self {
        let confirmation = Confirmation { deployment: backend.deployment.clone(), nonce: nonce.into() };
        Self::new(service, routes, vec![backend], confirmation)
    }

    /// Routes with the defaults.
    pub fn new(
        service: impl Into<String>,
        routes: Vec<Route>,
        backends: Vec<Backend>,
        confirmation: Confirmation,
    ) -> Self {
        Self {
            service: service.into(),
            routes,
            ports: Vec::new(),
            backends,
            waits_for: None,
            confirmation,
            flush: Duration::from_millis(100),
            entry_points: vec![super::WEB.into()],
            trusted: Vec::new(),
            trial: false,
        }
    }

    /// Published ports that lead to instances, or to nobody: then who connects is sent away.
    pub fn to_ports(
        service: impl Into<String>,
        ports: Vec<PublishedPort>,
        backends: Vec<Backend>,
        nonce: impl Into<String>,
    ) -> Self {
        let confirmation = Confirmation { deployment: NOBODY.into(), nonce: nonce.into() };
        Self { ports, ..Self::new(service, Vec::new(), backends, confirmation) }
    }

    /// Routes to the waiting room.
    pub fn to_waiting_room(
        service: impl Into<String>,
        routes: Vec<Route>,
        waits_for: impl Into<String>,
        nonce: impl Into<String>,
    ) -> Self {
        let confirmation = Confirmation { deployment: WAITING.into(), nonce: nonce.into() };
        Self { waits_for: Some(waits_for.into()), ..Self::new(service, routes, Vec::new(), confirmation) }
    }
}

/// One host and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The host name.
    pub host: HostName,
    /// The path below which it answers.
    pub path: PathPrefix,
    /// What is done with its requests.
    pub settings: DomainSettings,
    /// Those who may come in, each `user:hash`.
    pub logins: Vec<String>,
    /// The public HTTPS port, once the domain has a certificate.
    pub https: Option<u16>,
}

impl Route {
    /// A host and path with the defaults.
    pub fn new(host: HostName, path: PathPrefix) -> Self {
        Self { host, path, settings: DomainSettings::default(), logins: Vec::new(), https: None }
    }
}

/// One deployment that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The deployment's id.
    pub deployment: String,
    /// Its instances.
    pub servers: Vec<Server>,
    /// Its share of the requests among all weights.
    pub weight: u32,
}

/// One instance that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The container's unique name. Never an address: Docker gives a freed address to the next container.
    pub container: String,
    /// The port inside the container.
    pub port: u16,
}

/// How the proxy shows that it serves exactly these routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// What the proxy answers with.
    pub deployment: String,
    /// What must be known to be answered: new for each write, so that an older file cannot answer for this one.
    pub nonce: String,
}
