//! Git, by running the `git` program: the only module that runs one (R-SEC-1).
//!
//! Always an argument list, never a shell. The environment is empty but for an allow-list, system and user configuration
//! are not read, hooks are off, and only https, http and ssh are spoken: not `file`, not `ext`. Submodules are fetched by
//! us and not by git (see `submodules`). Addresses and refs are checked before git sees them and stand behind `--`.
//!
//! Credentials never are arguments and never part of an address. For http(s) they are a header, given as configuration
//! through the environment and only for the remote's own origin. For ssh, git runs `GIT_SSH`, a path to a program and not a
//! command line: that is our own program again (see [`run_as_ssh`]), which replaces itself by `ssh -F <file>` with a
//! configuration made for this one run: one key, pinned hosts, nothing from the user's own folder.

mod changes;
mod error;
mod hook;
mod hosted;
mod known_hosts;
mod lfs;
mod linked;
mod process;
mod remote;
mod ssh;
mod submodules;
mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

pub use changes::{Changes, Span};
pub use error::GitError;
pub use hook::run_as_hook;
pub(crate) use hook::{HOOK, Pushed, Said, Update};
pub use hosted::{Ask, Exchange, Turn};
pub(crate) use hosted::{Hosted, LIVE, WayBack, place_hook};
pub use known_hosts::{KnownHosts, published_host_key};
pub(crate) use process::Started;
pub use remote::{Credential, RemoteUrl, Revision, is_commit_id, is_ref_name};
pub use ssh::run_as_ssh;

use process::{Invocation, Limits};

/// A repository elsewhere, and who we are there.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Where it is.
    pub url: RemoteUrl,
    /// Who we are; nobody for a public repository.
    pub credential: Option<Credential>,
}

/// How long a call may take, and how it is called off.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The most it may take.
    pub deadline: Duration,
    /// Ends it and every program it started.
    pub cancel: CancellationToken,
}

impl Bounds {
    /// A deadline, and nobody who cancels.
    pub fn within(deadline: Duration) -> Self {
        Self { deadline, cancel: CancellationToken::new() }
    }
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The full id.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
    /// Its author's name.
    pub author: String,
    /// Its author's mail address.
    pub email: String,
    /// When it was committed.
    pub at: DateTime<Utc>,
}

/// What can be seen of a repository with the credentials given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The branch that HEAD points to.
    pub default_branch: Option<String>,
    /// All branches, at most a thousand.
    pub branches: Vec<String>,
}

/// The `git` program.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    ssh_program: Option<PathBuf>,
    scratch: Option<PathBuf>,
}

impl Default for Git {
    fn default() -> Self {
        Self { program: "git".into(), ssh_program: std::env::current_exe().ok(), scratch: None }
    }
}

impl Git {
    /// The program found in PATH, and this program for ssh (see [`run_as_ssh`]).
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another program for ssh, which must call [`run_as_ssh`] first thing.
    pub fn with_ssh_program(self, program: impl Into<PathBuf>) -> Self {
        Self { ssh_program: Some(program.into()), ..self }
    }

    /// The same with a folder for what only lives as long as a run, such as the key that its ssh reads.
    pub fn with_scratch(self, folder: impl Into<PathBuf>) -> Self {
        Self { scratch: Some(folder.into()), ..self }
    }

    /// A folder that goes when it is dropped.
    fn scratch(&self, prefix: &str) -> Result<tempfile::TempDir, GitError> {
        let folder = self.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let made = std::fs::create_dir_all(&folder)
            .and_then(|()| tempfile::Builder::new().prefix(prefix).tempdir_in(&folder));
        made.map_err(|error| GitError::folder(&folder, &error))
    }

    /// The version, to see at the start that git is there.
    pub async fn version(&self) -> Result<String, GitError> {
        let limits = Limits::of(&Bounds::within(Duration::from_secs(10)));
        let output = self.local(None).arg("version").run(&limits, &|_| ()).await?;
        Ok(output.trim().trim_start_matches("git version ").to_owned())
    }

    /// The commit that a revision is at now.
    pub async fn resolve(
        &self,
        remote: &Remote,
        revision: &Revision,
        bounds: &Bounds,
    ) -> Result<String, GitError> {
        if let Revision::Commit(id) = revision {
            return Ok(id.clone());
        }
        let wanted = revision.ref_name();
        let peeled = format!("{wanted}^{{}}");
        let call = self.at(remote)?.args(["ls-remote", "--", remote.url.as_str(), &wanted, &peeled]);
        let listing = call.run(&Limits::of(bounds), &|_| ()).await?;
        // An annotated tag is an object of its own; peeled, it is its commit.
        let find = |name: &str| {
            listing
                .lines()
                .find_map(|line| line.split_once('\t').filter(|(_, n)| *n == name))
                .map(|(id, _)| id)
        };
        let found = find(&peeled).or_else(|| find(&wanted));
        found.filter(|id| is_commit_id(id)).map(str::to_owned).ok_or_else(|| GitError::NoSuchRevision {
            remote: remote.url.to_string(),
            revision: revision.to_string(),
        })
    }

    /// Whether the repository can be read, and what branches it has.
    pub async fn verify_credentials(&self, remote: &Remote, bounds: &Bounds) -> Result<Access, GitError> {
        let call = self.at(remote)?.args([
            "ls-remote",
            "--symref",
            "--",
            remote.url.as_str(),
            "HEAD",
            "refs/heads/*",
        ]);
        let listing = call.run(&Limits::of(bounds), &|_| ()).await?;
        let branch = |name: &str| name.strip_prefix("refs/heads/").map(str::to_owned);
        let head = listing.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
        let branches =
            listing.lines().filter_map(|line| branch(line.split_once('\t')?.1)).take(1000).collect();
        Ok(Access { default_branch: head.and_then(branch), branches })
    }

    /// Checks a revision out into `folder`, which must be empty or absent, with no more history than needed. `branch` is
    /// where a commit can be found on servers that do not give out commits by id.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a decision of the caller's, and there is one caller"
    )]
    pub async fn checkout(
        &self,
        remote: &Remote,
        revision: &Revision,
        branch: Option<&str>,
        folder: &Path,
        bounds: &Bounds,
        lines: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Commit, GitError> {
        if let Some(branch) = branch {
            Revision::branch(branch)?;
        }
        let limits = Limits::of(bounds);
        tokio::fs::create_dir_all(folder).await.map_err(|e| GitError::folder(folder, &e))?;
        self.local(Some(folder)).args(["init", "--quiet"]).run(&limits, lines).await?;
        let shallow = self.fetching(remote, folder, true)?.args([remote.url.as_str(), &revision.ref_name()]);
        let commit = match (shallow.run(&limits, lines).await, revision, branch) {
            (Ok(_), _, _) => "FETCH_HEAD".to_owned(),
            (Err(GitError::NoSuchRevision { .. }), Revision::Commit(id), branch) => {
                let wanted = branch.map_or("+refs/heads/*:refs/remotes/origin/*".into(), |branch| {
                    format!("refs/heads/{branch}")
                });
                let whole = self.fetching(remote, folder, false)?.args([remote.url.as_str(), &wanted]);
                whole.run(&limits, lines).await.map_err(|error| error.of(revision))?;
                id.clone()
            }
            (Err(error), _, _) => return Err(error.of(revision)),
        };
        let call =
            self.local(Some(folder)).args(["checkout", "--quiet", "--force", "--detach", &commit, "--"]);
        call.run(&limits, lines).await.map_err(|error| match revision {
            Revision::Commit(_) => GitError::NoSuchRevision {
                remote: remote.url.to_string(),
                revision: format!("{revision} on its branches"),
            },
            _ => error,
        })?;
        self.head(folder, &limits).await
    }

    /// What is checked out in a folder.
    pub async fn commit_at(&self, folder: &Path) -> Result<Commit, GitError> {
        self.head(folder, &Limits::of(&Bounds::within(Duration::from_secs(10)))).await
    }

    fn fetching(&self, remote: &Remote, folder: &Path, shallow: bool) -> Result<Invocation, GitError> {
        let call = self.at(remote)?.inside(folder).args([
            "fetch",
            "--progress",
            "--no-tags",
            "--no-recurse-submodules",
        ]);
        Ok(if shallow { call.args(["--depth=1", "--"]) } else { call.arg("--") })
    }

    async fn head(&self, folder: &Path, limits: &Limits) -> Result<Commit, GitError> {
        self.commit_of(self.local(Some(folder)), None, limits).await
    }

    /// The commit of that id, or the one that HEAD is at.
    async fn commit_of(
        &self,
        call: Invocation,
        id: Option<&str>,
        limits: &Limits,
    ) -> Result<Commit, GitError> {
        let call = call.args([
            "log",
            "-1",
            "--no-show-signature",
            "--format=%H%x00%an%x00%ae%x00%ct%x00%s",
            id.unwrap_or("HEAD"),
            "--",
        ]);
        let output = call.run(limits, &|_| ()).await?;
        let mut fields = output.trim_end().splitn(5, '\0');
        let mut next = || fields.next().unwrap_or_default().to_owned();
        let (id, author, email, seconds, subject) = (next(), next(), next(), next(), next());
        let at = seconds.parse().ok().and_then(|s| DateTime::from_timestamp(s, 0)).unwrap_or_default();
        Ok(Commit { id, subject, author, email, at })
    }

    /// A call that talks to nobody.
    fn local(&self, folder: Option<&Path>) -> Invocation {
        let call = Invocation::new(&self.program);
        match folder {
            Some(folder) => call.inside(folder),
            None => call,
        }
    }

    /// A call that talks to a remote with its credentials.
    fn at(&self, remote: &Remote) -> Result<Invocation, GitError> {
        Invocation::new(&self.program).towards(remote, self)
    }
}

#[cfg(test)]
#[path = "git/tests.rs"]
mod tests;
