//! A service as the proxy sees it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that Traefik has of a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProxyView {
    pub routers: Vec<SeenRouter>,
    pub services: Vec<SeenTarget>,
    pub middlewares: Vec<SeenMiddleware>,
    pub ipv6: SeenIpv6,
}

/// Whether visitors over IPv6 reach the proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenIpv6 {
    /// Whether the proxy's network has it.
    pub on: bool,
    /// What that means, and why not.
    pub words: String,
}

/// Which requests are taken, and where they go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenRouter {
    pub name: String,
    pub rule: String,
    pub entry_points: Vec<String>,
    pub service: String,
    /// In the order in which a request meets them.
    pub middlewares: Vec<String>,
    /// `enabled`, or `disabled` or `warning` with the faults that Traefik found.
    pub status: String,
    pub faults: Vec<String>,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenTarget {
    pub name: String,
    /// `weighted` between others, or a `loadbalancer` of instances.
    pub kind: String,
    /// The addresses of instances, or the services with their weights.
    pub leads_to: Vec<String>,
    pub sticky: bool,
    pub status: String,
    pub faults: Vec<String>,
}

/// What is done with a request on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenMiddleware {
    pub name: String,
    /// What it is: `headers`, `basicauth`, `ratelimit`.
    pub kind: String,
    /// How it is set; users without their passwords.
    pub settings: BTreeMap<String, String>,
    pub status: String,
    pub faults: Vec<String>,
}
