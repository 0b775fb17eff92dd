//! Zones of the DNS in which Berth may put proofs, and what whoever keeps one has to be told.

use crate::{domain_name::HostName, permission::text_enum};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// Who keeps a zone of the DNS, and lets Berth put proofs there.
    DnsHost {
        Cloudflare = "cloudflare",
        DigitalOcean = "digitalocean",
        Gandi = "gandi",
        Hetzner = "hetzner",
        Ovh = "ovh",
        Route53 = "route53",
        /// A name server that takes updates as in RFC 2136, signed with a key (TSIG).
        Rfc2136 = "rfc2136",
        /// A program of the operator's.
        Webhook = "webhook",
    }
}

text_enum! {
    /// How updates for a name server are signed.
    TsigAlgorithm {
        HmacSha256 = "hmac-sha256",
        HmacSha384 = "hmac-sha384",
        HmacSha512 = "hmac-sha512",
    }
}

/// A zone whose names all get one certificate, proven in the DNS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ZoneView {
    /// `example.com`; the certificate is for `*.example.com`.
    pub zone: HostName,
    pub host: DnsHost,
    pub created_at: DateTime<Utc>,
}

/// What came of putting a record into a zone and taking it out again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ZoneTried {
    pub zone: HostName,
    /// Whether the DNS showed the record within a few seconds. Some hosts take minutes.
    pub seen: bool,
}

/// Who keeps a zone, and what opens the door there. Which fields are needed depends on the host.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeepZone {
    pub host: DnsHost,
    /// What nobody else knows: a token that may change the zone's records, the secret access key of Route 53, the
    /// application secret of OVH, or the key of RFC 2136 in Base64. It is sealed, and never shown again.
    #[serde(default)]
    pub token: String,
    /// What goes with the token: the access key id of Route 53, the application key of OVH, the name of the key of RFC 2136.
    #[serde(default)]
    pub key_name: String,
    /// The consumer key of OVH. It is sealed, too.
    #[serde(default)]
    pub consumer_key: String,
    /// The name server that takes updates (`ns1.example.com`, `192.0.2.1:53`), or where OVH has the account: `eu`, `ca`, `us`.
    #[serde(default)]
    pub server: String,
    /// How updates as in RFC 2136 are signed; HMAC-SHA256 when it is not said.
    #[serde(default)]
    pub algorithm: Option<TsigAlgorithm>,
}

impl fmt::Debug for KeepZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepZone").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Where an account of OVH may be.
pub const OVH_PLACES: [&str; 3] = ["eu", "ca", "us"];

/// A field that a host needs, as people are asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The field of [`KeepZone`].
    pub field: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub optional: bool,
}

const fn need(field: &'static str, label: &'static str, hint: &'static str) -> Need {
    Need { field, label, hint, optional: false }
}

impl DnsHost {
    /// Its name, as it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cloudflare => "Cloudflare",
            Self::DigitalOcean => "DigitalOcean",
            Self::Gandi => "Gandi LiveDNS",
            Self::Hetzner => "Hetzner",
            Self::Ovh => "OVHcloud",
            Self::Route53 => "Amazon Route 53",
            Self::Rfc2136 => "a name server (RFC 2136)",
            Self::Webhook => "a program of the operator's",
        }
    }

    /// What has to be said to it.
    pub fn needs(self) -> &'static [Need] {
        const CLOUDFLARE: &[Need] =
            &[need("token", "API token", "With the permissions Zone, Read and DNS, Edit for this zone.")];
        const DIGITAL_OCEAN: &[Need] =
            &[need("token", "Personal access token", "With the scopes domain: create, read and delete.")];
        const GANDI: &[Need] =
            &[need("token", "Personal access token", "With the right to manage domain names technically.")];
        const HETZNER: &[Need] = &[need(
            "token",
            "API token",
            "Of the zone's project in the Hetzner Console, with read and write.",
        )];
        const OVH: &[Need] = &[
            need("key_name", "Application key", "From the page createToken of the API."),
            need("token", "Application secret", "It is sealed, and never shown again."),
            need("consumer_key", "Consumer key", "With GET, POST and DELETE on /domain/zone/*."),
            Need {
                field: "server",
                label: "Region",
                hint: "eu, ca or us; eu when left empty.",
                optional: true,
            },
        ];
        const ROUTE_53: &[Need] = &[
            need("key_name", "Access key id", "Of a user that may change nothing but this zone's records."),
            need("token", "Secret access key", "It is sealed, and never shown again."),
        ];
        const RFC_2136: &[Need] = &[
            need("server", "Name server", "The primary one: ns1.example.com, or 192.0.2.1:53."),
            need("key_name", "Name of the key", "As the name server knows it."),
            need("token", "Key", "In Base64, as tsig-keygen and keymgr print it."),
            Need { field: "algorithm", label: "Algorithm", hint: "", optional: true },
        ];
        const WEBHOOK: &[Need] = &[Need {
            field: "token",
            label: "Token",
            hint: "It goes along as Authorization: Bearer.",
            optional: true,
        }];
        match self {
            Self::Cloudflare => CLOUDFLARE,
            Self::DigitalOcean => DIGITAL_OCEAN,
            Self::Gandi => GANDI,
            Self::Hetzner => HETZNER,
            Self::Ovh => OVH,
            Self::Route53 => ROUTE_53,
            Self::Rfc2136 => RFC_2136,
            Self::Webhook => WEBHOOK,
        }
    }
}

/// The longest a field may be.
const LONGEST: usize = 1_024;

impl KeepZone {
    /// A field by its name.
    fn field(&self, name: &str) -> &str {
        match name {
            "token" => &self.token,
            "key_name" => &self.key_name,
            "consumer_key" => &self.consumer_key,
            "server" => &self.server,
            _ => "",
        }
    }

    /// The same without blanks around.
    pub fn tidied(mut self) -> Self {
        for field in [&mut self.token, &mut self.key_name, &mut self.consumer_key, &mut self.server] {
            *field = field.trim().to_owned();
        }
        self
    }

    /// Whether everything that the host needs is there; else the field, and why it is wrong.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        for need in self.host.needs() {
            let value = self.field(need.field);
            if value.is_empty() && !need.optional {
                return Err((
                    need.field,
                    format!("{} is missing: {} needs it.", need.label, self.host.name()),
                ));
            }
            if value.len() > LONGEST || value.chars().any(char::is_control) {
                return Err((need.field, format!("{} is too long, or no plain text.", need.label)));
            }
        }
        if self.host == DnsHost::Ovh && !self.server.is_empty() && !OVH_PLACES.contains(&self.server.as_str())
        {
            return Err(("server", format!("OVH has no region {}: it is eu, ca or us.", self.server)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(host: DnsHost) -> KeepZone {
        let [token, key_name, consumer_key, server] = [" secret ", "key", "ck", ""].map(str::to_owned);
        KeepZone { host, token, key_name, consumer_key, server, algorithm: None }
    }

    #[test]
    fn every_host_says_what_it_lacks() {
        for host in DnsHost::ALL.iter().copied() {
            for need in host.needs().iter().filter(|need| !need.optional) {
                let mut request = KeepZone { server: "ns1.example.com".into(), ..keep(host) };
                match need.field {
                    "token" => request.token.clear(),
                    "key_name" => request.key_name.clear(),
                    "consumer_key" => request.consumer_key.clear(),
                    field => {
                        assert_eq!(field, "server");
                        request.server.clear();
                    }
                }
                let (field, why) = request.check().unwrap_err();
                assert_eq!((field, why.contains(host.name())), (need.field, true), "{host}: {why}");
            }
        }
    }

    #[test]
    fn what_is_needed_is_enough() {
        for host in [DnsHost::Cloudflare, DnsHost::Ovh, DnsHost::Route53, DnsHost::Webhook] {
            assert_eq!(keep(host).tidied().check(), Ok(()), "{host}");
        }
        assert_eq!(keep(DnsHost::Ovh).tidied().token, "secret");
        let asia = KeepZone { server: "asia".into(), ..keep(DnsHost::Ovh) };
        assert_eq!(asia.check().unwrap_err().0, "server");
        assert!(!format!("{:?}", keep(DnsHost::Ovh)).contains("secret"));
    }
}
