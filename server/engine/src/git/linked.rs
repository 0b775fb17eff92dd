//! Repositories inside what was pushed to Berth: there is no host that the outer one came from, only addresses in its files.

use std::path::Path;

use super::process::Limits;
use super::submodules::{Lines, MOST, inside, linked_commit, refused};
use super::{Bounds, Credential, Git, GitError, Hosted, Remote, RemoteUrl, Revision};

/// A submodule of a commit that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Where it belongs.
    pub path: String,
    address: String,
    commit: String,
}

impl Link {
    /// Where it is fetched from.
    pub fn url(&self) -> Result<RemoteUrl, GitError> {
        if self.address.starts_with("./") || self.address.starts_with("../") {
            let reason = "its address is relative, and there is no host that it would be relative to after a push to \
                          Berth; write its whole address into .gitmodules";
            return Err(refused(&self.path, reason));
        }
        self.address.parse().map_err(|error: GitError| error.in_submodule(&self.path))
    }
}

impl Remote {
    /// The same for an address that came with a push. A key goes along wherever ssh is asked for: a host learns nothing from
    /// it. A password goes nowhere, since nothing says which host it is for; and ssh without a key becomes https.
    pub(crate) fn named_by_a_push(self) -> Result<Self, GitError> {
        match (&self.credential, self.url.is_ssh()) {
            (Some(Credential::SshKey { .. }), true) => Ok(self),
            (_, true) => Ok(Self { url: self.url.over_https()?, credential: None }),
            (_, false) => Ok(Self { credential: None, ..self }),
        }
    }
}

impl Git {
    /// The submodules of a pushed commit whose files are in a folder.
    pub(crate) async fn links_of(
        &self,
        hosted: &Hosted,
        id: &str,
        folder: &Path,
        bounds: &Bounds,
    ) -> Result<Vec<Link>, GitError> {
        Revision::commit(id)?;
        let mut links = Vec::new();
        for module in self.submodules_of(folder, bounds).await?.into_iter().filter(|module| !module.skipped) {
            let tree = self.bare(hosted).env("GIT_LITERAL_PATHSPECS", "1");
            let tree = tree.args(["ls-tree", "-z", id, "--", &module.path]);
            let listing = tree.run(&Limits::of(bounds), &|_| ()).await?;
            let Some(commit) = linked_commit(&listing, &module.path) else { continue };
            if links.len() == MOST {
                return Err(refused(&module.path, &format!("a repository has at most {MOST} of them")));
            }
            links.push(Link { commit: commit.to_owned(), path: module.path, address: module.url });
        }
        Ok(links)
    }

    /// Fetches a submodule, and what is in it, to where it belongs.
    pub(crate) async fn fetch_link(
        &self,
        remote: &Remote,
        link: &Link,
        root: &Path,
        bounds: &Bounds,
        lines: Lines<'_>,
    ) -> Result<(), GitError> {
        let folder = inside(root, &link.path)?;
        lines(&format!("Fetch the submodule {} from {}", link.path, remote.url));
        let fetched = async {
            let revision = Revision::commit(&link.commit)?;
            self.checkout(remote, &revision, None, &folder, bounds, lines).await?;
            self.complete(remote, &folder, bounds, lines).await
        };
        fetched.await.map_err(|error| error.in_submodule(&link.path))?;
        // What git keeps is of no use to a build, and differs from one checkout to the next.
        let kept = folder.join(".git");
        tokio::fs::remove_dir_all(&kept).await.map_err(|error| GitError::folder(&kept, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::SecretBytes;
    use crate::git::KnownHosts;

    fn named(url: &str, credential: Option<Credential>) -> (String, bool) {
        let remote = Remote { url: url.parse().expect("an address"), credential };
        let remote = remote.named_by_a_push().expect("an address that can be fetched");
        (remote.url.as_str().to_owned(), remote.credential.is_some())
    }

    /// R-GIT-5: whoever may push may name any host, and must not get a password sent there.
    #[test]
    fn r_git_5_a_password_goes_to_no_host_that_a_push_names() {
        let password =
            || Some(Credential::Password { username: "u".into(), password: SecretBytes::new("secret") });
        let key = || {
            let private_key = SecretBytes::new("secret");
            Some(Credential::SshKey { private_key, known_hosts: KnownHosts::default() })
        };
        let https = "https://git.example/o/lib".to_owned();
        let ssh = "ssh://git@git.example/o/lib".to_owned();
        for (address, credential, meant) in [
            (https.as_str(), password(), (https.clone(), false)),
            (https.as_str(), key(), (https.clone(), false)),
            ("git@git.example:o/lib", password(), (https.clone(), false)),
            ("git@git.example:o/lib", None, (https.clone(), false)),
            ("git@git.example:o/lib", key(), (ssh, true)),
        ] {
            assert_eq!(named(address, credential), meant, "{address}");
        }
    }

    #[test]
    fn r_sec_1b_only_whole_addresses_of_hosts_are_taken() {
        let at = |address: &str| {
            let (path, commit) = ("lib".to_owned(), String::new());
            Link { path, address: address.to_owned(), commit }.url()
        };
        assert!(at("https://git.example/o/lib").is_ok());
        let told = at("../lib").expect_err("it is relative").to_string();
        assert!(told.contains("write its whole address into .gitmodules"), "{told}");
        for bad in ["/etc", "file:///etc", "--upload-pack=x", "https://u:p@git.example/lib"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
