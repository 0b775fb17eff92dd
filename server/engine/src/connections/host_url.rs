//! The address of a git host, and which repositories are its own.

use std::{fmt, str::FromStr};
use url::Url;

/// The address of a git host: http or https, no user, no query, no slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostUrl(Url);

impl HostUrl {
    /// As text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The parsed address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The repository, as `owner/name` with all groups, that an http address of this host names.
    pub fn repository(&self, clone_url: &str) -> Option<String> {
        let clone: Url = clone_url.trim().parse().ok()?;
        if clone.origin() != self.0.origin() {
            return None;
        }
        let path = clone.path().strip_prefix(self.0.path().trim_end_matches('/'))?;
        let path = path.strip_prefix('/')?.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        is_repository(path).then(|| path.to_owned())
    }
}

/// Whether this names a repository at a host: `owner/name`, with all groups.
pub(crate) fn is_repository(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+'))
    };
    text.len() <= 500 && text.contains('/') && text.split('/').all(part)
}

/// What is neither a name nor an address has no place in what is made of it: a policy of a page, or a message.
fn is_plain_host(host: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '[' | ']');
    !host.is_empty() && host.chars().all(plain)
}

impl FromStr for HostUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not the address of a git host, such as https://git.example.com.");
        let url: Url = text.trim().parse().map_err(|_| wrong())?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(is_plain_host)
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain && text.len() <= 500 { Ok(Self(url)) } else { Err(wrong()) }
    }
}

impl fmt::Display for HostUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_repositories_of_the_host_itself_are_its_own() {
        let host: HostUrl = "https://git.example.com/forge/".parse().unwrap();
        let of = |url: &str| host.repository(url);
        assert_eq!(of("https://git.example.com/forge/team/sub/shop.git").as_deref(), Some("team/sub/shop"));
        for other in [
            "https://git.example.com.evil.example/forge/team/shop.git",
            "http://git.example.com/forge/team/shop.git",
            "https://git.example.com:444/forge/team/shop.git",
            "https://git.example.com/forgery/team/shop.git",
            "https://git.example.com/forge/shop.git",
            "git@git.example.com:forge/team/shop.git",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn an_address_of_a_host_has_nothing_secret_in_it() {
        for bad in [
            "git.example.com",
            "ftp://a.example",
            "https://u:p@a.example",
            "https://a.example/?x=1",
            "https://a.example;b",
            "",
        ] {
            assert!(bad.parse::<HostUrl>().is_err(), "{bad}");
        }
        assert_eq!("https://a.example/".parse::<HostUrl>().unwrap().as_str(), "https://a.example");
    }
}
