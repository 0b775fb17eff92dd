//! What is seen to before an authority is asked: a name that cannot be proven costs no order, and its domain says why.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use berth_domain::certificate::not_public;
use rand::{Rng, distr::Alphanumeric};

use crate::{Engine, acme::Authority, plain_http, store::CertificateRow};

use super::{failure::Failure, resolver::CaaRule};

/// How long a name's own address may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The most addresses of a name that are asked.
const MOST_ADDRESSES: usize = 8;

impl Engine {
    /// Why a host cannot be proven now, in words for who owns it.
    pub(super) async fn preflight(&self, host: &str) -> Result<(), String> {
        if let Some(why) = not_public(host) {
            return Err(why);
        }
        let addresses = self.parts.tls.resolver.addresses(host).await?;
        if addresses.is_empty() {
            return Err(format!(
                "{host} has no address in the DNS: add an A or AAAA record that points to this machine."
            ));
        }
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            self.reaches_us(host, address).await?;
        }
        Ok(())
    }

    /// Asks at an address for a word that only this Berth knows, as the authority will.
    async fn reaches_us(&self, host: &str, address: IpAddr) -> Result<(), String> {
        if !is_public(address) && !is_own(address) {
            return Err(format!(
                "{host} points to {address}, a private address: no authority reaches it. Point it to this machine's \
                 public address."
            ));
        }
        let port = self.config().acme_http_port;
        let (token, text) = (random(), random());
        let _shown = self.parts.tls.show(token.clone(), text.clone());
        let said = ask(host, SocketAddr::new(address, port), &token).await;
        let at = SocketAddr::new(address, port);
        match said {
            Ok(said) if said == text => Ok(()),
            Ok(_) => Err(format!(
                "{host} points to {address}, where something else than this Berth answers at port {port}. Point it to \
                 this machine."
            )),
            Err(why) => Err(format!(
                "{host} points to {address}, but nothing of this Berth answers at {at}: {why}. Point it to this \
                 machine, and let port {port} through."
            )),
        }
    }

    /// Whether the zones of the names let an authority give certificates. Those of wildcards are not asked.
    pub(super) async fn may_certify(
        &self,
        authority: &Authority,
        row: &CertificateRow,
    ) -> Result<(), Failure> {
        let ours = self.names_in_records(authority).await;
        for name in row.names.iter().filter(|name| !name.starts_with("*.")) {
            let rule = self.parts.tls.resolver.caa(name).await.map_err(Failure::Unfit)?;
            if let Some(why) = forbidden(rule.as_ref(), &ours) {
                return Err(Failure::Forbidden(why));
            }
        }
        Ok(())
    }

    /// The names by which an authority goes in CAA records.
    async fn names_in_records(&self, authority: &Authority) -> Vec<String> {
        let known = &self.parts.tls.identities;
        if let Some(names) = known.get(&authority.directory) {
            return names.clone();
        }
        let Ok(names) = authority.identities().await else { return Vec::new() };
        known.insert(authority.directory.clone(), names.clone());
        names
    }
}

fn random() -> String {
    rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect()
}

async fn ask(host: &str, at: SocketAddr, token: &str) -> Result<String, String> {
    let client = plain_http::client().resolve(host, at).timeout(ANSWER_WITHIN).build();
    let client = client.map_err(|error| error.to_string())?;
    let url = format!("http://{host}:{}/.well-known/acme-challenge/{token}", at.port());
    let mut answer = client.get(url).send().await.map_err(|error| why(&error))?;
    let mut said = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
        said.extend_from_slice(&chunk);
        if said.len() > 1_024 {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", ANSWER_WITHIN.as_secs());
    }
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// Why a rule of the zone keeps our authority out, if it does. An authority that names itself nowhere is let try.
fn forbidden(rule: Option<&CaaRule>, authority: &[String]) -> Option<String> {
    let rule = rule?;
    let allowed: Vec<_> = rule.issuers.iter().filter(|issuer| !issuer.is_empty()).collect();
    if !allowed.is_empty() && (authority.is_empty() || authority.iter().any(|name| allowed.contains(&name))) {
        return None;
    }
    let ours = authority.first().map_or("the authority", String::as_str);
    Some(format!(
        "The CAA record of {} does not let {ours} give certificates: add `0 issue \"{ours}\"` to it.",
        rule.at
    ))
}

/// Whether the world can reach an address at all.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || shared
                || a == 0
                || a >= 240)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(v4.into()),
            // 2000::/3 is all that was ever given out; 2001:db8::/32 is for books.
            None => {
                let [a, b, ..] = v6.segments();
                a & 0xe000 == 0x2000 && !(a == 0x2001 && b == 0x0db8)
            }
        },
    }
}

/// Whether an address is one of this machine's.
fn is_own(address: IpAddr) -> bool {
    nix::ifaddrs::getifaddrs().is_ok_and(|mut interfaces| {
        interfaces.any(|interface| {
            interface.address.is_some_and(|own| {
                own.as_sockaddr_in().map(|own| IpAddr::from(own.ip())) == Some(address)
                    || own.as_sockaddr_in6().map(|own| IpAddr::from(own.ip())) == Some(address)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_world_reaches_is_public() {
        for public in ["8.8.8.8", "2a00:1450::1", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in
            ["10.1.2.3", "169.254.169.254", "127.0.0.1", "100.64.0.1", "fd00::1", "::1", "fe80::1", "0.0.0.0"]
        {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        assert!(is_own("127.0.0.1".parse().unwrap()) && !is_own("192.0.2.1".parse().unwrap()));
    }

    /// R-TLS-2: a rule of the zone that keeps the authority out is told before an order.
    #[test]
    fn r_tls_2_a_caa_record_for_another_authority_is_told() {
        let rule = |issuers: &[&str]| CaaRule {
            at: "example.com".into(),
            issuers: issuers.iter().map(|issuer| (*issuer).to_owned()).collect(),
        };
        let ours = ["letsencrypt.org".to_owned()];
        assert_eq!(forbidden(None, &ours), None);
        assert_eq!(forbidden(Some(&rule(&["letsencrypt.org", "pki.goog"])), &ours), None);
        assert_eq!(forbidden(Some(&rule(&["pki.goog"])), &[]), None);
        assert!(
            forbidden(Some(&rule(&["pki.goog"])), &ours).is_some_and(|why| why.contains("letsencrypt.org"))
        );
        assert!(forbidden(Some(&rule(&[""])), &[]).is_some());
    }
}
