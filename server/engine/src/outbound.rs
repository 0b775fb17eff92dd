//! Requests to addresses that people enter (R-SEC-9): nobody gets to see the machine's own networks through Berth.
//!
//! The name is resolved here, every address is judged, and the request goes to those very addresses. No redirect is
//! followed, and no proxy asked, which would resolve the name once more.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use url::{Host, Url};

/// How long a name may take to be resolved, and a connection to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long an answer may take as a whole.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Why an address is not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("{0} is no http or https address")]
    NotHttp(String),
    #[error("{0} cannot be found: no name server knows it")]
    Unknown(String),
    #[error(
        "{host} is at {address}, in one of this machine's own networks, which Berth does not ask for people. \
         Whoever runs Berth can allow it: BERTH_PRIVATE_HOSTS={host}"
    )]
    Private { host: String, address: IpAddr },
    #[error("no client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// A client for the host of this address, bound to what the name resolves to now.
pub(crate) async fn client_for(url: &Url, allowed: &[String]) -> Result<reqwest::Client, OutboundError> {
    let not_http = || OutboundError::NotHttp(url.as_str().to_owned());
    if !matches!(url.scheme(), "http" | "https") {
        return Err(not_http());
    }
    let (host, port) = url.host().zip(url.port_or_known_default()).ok_or_else(not_http)?;
    let shown = host.to_string();
    let addresses = addresses_of(&host, port, allowed).await?;
    let builder = reqwest::Client::builder()
        .user_agent(concat!("berth/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .pool_max_idle_per_host(0)
        .resolve_to_addrs(&shown, &addresses);
    Ok(builder.build()?)
}

/// The addresses of a host that may be asked.
pub(crate) async fn addresses_of(
    host: &Host<&str>,
    port: u16,
    allowed: &[String],
) -> Result<Vec<SocketAddr>, OutboundError> {
    let shown = host.to_string();
    let addresses = resolved(host, port).await.ok_or_else(|| OutboundError::Unknown(shown.clone()))?;
    if !is_allowed(allowed, &shown, port)
        && let Some(private) = addresses.iter().find(|address| !is_public(address.ip()))
    {
        return Err(OutboundError::Private { host: shown, address: private.ip() });
    }
    Ok(addresses)
}

async fn resolved(host: &Host<&str>, port: u16) -> Option<Vec<SocketAddr>> {
    let name = match host {
        Host::Ipv4(address) => return Some(vec![(*address, port).into()]),
        Host::Ipv6(address) => return Some(vec![(*address, port).into()]),
        Host::Domain(name) => *name,
    };
    let found =
        tokio::time::timeout(CONNECT_WITHIN, tokio::net::lookup_host((name, port))).await.ok()?.ok()?;
    let addresses: Vec<SocketAddr> = found.collect();
    (!addresses.is_empty()).then_some(addresses)
}

fn is_allowed(allowed: &[String], host: &str, port: u16) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let with_port = format!("{host}:{port}");
    allowed.iter().any(|one| [host, bare, with_port.as_str()].iter().any(|is| one.eq_ignore_ascii_case(is)))
}

/// Whether an address is one of the internet's, and not of this machine, its networks or its provider's.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (18..20).contains(&b);
    !(a == 0
        || a >= 240
        || shared
        || protocol
        || benchmark
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner = |high: u16, low: u16| {
        let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(one, two, three, four))
    };
    match (a, b) {
        // An address of version 4 in another form: mapped, compatible, translated, 6to4.
        (0, 0) if [c, d, e] == [0, 0, 0] && matches!(f, 0 | 0xffff) => inner(g, h),
        (0x64, 0xff9b) => inner(g, h),
        (0x2002, _) => inner(b, c),
        // Of what is left only 2000::/3 is given out; 2001:db8::/32 is for books, 2001::/32 is tunnelled.
        (0x2001, 0 | 0xdb8) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_sec_9_the_machines_own_networks_are_told_from_the_internet() {
        let own = [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ];
        for address in own {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "140.82.112.3", "2606:4700::1111", "2002:101:101::", "::ffff:1.1.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    async fn asked(url: &str, allowed: &[&str]) -> Result<(), OutboundError> {
        let allowed: Vec<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
        client_for(&url.parse().unwrap(), &allowed).await.map(drop)
    }

    #[tokio::test]
    async fn r_sec_9_private_hosts_are_asked_only_when_they_are_allowed() {
        for url in [
            "http://127.0.0.1:5000/v2/",
            "http://[::1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://localhost:5000/",
            "http://2130706433/",
            "http://0x7f.1/",
        ] {
            assert!(matches!(asked(url, &[]).await, Err(OutboundError::Private { .. })), "{url}");
        }
        assert!(matches!(asked("file:///etc/passwd", &[]).await, Err(OutboundError::NotHttp(_))));
        assert!(asked("http://127.0.0.1:5000/", &["127.0.0.1:5000"]).await.is_ok());
        assert!(asked("http://[::1]/", &["::1"]).await.is_ok());
        assert!(asked("http://127.0.0.1:5001/", &["127.0.0.1:5000"]).await.is_err());
    }
}
