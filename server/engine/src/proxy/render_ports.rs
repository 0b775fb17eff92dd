//! The file of a service's published ports: a pure function of them.
//!
//! There is one file for each port of the instances. The routers' names carry the nonce, so that Traefik's API tells
//! whether it has exactly this file: what speaks no HTTP cannot be asked who answered.

use berth_domain::published_port::{Protocol, PublishedPort};

use super::error::ProxyError;
use super::render::{check_backends, is_word};
use super::routes::{Backend, ServiceRoutes};
use super::yaml::Document;

/// How much of the nonce a router's name has.
const MARK: usize = 16;
/// The rule of everybody who connects.
const EVERYBODY: &str = "HostSNI(`*`)";
/// Above the router of nobody's ports.
const PRIORITY: u8 = 100;
/// The router and service of ports that lead nowhere; no service's names begin so.
const NOBODY: &str = "berth-nobody-port";

/// The entry point of a port.
pub(super) fn entry_point(protocol: Protocol, port: u16) -> String {
    format!("{protocol}-{port}")
}

/// The file's text. Refuses what Traefik would refuse: one bad file in its folder would stop every later change.
pub(super) fn port_file(routes: &ServiceRoutes) -> Result<String, ProxyError> {
    check(routes)?;
    let mut file = Document::default();
    file.line(0, "# Written by Berth, and written again at the next change: edits are lost.");
    for protocol in Protocol::ALL {
        let mut ports = routes.ports.iter().filter(|one| one.protocol == protocol).peekable();
        if ports.peek().is_none() {
            continue;
        }
        file.line(0, &format!("{protocol}:")).line(1, "routers:");
        for port in ports {
            file.head(2, &router_name(routes, port));
            if protocol == Protocol::Tcp {
                file.entry(3, "rule", EVERYBODY).line(3, &format!("priority: {PRIORITY}"));
            }
            file.list(3, "entryPoints", [entry_point(protocol, port.port).as_str()]);
            file.entry(3, "service", &answering_name(routes));
        }
        services(&mut file, routes);
    }
    Ok(file.finish())
}

/// Has who connects to a port that leads nowhere be sent away at once. Without a router Traefik would wait for HTTP there.
pub(super) fn nobody(file: &mut Document, ports: &[u16]) {
    if ports.is_empty() {
        return;
    }
    let points: Vec<_> = ports.iter().map(|port| entry_point(Protocol::Tcp, *port)).collect();
    file.line(0, "tcp:").line(1, "routers:").head(2, NOBODY).entry(3, "rule", EVERYBODY);
    file.line(3, "priority: 1").list(3, "entryPoints", points.iter().map(String::as_str));
    file.entry(3, "service", NOBODY);
    file.line(1, "services:").head(2, NOBODY).line(3, "loadBalancer:").line(4, "servers: []");
}

fn services(file: &mut Document, routes: &ServiceRoutes) {
    file.line(1, "services:");
    file.head(2, &answering_name(routes));
    if routes.backends.is_empty() {
        // Who comes is sent away at once: there is no page to show.
        file.line(3, "loadBalancer:").line(4, "servers: []");
        return;
    }
    file.line(3, "weighted:").line(4, "services:");
    for backend in &routes.backends {
        file.entry(5, "- name", &backend_name(routes, backend));
        file.line(6, &format!("weight: {}", backend.weight));
    }
    for backend in &routes.backends {
        file.head(2, &backend_name(routes, backend)).line(3, "loadBalancer:").line(4, "servers:");
        for server in &backend.servers {
            file.entry(5, "- address", &format!("{}:{}", server.container, server.port));
        }
    }
}

fn check(routes: &ServiceRoutes) -> Result<(), ProxyError> {
    let refuse = |reason: &str| {
        Err(ProxyError::Invalid { service: routes.service.clone(), reason: reason.to_owned() })
    };
    if !is_word(&routes.service) || !is_word(&routes.confirmation.nonce) {
        return refuse("its key and the confirmation must be letters, digits and `-`");
    }
    if !routes.routes.is_empty() || routes.waits_for.is_some() {
        return refuse("published ports have a file of their own");
    }
    let is_twice = |(index, one): (usize, &PublishedPort)| {
        routes.ports[..index].iter().any(|other| other.address() == one.address())
    };
    if routes.ports.iter().any(|one| one.port == 0) || routes.ports.iter().enumerate().any(is_twice) {
        return refuse("a port is there twice, or is none");
    }
    if !routes.backends.is_empty() && routes.backends.iter().all(|backend| backend.weight == 0) {
        return refuse("no deployment would answer");
    }
    check_backends(routes)
}

/// The router of a port, which Traefik's API is asked for.
pub(super) fn router_name(routes: &ServiceRoutes, port: &PublishedPort) -> String {
    let nonce = &routes.confirmation.nonce;
    let mark = nonce.get(..MARK).unwrap_or(nonce);
    format!("{}-{}-{}-{mark}", routes.service, port.protocol, port.port)
}

fn answering_name(routes: &ServiceRoutes) -> String {
    format!("{}-live", routes.service)
}

fn backend_name(routes: &ServiceRoutes, backend: &Backend) -> String {
    format!("{}-at-{}", routes.service, backend.deployment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::{Server, route_file};

    fn routes(backends: Vec<Backend>) -> ServiceRoutes {
        let port = |protocol, port| PublishedPort { protocol, port, target: 5432 };
        let ports = vec![port(Protocol::Tcp, 20000), port(Protocol::Tcp, 20001), port(Protocol::Udp, 20000)];
        ServiceRoutes::to_ports("key-ports-5432", ports, backends, "n0nce")
    }

    fn backend(deployment: &str, weight: u32) -> Backend {
        let server = Server { container: format!("db-{deployment}"), port: 5432 };
        Backend { deployment: deployment.into(), servers: vec![server], weight }
    }

    #[test]
    fn ports_of_both_protocols_lead_to_two_deployments_by_weight() {
        insta::assert_snapshot!(
            route_file(&routes(vec![backend("d1", 90), backend("d2", 10)])).expect("a file")
        );
    }

    #[test]
    fn where_nobody_answers_connections_are_closed() {
        let text = route_file(&routes(Vec::new())).expect("a file");
        assert!(text.contains("servers: []") && !text.contains("weighted"), "{text}");
    }

    #[test]
    fn what_traefik_would_refuse_is_never_written() {
        let mut twice = routes(Vec::new());
        twice.ports.push(twice.ports[0]);
        assert!(route_file(&twice).is_err());
        assert!(route_file(&routes(vec![backend("d1", 0)])).is_err());
        assert!(route_file(&routes(vec![backend("a`b", 1)])).is_err());
        assert!(route_file(&routes(vec![backend("d1", 1), backend("d1", 1)])).is_err());
    }

    #[test]
    fn another_file_has_other_routers() {
        let (one, mut other) = (routes(Vec::new()), routes(Vec::new()));
        other.confirmation.nonce = "other".into();
        assert_ne!(router_name(&one, &one.ports[0]), router_name(&other, &one.ports[0]));
    }
}
