//! Repositories inside a repository.
//!
//! Git's own `submodule` command is not used: its addresses, and what it does with them, come from a file that somebody else
//! wrote. Here the addresses are read, checked like every other one, and fetched like every other one. A credential goes
//! to the host that it is for and to no other.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use tokio::time::Instant;

use super::process::Limits;
use super::{Bounds, Git, GitError, Remote, RemoteUrl, Revision, is_commit_id};

/// How deep repositories may lie in each other.
const DEEPEST: usize = 5;

/// How many there may be in all.
pub(super) const MOST: usize = 100;

/// What hears what git says.
pub(super) type Lines<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// A repository at the place where it is checked out.
struct Place {
    remote: Remote,
    folder: PathBuf,
    depth: usize,
}

/// A submodule as the repository around it describes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Submodule {
    pub path: String,
    pub url: String,
    /// The repository does not want it fetched.
    pub skipped: bool,
}

impl Git {
    /// Fetches what a checkout of `remote` lacks: its submodules, theirs, and the files that Git LFS keeps elsewhere.
    pub async fn complete(
        &self,
        remote: &Remote,
        folder: &Path,
        bounds: &Bounds,
        lines: Lines<'_>,
    ) -> Result<(), GitError> {
        let until = Instant::now() + bounds.deadline;
        let left = || Bounds {
            deadline: until.saturating_duration_since(Instant::now()),
            cancel: bounds.cancel.clone(),
        };
        let mut places = vec![Place { remote: remote.clone(), folder: folder.to_owned(), depth: 0 }];
        let mut count = 0;
        while let Some(place) = places.pop() {
            self.large_files(&place.remote, &place.folder, &left(), lines).await?;
            for module in self.submodules_of(&place.folder, &left()).await? {
                count += 1;
                let inner = self.fetch_submodule(&place, &module, &left(), lines).await;
                let inner = inner.map_err(|error| error.in_submodule(&module.path))?;
                let Some(inner) = inner else { continue };
                if count > MOST || inner.depth > DEEPEST {
                    let reason = format!("a repository has at most {MOST} of them, {DEEPEST} deep");
                    return Err(refused(&module.path, &reason));
                }
                places.push(inner);
            }
            if place.depth > 0 {
                // What git keeps is of no use to a build, and differs from one checkout to the next.
                let kept = place.folder.join(".git");
                tokio::fs::remove_dir_all(&kept).await.map_err(|error| GitError::folder(&kept, &error))?;
            }
        }
        Ok(())
    }

    /// What `.gitmodules` describes; nothing when there is no such file, or it is a link.
    pub(super) async fn submodules_of(
        &self,
        folder: &Path,
        bounds: &Bounds,
    ) -> Result<Vec<Submodule>, GitError> {
        let file = folder.join(".gitmodules");
        if !tokio::fs::symlink_metadata(&file).await.is_ok_and(|file| file.is_file()) {
            return Ok(Vec::new());
        }
        let list = self.local(Some(folder)).args(["config", "--file", ".gitmodules", "--list", "-z"]);
        Ok(described(&list.run(&Limits::of(bounds), &|_| ()).await?))
    }

    /// Checks a submodule out where it belongs; none when there is nothing to fetch.
    async fn fetch_submodule(
        &self,
        around: &Place,
        module: &Submodule,
        bounds: &Bounds,
        lines: Lines<'_>,
    ) -> Result<Option<Place>, GitError> {
        let folder = inside(&around.folder, &module.path)?;
        let listing = self.local(Some(&around.folder)).env("GIT_LITERAL_PATHSPECS", "1");
        let listing = listing.args(["ls-files", "--stage", "-z", "--", &module.path]);
        let listing = listing.run(&Limits::of(bounds), &|_| ()).await?;
        let Some(commit) = linked_commit(&listing, &module.path).filter(|_| !module.skipped) else {
            return Ok(None);
        };
        let remote = around.remote.submodule(&module.url)?;
        lines(&format!("Fetch the submodule {} from {}", module.path, remote.url));
        self.checkout(&remote, &Revision::commit(commit)?, None, &folder, bounds, lines).await?;
        Ok(Some(Place { remote, folder, depth: around.depth + 1 }))
    }
}

impl Remote {
    /// A submodule of this repository. A credential that is for its host goes along; an ssh address at this host is reached in
    /// the way that this repository is, and one at another host, where no key fits, without a credential over https.
    fn submodule(&self, address: &str) -> Result<Self, GitError> {
        let mut url = if address.starts_with("./") || address.starts_with("../") {
            self.url.relative(address)?
        } else {
            address.parse::<RemoteUrl>()?
        };
        if url.is_ssh() && !url.is_same_server(&self.url) {
            let here = url.host() == self.url.host() && !self.url.is_ssh();
            url = if here { self.url.with_path(url.path())? } else { url.over_https()? };
        }
        let credential = self.credential.clone().filter(|_| url.is_same_server(&self.url));
        Ok(Self { url, credential })
    }
}

impl GitError {
    /// The same, about a submodule. Its end stays what it is.
    pub(super) fn in_submodule(self, path: &str) -> Self {
        match self {
            Self::Cancelled { .. } | Self::Deadline { .. } | Self::NoGit(_) | Self::Submodule { .. } => self,
            error => refused(path, error.to_string().trim_end_matches('.')),
        }
    }
}

pub(super) fn refused(path: &str, reason: &str) -> GitError {
    GitError::Submodule {
        path: path.chars().take(200).flat_map(char::escape_debug).collect(),
        reason: reason.to_owned(),
    }
}

/// Reads `submodule.<name>.<what>\n<value>\0`; the name may have dots.
fn described(listing: &str) -> Vec<Submodule> {
    let mut all: BTreeMap<&str, Submodule> = BTreeMap::new();
    for (key, value) in listing.split_terminator('\0').filter_map(|entry| entry.split_once('\n')) {
        let Some((name, what)) = key.strip_prefix("submodule.").and_then(|key| key.rsplit_once('.')) else {
            continue;
        };
        let module = all.entry(name).or_default();
        match what {
            "path" => module.path = value.to_owned(),
            "url" => module.url = value.to_owned(),
            "update" => module.skipped = value == "none",
            _ => {}
        }
    }
    all.into_values().filter(|module| !module.path.is_empty() && !module.url.is_empty()).collect()
}

/// The commit that the repository around it wants there, out of a listing of git's index or of a tree.
pub(super) fn linked_commit<'a>(listing: &'a str, path: &str) -> Option<&'a str> {
    listing.split_terminator('\0').find_map(|entry| {
        let (facts, name) = entry.split_once('\t')?;
        let mut facts = facts.split(' ');
        let mode = facts.next()?;
        let id = facts.find(|fact| is_commit_id(fact))?;
        (name == path && mode == "160000").then_some(id)
    })
}

/// The folder of a submodule: below the checkout, and no part of the way there is a link.
pub(super) fn inside(root: &Path, path: &str) -> Result<PathBuf, GitError> {
    let mut folder = root.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) if !name.eq_ignore_ascii_case(".git") => folder.push(name),
            _ => return Err(refused(path, "its path leads out of the repository")),
        }
        if folder.symlink_metadata().is_ok_and(|there| !there.is_dir()) {
            return Err(refused(path, "there is a link or a file in its place"));
        }
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::SecretBytes;
    use crate::git::{Credential, KnownHosts};

    fn remote(url: &str, ssh: bool) -> Remote {
        let secret = SecretBytes::new("secret");
        let credential = match ssh {
            true => Credential::SshKey { private_key: secret, known_hosts: KnownHosts::default() },
            false => Credential::Password { username: "u".into(), password: secret },
        };
        Remote { url: url.parse().expect("an address"), credential: Some(credential) }
    }

    #[test]
    fn r_git_5_a_submodule_is_reached_with_the_credential_of_its_host_only() {
        let https = remote("https://git.example/team/app.git", false);
        let ssh = remote("git@git.example:team/app.git", true);
        for (around, address, url, credential) in [
            (&https, "git@git.example:team/lib.git", "https://git.example/team/lib.git", true),
            (&https, "ssh://git@git.example:2222/team/lib.git", "https://git.example/team/lib.git", true),
            (&https, "../lib.git", "https://git.example/team/lib.git", true),
            (&https, "./lib.git", "https://git.example/team/app.git/lib.git", true),
            (&https, "https://git.example/o/lib", "https://git.example/o/lib", true),
            (&https, "https://git.example:8443/o/lib", "https://git.example:8443/o/lib", false),
            (&https, "http://git.example/o/lib", "http://git.example/o/lib", false),
            (&https, "https://other.example/o/lib", "https://other.example/o/lib", false),
            (&https, "git@other.example:o/lib", "https://other.example/o/lib", false),
            (&ssh, "git@git.example:team/lib.git", "ssh://git@git.example/team/lib.git", true),
            (&ssh, "../../o/lib.git", "ssh://git@git.example/o/lib.git", true),
            (&ssh, "git@other.example:o/lib", "https://other.example/o/lib", false),
            (&ssh, "https://git.example/o/lib", "https://git.example/o/lib", false),
        ] {
            let inner = around.submodule(address).expect(address);
            assert_eq!((inner.url.as_str(), inner.credential.is_some()), (url, credential), "{address}");
        }
    }

    #[test]
    fn r_sec_1b_a_submodule_from_a_path_or_a_program_is_refused() {
        let around = remote("https://git.example/team/app.git", false);
        let by_program = "ext::sh -c x"; // the trap: not a shell of ours
        for bad in [
            "/etc",
            "etc",
            "file:///etc",
            by_program,
            "--upload-pack=x",
            "-x",
            "../../../lib",
            "git://git.example/lib",
            "https://u:p@git.example/lib",
            "../-x",
        ] {
            assert!(around.submodule(bad).is_err(), "{bad}");
        }
        let root = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("/etc", root.path().join("link")).expect("a link");
        for bad in ["../x", "/x", "a/../b", "link", "link/x", ".git", "a/.GIT/x"] {
            assert!(inside(root.path(), bad).is_err(), "{bad}");
        }
        assert!(inside(root.path(), "a/b").is_ok());
    }

    #[test]
    fn what_a_repository_describes_is_read() {
        let listing = "submodule.a.b.path\nlibs/a\0submodule.a.b.url\n../a\nb\0submodule.a.b.update\nnone\0\
                       submodule.c.path\nc\0core.x\n1\0";
        let url = "../a\nb".to_owned();
        assert_eq!(described(listing), [Submodule { path: "libs/a".into(), url, skipped: true }]);
        let id = "0123456789".repeat(4);
        let listing = format!("100644 {id} 0\tx\0160000 {id} 0\tlibs/a\0");
        assert_eq!(linked_commit(&listing, "libs/a"), Some(id.as_str()));
        assert_eq!(linked_commit(&listing, "x"), None);
        let tree = format!("160000 commit {id}\tlibs/a\0100644 blob {id}\tx\0");
        assert_eq!(linked_commit(&tree, "libs/a"), Some(id.as_str()));
    }
}
