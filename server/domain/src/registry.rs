//! Registries of images that an organisation has credentials for.

use crate::ids::RegistryId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Docker Hub, as people and images name it.
pub const DOCKER_HUB: &str = "docker.io";

/// Other names under which people know Docker Hub.
const HUB_NAMES: [&str; 4] =
    ["index.docker.io", "registry-1.docker.io", "hub.docker.com", "registry.hub.docker.com"];

/// A registry as people see it; its password never leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistryView {
    pub id: RegistryId,
    /// Its host, with the port unless that is the usual one.
    pub address: String,
    /// The beginning of the names that the credentials are for; all names when empty.
    pub prefix: String,
    pub username: String,
    /// Whether what is built is pushed here.
    pub push: bool,
    /// Who changed it last.
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

/// Adds or changes a registry. It is tried before it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetRegistry {
    /// Such as `ghcr.io`, `registry.example.com:5000`, or `docker.io` for Docker Hub.
    pub address: String,
    /// The beginning of the names that the credentials are for, such as an account's name; all names when empty.
    #[serde(default)]
    pub prefix: String,
    pub username: String,
    /// Password or token. Empty keeps the present one, as long as address and user stay.
    #[serde(default)]
    pub secret: String,
    /// Push what is built here; one registry of an organisation at the most has this.
    #[serde(default)]
    pub push: bool,
}

impl SetRegistry {
    /// The same as it is kept: without what people paste along.
    pub fn tidied(self) -> Self {
        let address = self.address.trim().to_ascii_lowercase();
        let address = address.trim_start_matches("https://").trim_end_matches('/');
        let address = address.trim_end_matches("/v1").trim_end_matches("/v2");
        let address = if HUB_NAMES.contains(&address) { DOCKER_HUB } else { address };
        Self {
            address: address.to_owned(),
            prefix: self.prefix.trim().trim_matches('/').to_owned(),
            username: self.username.trim().to_owned(),
            ..self
        }
    }

    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !is_address(&self.address) {
            let why = "is not the host of a registry, such as ghcr.io or registry.example.com:5000.";
            return Err(("address", format!("{:?} {why}", self.address)));
        }
        if !self.prefix.is_empty() && !self.prefix.split('/').all(is_component) {
            let why =
                "is not the beginning of image names: lower-case letters, digits and single separators.";
            return Err(("prefix", format!("{:?} {why}", self.prefix)));
        }
        if self.push && self.prefix.is_empty() && self.address == DOCKER_HUB {
            return Err(("prefix", "Docker Hub takes pushes below the name of an account only.".into()));
        }
        let words = |text: &str| !text.is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
        if !words(&self.username) || self.username.contains(':') {
            return Err(("username", "A user name has 1 to 256 characters and no colon.".into()));
        }
        if self.secret.len() > 16 << 10 || self.secret.chars().any(char::is_control) {
            return Err(("secret", "A password or token is one line of at most 16 KiB.".into()));
        }
        Ok(())
    }
}

fn is_address(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    // A name without a dot or a port would be taken for a part of a name on Docker Hub.
    let told_apart = host.contains('.') || port.is_some() || host == "localhost";
    text.len() <= 253
        && told_apart
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && host.split('.').all(label)
}

fn is_component(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 128
        && part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && part.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && part
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
}

/// Where an image reference leads: the registry's host, and the name there.
pub fn place_of(reference: &str) -> (&str, &str) {
    let name = reference.split('@').next().unwrap_or_default();
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
            (if HUB_NAMES.contains(&host) { DOCKER_HUB } else { host }, rest)
        }
        _ => (DOCKER_HUB, name),
    }
}

/// Whether credentials for this address and prefix are for that image.
pub fn covers(address: &str, prefix: &str, reference: &str) -> bool {
    let (host, name) = place_of(reference);
    let below =
        |name: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    host == address && (prefix.is_empty() || below(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(address: &str, prefix: &str) -> SetRegistry {
        SetRegistry {
            address: address.into(),
            prefix: prefix.into(),
            username: "me".into(),
            secret: "x".into(),
            push: false,
        }
        .tidied()
    }

    #[test]
    fn an_address_is_a_host_and_nothing_else() {
        for (given, kept) in [
            ("ghcr.io", "ghcr.io"),
            (" https://Registry.Example.com:5000/v2/ ", "registry.example.com:5000"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("localhost", "localhost"),
        ] {
            let set = set(given, "");
            assert_eq!((set.check(), set.address.as_str()), (Ok(()), kept));
        }
        for bad in ["", "registry", "a/b", "http://a.b", "a.b:0", "a.b:x", "-a.b", "a b.c", "a@b.c"] {
            assert_eq!(set(bad, "").check().unwrap_err().0, "address", "{bad}");
        }
        assert_eq!(set("ghcr.io", "/Owner").check().unwrap_err().0, "prefix");
        assert_eq!(SetRegistry { push: true, ..set("docker.io", "") }.check().unwrap_err().0, "prefix");
    }

    #[test]
    fn credentials_are_for_the_images_below_their_prefix_only() {
        assert!(covers("docker.io", "", "nginx:1.27"));
        assert!(covers("docker.io", "me", "me/app@sha256:00"));
        assert!(covers("a.example:5000", "team", "a.example:5000/team/app:1"));
        for (address, prefix, reference) in [
            ("a.example", "team", "a.example/team-two/app"),
            ("a.example", "", "a.example.evil/app"),
            ("a.example", "", "nginx"),
            ("docker.io", "", "localhost/app"),
        ] {
            assert!(!covers(address, prefix, reference), "{reference}");
        }
    }
}
