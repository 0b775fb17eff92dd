//! Who is at the other end of a connection, also behind proxies that the operator trusts.

use axum::http::HeaderMap;
use std::{net::IpAddr, str::FromStr};

/// Addresses with the same first bits: `10.0.0.0/8`, or a single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network such as 10.0.0.0/8 or 192.0.2.1");
        let (base, bits) = text.trim().split_once('/').map_or((text.trim(), None), |(a, b)| (a, Some(b)));
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Self { base, bits }) }
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        let same = |one: u128, other: u128, width: u8| {
            let rest = u32::from(width - self.bits);
            one.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
        };
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                same(u32::from(base).into(), u32::from(address).into(), 32)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => same(base.into(), address.into(), 128),
            _ => false,
        }
    }
}

/// The client's address: the peer's, unless the peer is a trusted proxy; then the last one in `X-Forwarded-For` that is
/// none. What a client wrote there itself stands before that and is not believed (R-SEC-7).
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let peer = peer.to_canonical();
    if is_one_of(trusted, peer) { behind(peer, headers, trusted) } else { peer }
}

fn is_one_of(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.holds(address))
}

/// The same where the peer is known to be a proxy of ours.
pub fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer;
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for text in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        let Ok(address) = text.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_one_of(trusted, client) {
            break;
        }
    }
    client
}

/// Whether a proxy says that it passes on somebody else's request.
pub fn is_passed_on(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"].iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn r_sec_7_only_a_trusted_proxy_is_believed() {
        assert_eq!(of("203.0.113.9", &["1.2.3.4"], &[]), "203.0.113.9");
        assert_eq!(of("203.0.113.9", &["1.2.3.4"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(of("10.0.0.2", &["1.2.3.4"], &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(of("10.0.0.2", &["6.6.6.6, 1.2.3.4, 10.9.9.9"], &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(of("10.0.0.2", &["6.6.6.6", "1.2.3.4"], &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(of("10.0.0.2", &["1.2.3.4, nonsense"], &["10.0.0.2"]), "10.0.0.2");
        assert_eq!(of("::ffff:10.0.0.2", &["2001:db8::1"], &["10.0.0.2"]), "2001:db8::1");
        assert_eq!(of("fd00::2", &["1.2.3.4"], &["fd00::/8"]), "1.2.3.4");
        assert_eq!(of("8.8.8.8", &["1.2.3.4"], &["0.0.0.0/0"]), "1.2.3.4");
    }

    #[test]
    fn a_network_is_read_strictly() {
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "a/8", "::/129", "10.0.0.0/"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
