//! Which of the machine's interfaces lead to containers: nobody asks the panel from there (R-NET-1).

use std::{collections::BTreeMap, time::Duration};

use crate::{
    Engine,
    docker::{DockerError, Labels, NetworkSummary},
    naming::INSTANCE,
};

/// How many digits of a network's id Docker puts into its bridge's name.
const DIGITS: usize = 12;

/// How long Docker may take to say whose networks there are.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Over which of these interfaces of the machine the panel may be asked: not over the bridges on which services,
    /// builds and the proxy live. A bridge of which Docker does not say now whose it is has no answer.
    pub async fn interfaces_open(&self, names: Vec<String>) -> BTreeMap<String, bool> {
        let networks = match names.iter().any(|name| network_of(name).is_some()) {
            true => tokio::time::timeout(ANSWER_WITHIN, self.all_networks()).await.ok().and_then(Result::ok),
            false => Some(Vec::new()),
        };
        let judged = |name: String| is_open(&name, networks.as_deref()).map(|open| (name, open));
        names.into_iter().filter_map(judged).collect()
    }

    async fn all_networks(&self) -> Result<Vec<NetworkSummary>, DockerError> {
        self.docker().await?.networks(&Labels::new()).await
    }
}

fn is_open(interface: &str, networks: Option<&[NetworkSummary]>) -> Option<bool> {
    // Docker's own bridge, where the steps of a build run.
    if interface == "docker0" {
        return Some(false);
    }
    match network_of(interface) {
        Some(id) => Some(!networks?.iter().any(|network| is_berths(network, id))),
        None => Some(true),
    }
}

/// What Docker calls the bridge of a network.
pub(crate) fn bridge_of(network: &str) -> String {
    format!("br-{}", network.get(..DIGITS).unwrap_or(network))
}

/// The beginning of the id of the network whose bridge this would be.
fn network_of(interface: &str) -> Option<&str> {
    let id = interface.strip_prefix("br-")?;
    let is_id = id.len() == DIGITS && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then_some(id)
}

/// Of this Berth or of another one on the same Docker.
fn is_berths(network: &NetworkSummary, id: &str) -> bool {
    network.id.starts_with(id) && network.labels.contains_key(INSTANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(label: &str) -> NetworkSummary {
        let labels = [(label.to_owned(), "any".to_owned())].into();
        NetworkSummary { id: "0123456789abcdef".into(), name: "n".into(), labels, ipv6: false }
    }

    #[test]
    fn only_a_name_that_docker_gives_is_a_networks_bridge() {
        assert_eq!(network_of("br-0123456789ab"), Some("0123456789ab"));
        for other in ["eth0", "br0", "br-lan", "br-0123456789ABC", "br-0123456789a", "wg0"] {
            assert_eq!(network_of(other), None, "{other}");
        }
    }

    #[test]
    fn r_net_1_the_bridges_of_any_berth_and_of_builds_lead_not_to_the_panel() {
        let (ours, theirs) = ([network(INSTANCE)], [network("com.docker.compose.project")]);
        let bridge = "br-0123456789ab";
        assert_eq!(is_open(bridge, Some(&ours)), Some(false));
        assert_eq!(is_open(bridge, Some(&theirs)), Some(true));
        assert_eq!(is_open("br-ffffffffffff", Some(&ours)), Some(true));
        assert_eq!(is_open("docker0", None), Some(false));
        assert_eq!(is_open("eth0", None), Some(true));
    }

    #[test]
    fn a_bridge_is_no_way_in_until_docker_says_whose_it_is() {
        assert_eq!(is_open("br-0123456789ab", None), None);
    }
}
