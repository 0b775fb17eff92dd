//! What can go wrong with git.

use std::path::Path;
use std::time::Duration;

use super::Revision;

/// Why git did not do what was asked. No variant ever carries a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// An address that is not one we use.
    #[error("`{url}` is not a repository address: {reason}")]
    BadUrl {
        /// As given, without credentials.
        url: String,
        /// What would be right.
        reason: String,
    },
    /// A branch, tag or commit that git could not have.
    #[error("`{revision}` is not a {what}: {reason}")]
    BadRevision {
        /// Branch, tag or commit.
        what: &'static str,
        /// As given.
        revision: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A credential that cannot be used for that address.
    #[error("the credential for {remote} cannot be used: {reason}")]
    BadCredential {
        /// The repository.
        remote: String,
        /// What is wrong.
        reason: String,
    },
    /// The server wants to know who we are, or does not like it.
    #[error("{remote} refuses access: {reason}. Check the address, and the credential of this source.")]
    Denied {
        /// The repository.
        remote: String,
        /// The server's words.
        reason: String,
    },
    /// No such repository, as far as we may know.
    #[error("{remote} was not found: {reason}. Check the address; a private repository needs a credential.")]
    NotFound {
        /// The repository.
        remote: String,
        /// The server's words.
        reason: String,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{remote} has no {revision}. Check its name, and that it has been pushed.")]
    NoSuchRevision {
        /// The repository.
        remote: String,
        /// Kind and name.
        revision: String,
    },
    /// The server's ssh key is not the one that is known.
    #[error(
        "{remote} has another ssh host key than the one that is known: {reason}. If its operator has changed it, forget the former one in the service's settings."
    )]
    HostKey {
        /// The repository.
        remote: String,
        /// ssh's words.
        reason: String,
    },
    /// A repository inside the repository that cannot be had.
    #[error("the submodule `{path}` cannot be fetched: {reason}.")]
    Submodule {
        /// Where it belongs.
        path: String,
        /// Why not, with the repository's address.
        reason: String,
    },
    /// Files are kept by Git LFS, and its program is missing.
    #[error(
        "{remote} keeps {files} files in Git LFS, such as `{file}`, and this machine has no program for it. Install it: apt-get install git-lfs"
    )]
    NoLfs {
        /// The repository.
        remote: String,
        /// One of them.
        file: String,
        /// How many there are.
        files: usize,
    },
    /// The server points elsewhere, and a credential is not sent along.
    #[error(
        "{remote} has moved ({reason}), and the credential is not sent to another address. Use the address that it has now."
    )]
    Moved {
        /// The repository.
        remote: String,
        /// The server's words.
        reason: String,
    },
    /// The server could not be reached.
    #[error("{remote} cannot be reached: {reason}. Check the address and this machine's network.")]
    Unreachable {
        /// The repository.
        remote: String,
        /// git's words.
        reason: String,
    },
    /// It took too long.
    #[error("git did not finish {action} within {} s. The server may be slow or silent; try again.", after.as_secs())]
    Deadline {
        /// What was being done.
        action: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Somebody called it off.
    #[error("{action} was cancelled")]
    Cancelled {
        /// What was being done.
        action: String,
    },
    /// The `git` program could not be run.
    #[error("cannot run git: {0}. Install git, version 2.31 or newer.")]
    NoGit(String),
    /// A folder could not be used.
    #[error("cannot use the folder `{folder}`: {reason}")]
    Folder {
        /// The folder.
        folder: String,
        /// The system's words.
        reason: String,
    },
    /// Anything else that git said.
    #[error("git failed at {action}: {reason}")]
    Failed {
        /// What was being done.
        action: String,
        /// git's words.
        reason: String,
    },
}

impl GitError {
    /// Whether trying the same again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Deadline { .. })
    }

    /// The same, about this revision.
    pub(super) fn of(self, revision: &Revision) -> Self {
        match self {
            Self::NoSuchRevision { remote, .. } => {
                Self::NoSuchRevision { remote, revision: revision.to_string() }
            }
            other => other,
        }
    }

    pub(super) fn folder(folder: &Path, error: &std::io::Error) -> Self {
        Self::Folder { folder: folder.display().to_string(), reason: error.to_string() }
    }
}
