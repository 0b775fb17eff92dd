//! ssh for git, without a command line that a shell would read.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitCode;

use super::remote::{Credential, RemoteUrl};
use super::{GitError, KnownHosts, Remote};

/// Names the configuration for the ssh that git starts.
pub(super) const CONFIG_VARIABLE: &str = "BERTH_GIT_SSH_CONFIG";

/// Becomes `ssh` when git has started this program as its `GIT_SSH`; `None` otherwise, which is nearly always.
///
/// A program that uses [`super::Git`] calls this first thing in `main`, before it starts threads.
#[expect(clippy::disallowed_methods, reason = "git's own ssh, with the arguments that git gave")]
pub fn run_as_ssh() -> Option<ExitCode> {
    let config = std::env::var_os(CONFIG_VARIABLE)?;
    let mut ssh = std::process::Command::new("ssh");
    ssh.arg("-F").arg(config).args(std::env::args_os().skip(1)).env_remove(CONFIG_VARIABLE);
    // Only returns when it could not.
    let error = ssh.exec();
    _ = writeln!(std::io::stderr(), "fatal: cannot run ssh: {error}. Install the OpenSSH client.");
    Some(ExitCode::from(127))
}

/// A folder with what one ssh run may know; it goes when the run ends.
pub(super) struct Files {
    folder: tempfile::TempDir,
    known_hosts: KnownHosts,
}

impl Files {
    /// The configuration.
    pub fn config(&self) -> std::path::PathBuf {
        self.folder.path().join("config")
    }

    /// Remembers the key of a host that was seen for the first time.
    pub fn learn(&self) {
        // Without the file, nothing was learned.
        if let Ok(file) = std::fs::read_to_string(self.folder.path().join("known_hosts")) {
            self.known_hosts.learn(&file);
        }
    }
}

/// Writes down what one run of ssh needs, in a folder of its own.
pub(super) fn prepare(remote: &Remote, folder: tempfile::TempDir) -> Result<Files, GitError> {
    let bad = |reason: String| GitError::BadCredential { remote: remote.url.to_string(), reason };
    let (key, known_hosts) = match &remote.credential {
        Some(Credential::SshKey { private_key, known_hosts }) => (Some(private_key), known_hosts.clone()),
        Some(Credential::Password { .. }) => {
            return Err(bad("an ssh address needs an ssh key, not a password".into()));
        }
        None => (None, KnownHosts::default()),
    };
    let write = |name: &str, bytes: &[u8]| {
        write_private(&folder.path().join(name), bytes).map_err(|e| bad(e.to_string()))
    };
    if let Some(key) = key {
        let mut bytes = key.expose().to_vec();
        // OpenSSH refuses a key whose last line has no end, and one with Windows' line ends.
        bytes.retain(|&b| b != b'\r');
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        write("key", &bytes)?;
    }
    // The file ends with a line's end, or ssh would write a new key behind it.
    let known = known_hosts.lines().map(|lines| format!("{}\n", lines.trim_end()));
    write("known_hosts", known.as_deref().unwrap_or_default().as_bytes())?;
    let config = config(&remote.url, folder.path(), key.is_some(), known.is_some());
    write("config", config.as_bytes())?;
    Ok(Files { folder, known_hosts })
}

/// The configuration: nothing of the user's or the system's, one key, and nobody is asked anything.
fn config(url: &RemoteUrl, folder: &Path, has_key: bool, pinned: bool) -> String {
    let folder = folder.display();
    let identity = if has_key { format!("IdentityFile \"{folder}/key\"\n  ") } else { String::new() };
    // Without a pinned key, the first one is taken and told; another one during the run is refused.
    let checking = if pinned { "yes" } else { "accept-new" };
    let user = if url.as_str().contains('@') { "" } else { "User git\n  " };
    format!(
        "Host *\n  {user}{identity}IdentitiesOnly yes\n  IdentityAgent none\n  PreferredAuthentications publickey\n  \
         PasswordAuthentication no\n  KbdInteractiveAuthentication no\n  BatchMode yes\n  \
         StrictHostKeyChecking {checking}\n  UserKnownHostsFile \"{folder}/known_hosts\"\n  \
         GlobalKnownHostsFile /dev/null\n  UpdateHostKeys no\n  ForwardAgent no\n  ForwardX11 no\n  \
         PermitLocalCommand no\n  ProxyCommand none\n  ClearAllForwardings yes\n  ConnectTimeout 15\n  \
         ServerAliveInterval 15\n  ServerAliveCountMax 3\n"
    )
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}
