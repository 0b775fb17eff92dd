//! The ports of the machine that lead to the proxy: HTTP, HTTPS, its API, and those that services can get without HTTP.
//! All are there from the start, so that a service gets one without another proxy.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};

use berth_domain::published_port::Protocol;

use super::ProxyConfig;
use super::container::{INTERNAL_PORT, LEFT_OUT, SECURE_PORT, WEB_PORT};
use super::own_network::has_ipv6;
use super::render_ports::entry_point;
use crate::docker::{DockerError, PublishedPort, Runtime};

/// The first of the container's ports for services without HTTP: away from its others, and above 1023.
const FIRST: u16 = 40_000;

/// Everything that is published.
pub(super) fn all(config: &ProxyConfig) -> Vec<PublishedPort> {
    let one =
        |address, port, container_port, protocol| PublishedPort { address, port, container_port, protocol };
    let mut ports = vec![one(IpAddr::V4(Ipv4Addr::LOCALHOST), config.api_port, INTERNAL_PORT, Protocol::Tcp)];
    for address in addresses() {
        ports.push(one(address, config.http_port, WEB_PORT, Protocol::Tcp));
        if config.https_port != 0 {
            ports.push(one(address, config.https_port, SECURE_PORT, Protocol::Tcp));
        }
        for (protocol, port, inside) in published(config) {
            ports.push(one(address, port, inside, protocol));
        }
    }
    ports
}

fn addresses() -> Vec<IpAddr> {
    let four = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    // Docker refuses an IPv6 port on a machine without IPv6.
    if has_ipv6() { vec![four, IpAddr::V6(Ipv6Addr::UNSPECIFIED)] } else { vec![four] }
}

/// The ports for services with those of the container.
fn published(config: &ProxyConfig) -> impl Iterator<Item = (Protocol, u16, u16)> + '_ {
    let each = config.ports.iter().zip(FIRST..);
    each.flat_map(|(port, inside)| Protocol::ALL.map(|protocol| (protocol, *port, inside)))
}

fn name(protocol: Protocol, port: u16) -> String {
    format!("{protocol}/{port}")
}

/// The names of all ports for services.
pub(super) fn names(config: &ProxyConfig) -> Vec<String> {
    published(config).map(|(protocol, port, _)| name(protocol, port)).collect()
}

/// Their entry points.
pub(super) fn entry_points(config: &ProxyConfig) -> Vec<String> {
    let all = published(config);
    all.map(|(protocol, port, inside)| {
        format!("--entryPoints.{}.address=:{inside}/{protocol}", entry_point(protocol, port))
    })
    .collect()
}

/// Without some of the ports for services.
pub(super) fn without(
    mut ports: Vec<PublishedPort>,
    config: &ProxyConfig,
    left_out: &[String],
) -> Vec<PublishedPort> {
    let is_left_out = |one: &PublishedPort| {
        config.ports.contains(&one.port)
            && one.container_port >= FIRST
            && left_out.contains(&name(one.protocol, one.port))
    };
    ports.retain(|one| !is_left_out(one));
    ports
}

/// The ports for services that other programs have, or the proxy itself for HTTP. Asked while the proxy is away.
pub(super) fn taken(config: &ProxyConfig) -> Vec<String> {
    let own = [config.http_port, config.https_port, config.api_port];
    let is_taken = |protocol: Protocol, port: u16| {
        (protocol == Protocol::Tcp && own.contains(&port))
            || addresses().into_iter().any(|address| is_in_use(protocol, address, port))
    };
    let taken = published(config).filter(|(protocol, port, _)| is_taken(*protocol, *port));
    taken.map(|(protocol, port, _)| name(protocol, port)).collect()
}

fn is_in_use(protocol: Protocol, address: IpAddr, port: u16) -> bool {
    let bound = match protocol {
        Protocol::Tcp => TcpListener::bind((address, port)).map(drop),
        Protocol::Udp => UdpSocket::bind((address, port)).map(drop),
    };
    // What only the system may bind is Docker's to bind.
    bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

/// What the proxy was made without.
pub(super) async fn left_out(
    config: &ProxyConfig,
    runtime: &dyn Runtime,
) -> Result<Vec<String>, DockerError> {
    let found = runtime.inspect_instance(&config.container_name()).await?;
    let label = found.and_then(|mut found| found.labels.remove(LEFT_OUT)).unwrap_or_default();
    Ok(label.split_ascii_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_on_the_loopback_only() {
        let ports = all(&ProxyConfig::new("main", "/x"));
        let internal = ports.iter().filter(|p| p.container_port == INTERNAL_PORT).collect::<Vec<_>>();
        assert!(internal.len() == 1 && internal[0].address.is_loopback(), "{internal:?}");
    }

    #[test]
    fn each_port_for_services_has_an_entry_point_for_both_protocols() {
        let config = ProxyConfig { ports: vec![5432, 20000], ..ProxyConfig::new("main", "/x") };
        let points = entry_points(&config);
        assert!(points.contains(&"--entryPoints.tcp-20000.address=:40001/tcp".to_owned()), "{points:?}");
        assert!(points.contains(&"--entryPoints.udp-5432.address=:40000/udp".to_owned()), "{points:?}");
        assert_eq!(points.len(), 4);
    }

    #[test]
    fn a_port_that_another_program_has_is_found() {
        let held = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
        let port = held.local_addr().expect("an address").port();
        let config = ProxyConfig { ports: vec![port], ..ProxyConfig::new("main", "/x") };
        assert!(taken(&config).contains(&format!("tcp/{port}")));
    }

    #[test]
    fn the_proxys_own_ports_are_no_services() {
        let own = ProxyConfig { http_port: 20000, ports: vec![20000], ..ProxyConfig::new("main", "/x") };
        assert!(taken(&own).contains(&"tcp/20000".to_owned()));
        let ports = without(all(&own), &own, &taken(&own));
        let web: Vec<_> =
            ports.iter().filter(|one| one.port == 20000 && one.protocol == Protocol::Tcp).collect();
        assert!(!web.is_empty() && web.iter().all(|one| one.container_port == WEB_PORT), "{web:?}");
    }
}
