//! Which ssh keys of hosts are trusted: those that the big hosts publish; of any other host the one that it has at the
//! first connection, which is kept and shown.

use std::sync::{Arc, OnceLock};

use super::{Remote, RemoteUrl};

/// What the big hosts publish, each on its own documentation pages.
const PUBLISHED: [(&str, &str); 4] = [
    ("bitbucket.org", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO"),
    ("codeberg.org", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB"),
    ("github.com", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"),
    ("gitlab.com", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf"),
];

/// The trusted keys of a host. With none, the first one that is seen is trusted and remembered, also by every copy.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    lines: Option<String>,
    learned: Arc<OnceLock<String>>,
}

impl KnownHosts {
    /// Only these, as lines of a `known_hosts` file.
    pub fn only(lines: impl Into<String>) -> Self {
        Self { lines: Some(lines.into()), learned: Arc::default() }
    }

    /// The lines that are trusted by now.
    pub(super) fn lines(&self) -> Option<&str> {
        self.lines.as_deref().or_else(|| self.learned.get().map(String::as_str))
    }

    /// Remembers what ssh wrote into the file that had no line before.
    pub(super) fn learn(&self, file: &str) {
        if self.lines.is_none() && !file.trim().is_empty() {
            // Somebody else may have been first; theirs is as good.
            _ = self.learned.set(file.trim().to_owned());
        }
    }
}

impl Remote {
    /// The key that the host showed at a first connection, without the host's name; none when its key was known.
    pub fn learned_host_key(&self) -> Option<String> {
        let Some(super::Credential::SshKey { known_hosts, .. }) = &self.credential else { return None };
        let line = known_hosts.learned.get()?.lines().find(|line| !line.starts_with('#'))?;
        line.split_once(' ').map(|(_, key)| key.trim().to_owned())
    }
}

/// The key that a big host publishes.
pub fn published_host_key(url: &RemoteUrl) -> Option<&'static str> {
    let name = url.known_as();
    PUBLISHED.iter().find(|(host, _)| *host == name).map(|(_, key)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public_key::PublicKey;

    /// The fingerprints are published beside the keys, so a slip in one of them shows.
    #[test]
    fn r_git_5_the_keys_of_the_big_hosts_have_the_fingerprints_that_they_publish() {
        for (host, fingerprint) in [
            ("github.com", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
            ("gitlab.com", "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8"),
            ("bitbucket.org", "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM"),
            ("codeberg.org", "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g"),
        ] {
            let url: RemoteUrl = format!("git@{host}:o/a.git").parse().expect("an address");
            let key: PublicKey = published_host_key(&url).expect("published").parse().expect("a key");
            assert_eq!(key.fingerprint(), fingerprint, "{host}");
        }
        let elsewhere: RemoteUrl = "ssh://git@github.com:2222/o/a".parse().expect("an address");
        assert_eq!(published_host_key(&elsewhere), None, "another port is another server");
    }

    #[test]
    fn what_is_learned_is_learned_once_and_by_every_copy() {
        let known = KnownHosts::default();
        let copy = known.clone();
        known.learn("");
        assert_eq!(copy.lines(), None);
        known.learn("[h]:22 ssh-ed25519 AAAA\n");
        known.learn("[h]:22 ssh-ed25519 BBBB\n");
        assert_eq!(copy.lines(), Some("[h]:22 ssh-ed25519 AAAA"));
        let pinned = KnownHosts::only("h ssh-ed25519 CCCC");
        pinned.learn("h ssh-ed25519 DDDD");
        assert_eq!(pinned.lines(), Some("h ssh-ed25519 CCCC"));
    }
}
