//! The proxy's own network, with IPv6 where the machine has it: else Docker carries what comes over IPv6 into the
//! container over IPv4, and every such visitor has the address of the bridge (R-V6-1).

use std::net::{Ipv6Addr, TcpListener};

use berth_domain::proxy_view::SeenIpv6;
use sha2::{Digest, Sha256};
use tracing::warn;

use super::ProxyConfig;
use super::container::own_labels;
use crate::docker::{DockerError, Runtime};

/// Whether this machine has IPv6: Docker refuses ports and networks of it elsewhere.
pub(super) fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// Makes the network. One from before that has no IPv6 is made anew; the proxy, which alone is in it, is not there now.
pub(super) async fn ensure(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<(), DockerError> {
    let (name, labels) = (config.network_name(), own_labels(config));
    if has_ipv6() {
        match find(config, runtime).await? {
            Some(true) => return Ok(()),
            Some(false) => {
                if let Err(error) = runtime.remove_network(&name).await {
                    warn!(%error, "the proxy's network stays without IPv6, because something else is in it");
                    return Ok(());
                }
            }
            None => {}
        }
        match runtime.ensure_dual_network(&name, &labels, &subnet(config)).await {
            Ok(_) => return Ok(()),
            Err(error) => {
                warn!(%error, "Docker makes no network with IPv6 for the proxy; it gets one without")
            }
        }
    }
    runtime.ensure_network(&name, &labels).await.map(drop)
}

/// Whether the network has IPv6; nothing when it is not there.
async fn find(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<Option<bool>, DockerError> {
    let found = runtime.networks(&own_labels(config)).await?;
    Ok(found.into_iter().find(|network| network.name == config.network_name()).map(|network| network.ipv6))
}

pub(super) async fn seen(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<SeenIpv6, DockerError> {
    let on = find(config, runtime).await? == Some(true);
    let words = match (has_ipv6(), on) {
        (false, _) => "This machine has no IPv6: nobody comes over it.",
        (true, true) => {
            "Visitors over IPv6 are answered. They come with their own addresses where Docker forwards IPv6 itself \
             (ip6tables, on by default since Docker 27); where it does not, they have the address of the proxy's network."
        }
        (true, false) => {
            "Visitors over IPv6 are answered, but all have the same address: Docker made no network with IPv6 for \
             the proxy. Berth's log says why."
        }
    };
    Ok(SeenIpv6 { on, words: words.to_owned() })
}

/// A subnet of addresses for private use (RFC 4193), always the same for a Berth: Docker before 27 gives none by itself.
fn subnet(config: &ProxyConfig) -> String {
    let hash = Sha256::digest(format!("{} {}", config.network_name(), config.folder.display()));
    format!("fd{:02x}:{:02x}{:02x}:{:02x}{:02x}::/64", hash[0], hash[1], hash[2], hash[3], hash[4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_v6_1_each_berth_has_a_subnet_of_its_own() {
        let subnet = |instance: &str| subnet(&ProxyConfig::new(instance, "/var/lib/berth/proxy"));
        assert_eq!(subnet("main"), subnet("main"));
        assert_ne!(subnet("main"), subnet("other"));
        let whole = subnet("main");
        let (address, length) = whole.split_once('/').expect("a length");
        let address: Ipv6Addr = address.parse().expect("an address");
        assert!(address.is_unique_local() && length == "64", "{whole}");
    }
}
