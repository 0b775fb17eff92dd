//! Domains: host names and paths that lead to a service.

use crate::{certificate::CertificateView, domain_settings::DomainSettings, ids::DomainId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A checked host name in lower case (letters, digits, inner hyphens, dots; RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// A checked path prefix: `/` or `/a/b`, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct PathPrefix(String);

impl HostName {
    /// The host as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PathPrefix {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole host.
    pub fn root() -> Self {
        Self("/".to_owned())
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = text.trim_end_matches('.').to_ascii_lowercase();
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if host.len() > 253 || !host.split('.').all(label) {
            return Err(format!("{text:?} is not a host name such as shop.example.com."));
        }
        Ok(Self(host))
    }
}

impl FromStr for PathPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = match text.trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
        let fits = path.starts_with('/')
            && path.len() <= 200
            && path.chars().all(safe)
            && !path.contains("//")
            && !path.split('/').any(|part| part == "." || part == "..");
        if fits { Ok(Self(path.to_owned())) } else { Err(format!("{text:?} is not a path such as /api.")) }
    }
}

macro_rules! text_like {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> { text.parse() }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self { value.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    )+};
}
text_like!(HostName, PathPrefix);

impl Default for PathPrefix {
    fn default() -> Self {
        Self::root()
    }
}

/// A domain of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DomainView {
    pub id: DomainId,
    pub host: HostName,
    pub path: PathPrefix,
    /// The port it leads to when it is not the service's own.
    pub port: Option<u16>,
    /// Made by Berth so that the first deployment opens at once.
    pub default: bool,
    /// The address to open.
    pub url: String,
    /// What is done with its requests.
    pub settings: DomainSettings,
    pub created_at: DateTime<Utc>,
    /// It came back with an earlier release, without its users' passwords: nobody comes in until they are set again.
    #[serde(default)]
    pub passwords_gone: bool,
    /// What is known of its certificate, in lists of domains.
    #[serde(default)]
    pub certificate: Option<CertificateView>,
}

/// Adds a domain to a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddDomain {
    pub host: HostName,
    #[serde(default)]
    pub path: PathPrefix,
    #[serde(default)]
    pub port: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths_cannot_break_out_of_a_rule() {
        assert_eq!("Shop.Example.COM.".parse::<HostName>().unwrap().as_str(), "shop.example.com");
        for bad in ["", "a..b", "-a.b", "a`b", "a b", "*.x", "a/b", "{{x}}", "a_b.c"] {
            assert!(bad.parse::<HostName>().is_err(), "{bad}");
        }
        assert_eq!("/api/".parse::<PathPrefix>().unwrap().as_str(), "/api");
        assert_eq!("".parse::<PathPrefix>().unwrap(), PathPrefix::root());
        for bad in ["api", "/a`)", "/a b", "/../x", "//", "/{{"] {
            assert!(bad.parse::<PathPrefix>().is_err() || bad == "//", "{bad}");
        }
    }
}
