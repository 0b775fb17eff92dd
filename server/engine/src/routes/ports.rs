//! The files of the published ports: one for each port of the instances.

use std::collections::BTreeMap;

use berth_domain::published_port::PublishedPort;

use super::{Lead, Led, backend};
use crate::proxy::ServiceRoutes;

impl Lead<'_> {
    /// The files of the domains and of the published ports.
    pub(super) fn all_files(
        &self,
        domains: &[Led],
        published: &[PublishedPort],
        digest: impl Fn(&str) -> String,
    ) -> Vec<ServiceRoutes> {
        let mut files = self.files(domains, &digest);
        let mut by_target: BTreeMap<u16, Vec<PublishedPort>> = BTreeMap::new();
        for port in published {
            by_target.entry(port.target).or_default().push(*port);
        }
        files.extend(by_target.into_iter().map(|(target, ports)| self.port_file(target, ports, &digest)));
        files
    }

    /// In maintenance and in a pause nobody answers: nothing without HTTP can be told to wait.
    fn port_file(
        &self,
        target: u16,
        ports: Vec<PublishedPort>,
        digest: &impl Fn(&str) -> String,
    ) -> ServiceRoutes {
        let name = format!("{}-ports-{target}", self.key);
        let shares = self.traffic.shares.iter().filter(|_| !(self.waits)(None));
        let backends: Vec<_> = shares.filter_map(|share| backend(share, Some(target))).collect();
        let nonce = digest(&format!("{name} {ports:?} {backends:?}"));
        ServiceRoutes::to_ports(name, ports, backends, nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::tests::{lead, share};
    use berth_domain::{published_port::Protocol, traffic::Traffic};

    fn published(protocol: Protocol, port: u16, target: u16) -> PublishedPort {
        PublishedPort { protocol, port, target }
    }

    #[test]
    fn each_port_of_the_instances_has_a_file() {
        let traffic = Traffic::to(vec![share(2, 10, &["n"]), share(1, 90, &["o"])]);
        let ports = [
            published(Protocol::Tcp, 20000, 5432),
            published(Protocol::Udp, 20000, 53),
            published(Protocol::Tcp, 20001, 5432),
        ];
        let files = lead(&traffic, &|_| false).all_files(&[], &ports, str::to_owned);
        let seen: Vec<_> =
            files.iter().map(|f| (f.service.as_str(), f.ports.len(), f.backends.len())).collect();
        assert_eq!(seen, [("key-ports-53", 1, 2), ("key-ports-5432", 2, 2)]);
        assert_eq!(files[1].backends[0].servers[0].port, 5432);
    }

    #[test]
    fn in_maintenance_nobody_answers_at_a_port() {
        let traffic = Traffic::to(vec![share(1, 100, &["o"])]);
        let ports = [published(Protocol::Tcp, 20000, 5432)];
        let files = lead(&traffic, &|_| true).all_files(&[], &ports, str::to_owned);
        assert!(files[0].backends.is_empty() && files[0].waits_for.is_none());
    }
}
