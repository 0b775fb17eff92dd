//! Proofs in the DNS, for wildcards: a record is put into the zone at whoever keeps it, and taken out again. One file for
//! each host; what they have in common over HTTP is in [`api`].

mod access;
mod api;
mod cloudflare;
mod digitalocean;
mod gandi;
mod hetzner;
mod ovh;
mod rfc2136;
mod route53;
mod route53_xml;
mod sigv4;
mod webhook;

#[cfg(test)]
mod stand_in;

pub(crate) use access::Access;

use std::{future::Future, pin::Pin, time::Duration};

use berth_domain::zone::DnsHost;
use chrono::{DateTime, Utc};
use reqwest::Client;

use api::Api;
#[cfg(test)]
use api::At;

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long a record may be remembered elsewhere, in seconds.
const TTL: u32 = 60;

/// What a zone's keeper is asked for.
pub(super) trait Keeper: Send + Sync {
    /// Puts a TXT record there, beside those of the same name; that it is there already is fine.
    fn put<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a>;
    /// Takes it out again; absent is fine.
    fn take<'a>(&'a self, name: &'a str, value: &'a str) -> Asked<'a>;
}

/// What came of it, in words when it did not work.
pub(super) type Asked<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Who keeps a zone, and what opens the door there.
pub(super) struct Zone {
    pub name: String,
    pub host: DnsHost,
    pub access: Access,
}

/// What holds for every zone of this Berth.
pub(super) struct Around<'a> {
    /// The operator's program that keeps zones by itself.
    pub webhook: Option<&'a str>,
    /// Hosts in the machine's own networks that may be asked.
    pub allowed: &'a [String],
    pub now: DateTime<Utc>,
}

/// The keeper of a zone.
pub(super) fn keeper(zone: Zone, around: &Around<'_>) -> Result<Box<dyn Keeper>, String> {
    let client = client()?;
    let Zone { name, host, access } = zone;
    Ok(match host {
        DnsHost::Cloudflare => {
            Box::new(cloudflare::Cloudflare::new(Api::bearer(client, cloudflare::AT, access.token), name))
        }
        DnsHost::DigitalOcean => Box::new(digitalocean::DigitalOcean::new(
            Api::bearer(client, digitalocean::AT, access.token),
            name,
        )),
        DnsHost::Gandi => Box::new(gandi::Gandi::new(Api::bearer(client, gandi::AT, access.token), name)),
        DnsHost::Hetzner => {
            Box::new(hetzner::Hetzner::new(Api::bearer(client, hetzner::AT, access.token), name))
        }
        DnsHost::Ovh => Box::new(ovh::Ovh::new(client, ovh::at(&access.server), access, name)),
        DnsHost::Route53 => {
            Box::new(route53::Route53::new(client, route53::AT, sigv4::Key::of(access, around.now), name))
        }
        DnsHost::Rfc2136 => Box::new(rfc2136::Rfc2136::new(access, around, name)?),
        DnsHost::Webhook => {
            let url = around
                .webhook
                .ok_or("The operator of this Berth has set no webhook for DNS (BERTH_DNS_WEBHOOK).")?;
            Box::new(webhook::Webhook::new(client, url, access.token))
        }
    })
}

fn client() -> Result<Client, String> {
    Client::builder()
        .user_agent(concat!("berth/", env!("CARGO_PKG_VERSION")))
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())
}

/// A zone and those above it, nearest first: `apps.example.com` may be kept as a part of `example.com`.
fn candidates(zone: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(zone), |zone| zone.split_once('.').map(|(_, above)| above))
        .filter(|zone| zone.contains('.'))
}

/// A name as it is called inside its zone.
fn label<'a>(name: &'a str, zone: &str) -> &'a str {
    name.strip_suffix(zone).and_then(|label| label.strip_suffix('.')).unwrap_or("@")
}

/// A text as a zone file has it. What proves something has no character to escape.
fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}

/// A text out of a zone file; some hosts give it back with its quotes, some without.
fn unquoted(value: &str) -> &str {
    value.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_may_be_a_part_of_one_above_it() {
        assert_eq!(
            candidates("a.b.example.com").collect::<Vec<_>>(),
            ["a.b.example.com", "b.example.com", "example.com"]
        );
        assert_eq!(label("_acme-challenge.apps.example.com", "example.com"), "_acme-challenge.apps");
        assert_eq!(label("_acme-challenge.example.com", "example.com"), "_acme-challenge");
        assert_eq!(label("example.com", "example.com"), "@");
    }
}
