//! Addresses, revisions and credentials that git can be given.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::{GitError, KnownHosts};
use crate::docker::SecretBytes;

/// A repository's address: http, https or ssh, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteUrl(Url);

impl RemoteUrl {
    /// The address as git is given it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is reached by ssh.
    pub fn is_ssh(&self) -> bool {
        self.0.scheme() == "ssh"
    }

    /// The host's name.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The path to the repository on its host.
    pub(crate) fn path(&self) -> &str {
        self.0.path()
    }

    /// The host as a `known_hosts` file names it.
    pub fn known_as(&self) -> String {
        let host = self.host().trim_matches(['[', ']']);
        match self.0.port().filter(|port| *port != 22) {
            Some(port) => format!("[{host}]:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether both are reached in the same way at the same server.
    pub(super) fn is_same_server(&self, other: &Self) -> bool {
        self.0.scheme() == other.0.scheme()
            && self.host() == other.host()
            && (self.is_ssh() && self.known_as() == other.known_as()
                || !self.is_ssh() && self.origin() == other.origin())
    }

    /// Another repository of the same server.
    pub(super) fn with_path(&self, path: &str) -> Result<Self, GitError> {
        let mut url = self.0.clone();
        url.set_path(path);
        url.as_str().parse()
    }

    /// The same path of the same host over https.
    pub(super) fn over_https(&self) -> Result<Self, GitError> {
        format!("https://{}{}", self.host(), self.path()).parse()
    }

    /// A repository that is named from this one, as submodules are: `../other.git`.
    pub(super) fn relative(&self, text: &str) -> Result<Self, GitError> {
        let mut path: Vec<&str> = self.path().split('/').filter(|part| !part.is_empty()).collect();
        for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part != ".." {
                path.push(part);
            } else if path.pop().is_none() {
                return Err(GitError::BadUrl {
                    url: without_userinfo(text),
                    reason: "it leads above its host".into(),
                });
            }
        }
        if path.iter().any(|part| part.starts_with('-')) {
            return Err(GitError::BadUrl {
                url: without_userinfo(text),
                reason: "a part of it starts with `-`".into(),
            });
        }
        self.with_path(&format!("/{}", path.join("/")))
    }

    /// Scheme, host and port: what a credential is for.
    pub(super) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RemoteUrl {
    type Err = GitError;

    fn from_str(text: &str) -> Result<Self, GitError> {
        let text = text.trim();
        let whole = scp_like(text).unwrap_or_else(|| text.to_owned());
        let refuse =
            |reason: &str| Err(GitError::BadUrl { url: without_userinfo(text), reason: reason.to_owned() });
        // Url drops line breaks without a word; what is kept would not be what is fetched.
        if whole.chars().any(char::is_control) {
            return refuse("it has a character that is not allowed");
        }
        let Ok(url) = Url::parse(&whole) else {
            return refuse("use https://host/owner/repository.git or git@host:owner/repository.git");
        };
        if !matches!(url.scheme(), "https" | "http" | "ssh") {
            return refuse("only https, http and ssh are used");
        }
        if url.password().is_some() || (!url.username().is_empty() && url.scheme() != "ssh") {
            return refuse("it contains a user or password; give them as the source's credential");
        }
        if !url.host_str().is_some_and(is_plain_host) {
            return refuse("it has no host name that can be used");
        }
        if !url.username().bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            || url.username().starts_with('-')
        {
            return refuse("the user name has letters, digits, `_`, `.` and `-`");
        }
        // Url has percent-encoded what is not printable; what is left could still be an option or a way up.
        let path = url.path();
        if path.len() < 2 || path.starts_with("/-") || path.split('/').any(|part| part == "..") {
            return refuse("it has no path to a repository");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("it must not contain `?` or `#`");
        }
        Ok(Self(url))
    }
}

/// `user@host:path`, as ssh users write it.
fn scp_like(text: &str) -> Option<String> {
    if text.contains("://") {
        return None;
    }
    let (host, path) = text.split_once(':')?;
    // `ext::sh -c ...` is git's way to run a program.
    if host.is_empty() || path.starts_with(':') || host.contains('/') {
        return None;
    }
    Some(format!("ssh://{host}/{}", path.trim_start_matches('/')))
}

fn is_plain_host(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    !host.starts_with('-')
        && !inner.is_empty()
        && inner.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_'))
}

/// For messages: what stands before an `@` may be a password.
fn without_userinfo(text: &str) -> String {
    let shown: String = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}://...{}", &text[..scheme], &text[at..]),
        _ => text.to_owned(),
    };
    shown.chars().take(200).flat_map(char::escape_debug).collect()
}

/// Who we are for a server.
#[derive(Clone)]
pub enum Credential {
    /// User and password or token, for http and https.
    Password {
        /// The user; for most servers' tokens any name will do.
        username: String,
        /// The password or token.
        password: SecretBytes,
    },
    /// A private key, for ssh.
    SshKey {
        /// The key in OpenSSH or PEM form, without a passphrase.
        private_key: SecretBytes,
        /// Which keys of the host are trusted.
        known_hosts: KnownHosts,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Credential::Password(..)",
            Self::SshKey { .. } => "Credential::SshKey(..)",
        })
    }
}

/// What is wanted of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// The newest commit of the default branch.
    Head,
    /// The newest commit of a branch.
    Branch(String),
    /// The commit of a tag.
    Tag(String),
    /// A commit by its full id.
    Commit(String),
}

impl Revision {
    /// A branch, checked.
    pub fn branch(name: &str) -> Result<Self, GitError> {
        checked("branch", name).map(Self::Branch)
    }

    /// A tag, checked.
    pub fn tag(name: &str) -> Result<Self, GitError> {
        checked("tag", name).map(Self::Tag)
    }

    /// A commit, checked.
    pub fn commit(id: &str) -> Result<Self, GitError> {
        if is_commit_id(id) {
            return Ok(Self::Commit(id.to_ascii_lowercase()));
        }
        Err(GitError::BadRevision {
            what: "commit",
            revision: id.chars().take(80).flat_map(char::escape_debug).collect(),
            reason: "give its full id of 40 hexadecimal digits".into(),
        })
    }

    /// The full name that git is given.
    pub(super) fn ref_name(&self) -> String {
        match self {
            Self::Head => "HEAD".into(),
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
            Self::Commit(id) => id.clone(),
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("default branch"),
            Self::Branch(name) => write!(f, "branch `{name}`"),
            Self::Tag(name) => write!(f, "tag `{name}`"),
            Self::Commit(id) => write!(f, "commit {id}"),
        }
    }
}

fn checked(what: &'static str, name: &str) -> Result<String, GitError> {
    if is_ref_name(name) {
        return Ok(name.to_owned());
    }
    Err(GitError::BadRevision {
        what,
        revision: name.chars().take(80).flat_map(char::escape_debug).collect(),
        reason: "git does not allow such a name".into(),
    })
}

/// Git's own rules for branch and tag names (`git check-ref-format`), and no leading `-`.
pub fn is_ref_name(name: &str) -> bool {
    let forbidden =
        |c: char| c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    !name.is_empty()
        && name.len() <= 240
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(forbidden)
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

/// A full SHA-1 or SHA-256 id.
pub fn is_commit_id(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit())
}
