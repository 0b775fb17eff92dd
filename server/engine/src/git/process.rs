//! One run of git: its arguments, its environment, its end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::remote::{Credential, is_ref_name};
use super::{Bounds, Git, GitError, Remote, ssh, words};
use crate::mask::Masker;

/// What git may know of our environment: where programs and certificates are, and the way out.
const INHERITED: [&str; 11] = [
    "PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
];
/// Configuration for every run. `protocol.allow=never` shuts `file`, `ext`, `git` and whatever comes later.
const CONFIGURATION: [(&str, &str); 15] = [
    ("protocol.allow", "never"),
    ("protocol.https.allow", "always"),
    ("protocol.http.allow", "always"),
    ("protocol.ssh.allow", "always"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.autocrlf", "false"),
    ("credential.helper", ""),
    ("init.templateDir", ""),
    ("init.defaultBranch", "main"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    // A server that trickles is given up before the deadline.
    ("http.lowSpeedLimit", "100"),
    ("http.lowSpeedTime", "30"),
];
/// The most that is kept of git's answer; a listing of refs is shorter.
const MOST_OUTPUT: u64 = 16 << 20;
/// The last lines that an error is looked for in.
const LAST_LINES: usize = 40;

/// When a run must have ended; several runs of one call share it.
pub(super) struct Limits {
    until: Instant,
    whole: Duration,
    cancel: CancellationToken,
}

impl Limits {
    pub fn of(bounds: &Bounds) -> Self {
        Self {
            until: Instant::now() + bounds.deadline,
            whole: bounds.deadline,
            cancel: bounds.cancel.clone(),
        }
    }
}

/// A run of git that is not started yet.
pub(super) struct Invocation {
    program: PathBuf,
    folder: Option<PathBuf>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    configuration: Vec<(String, String)>,
    remote: String,
    masker: Masker,
    /// Lives as long as the run, which reads it.
    ssh_files: Option<ssh::Files>,
}

impl Invocation {
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            folder: None,
            arguments: Vec::new(),
            environment: Vec::new(),
            configuration: CONFIGURATION.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            remote: String::new(),
            masker: Masker::default(),
            ssh_files: None,
        }
    }

    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(OsString::from));
        self
    }

    pub fn inside(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Sets a variable of git's environment.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets configuration for this run; it goes before what every run has.
    pub fn configured(mut self, pairs: &[(&str, &str)]) -> Self {
        self.configuration.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        self
    }

    /// Starts it for a conversation over its streams; it ends with the value at the latest.
    pub fn start(self) -> Result<Started, GitError> {
        let mut command = self.command();
        command.stdin(Stdio::piped());
        let mut child = command.spawn().map_err(|error| GitError::NoGit(error.to_string()))?;
        let group = child.id().map(Group);
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = streams else {
            return Err(GitError::NoGit("it has no standard streams".into()));
        };
        Ok(Started { input: Some(input), output, errors, child, _group: group })
    }

    /// Adds the remote's credentials.
    pub fn towards(mut self, remote: &Remote, git: &Git) -> Result<Self, GitError> {
        self.remote = remote.url.to_string();
        if remote.url.is_ssh() {
            let program = git.ssh_program.as_deref().ok_or_else(|| GitError::BadCredential {
                remote: self.remote.clone(),
                reason: "this program does not know where it is, so git cannot start it for ssh".into(),
            })?;
            let files = ssh::prepare(remote, git.scratch("ssh-")?)?;
            self.environment.push(("GIT_SSH".into(), program.into()));
            self.environment.push(("GIT_SSH_VARIANT".into(), "ssh".into()));
            self.environment.push((ssh::CONFIG_VARIABLE.into(), files.config().into()));
            self.ssh_files = Some(files);
            return Ok(self);
        }
        match &remote.credential {
            Some(Credential::Password { username, password }) => {
                self.with_password(remote, username, password.expose())
            }
            Some(Credential::SshKey { .. }) => Err(GitError::BadCredential {
                remote: self.remote,
                reason: "an ssh key does not open an http address; use git@host:owner/repository.git".into(),
            }),
            None => Ok(self),
        }
    }

    fn with_password(mut self, remote: &Remote, username: &str, password: &[u8]) -> Result<Self, GitError> {
        if username.contains([':', '\n', '\r', '\0'])
            || password.iter().any(|b| matches!(b, b'\n' | b'\r' | 0))
        {
            return Err(GitError::BadCredential {
                remote: self.remote,
                reason: "a user name has no `:`, and neither it nor the password has line ends".into(),
            });
        }
        let mut pair = format!("{username}:").into_bytes();
        pair.extend_from_slice(password);
        let basic = STANDARD.encode(&pair);
        self.masker = Masker::new([password, basic.as_bytes()]);
        let key = format!("http.{}/.extraHeader", remote.url.origin());
        self.configuration.push((key, format!("Authorization: Basic {basic}")));
        // After a redirect git would send the header to the new host as well.
        self.configuration.push(("http.followRedirects".into(), "false".into()));
        Ok(self)
    }

    /// Runs it and gives what it printed. `lines` gets what it says meanwhile, without credentials.
    pub async fn run(
        self,
        limits: &Limits,
        lines: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<String, GitError> {
        let action = self.action();
        let mut child = self.command().spawn().map_err(|error| GitError::NoGit(error.to_string()))?;
        let _group = child.id().map(Group);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut told = Told { masker: &self.masker, sink: lines, last: Vec::new() };
        let work = async {
            let (output, ()) = tokio::join!(whole(stdout), told.listen(stderr));
            (output, child.wait().await)
        };
        let (output, status) = tokio::select! {
            biased;
            () = limits.cancel.cancelled() => return Err(GitError::Cancelled { action }),
            () = tokio::time::sleep_until(limits.until) => {
                return Err(GitError::Deadline { action, after: limits.whole });
            }
            ended = work => ended,
        };
        if let Some(files) = &self.ssh_files {
            files.learn();
        }
        match status {
            Ok(status) if status.success() => Ok(output),
            Ok(_) => Err(words::sort(&action, &self.remote, &told.last)),
            Err(error) => Err(GitError::NoGit(error.to_string())),
        }
    }

    fn action(&self) -> String {
        let verb = self.arguments.first().map(|a| a.to_string_lossy().into_owned()).unwrap_or_default();
        let known = if is_ref_name(&verb) { verb } else { "git".into() };
        if self.remote.is_empty() {
            format!("`git {known}`")
        } else {
            format!("`git {known}` of {}", self.remote)
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that runs git")]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear();
        command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command
            .env("LC_ALL", "C")
            // No user's folder: nothing of theirs is read or written.
            .env("HOME", "/nonexistent")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            // What a clone left out on purpose is not fetched behind our back.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_CONFIG_COUNT", self.configuration.len().to_string());
        for (index, (key, value)) in self.configuration.iter().enumerate() {
            command
                .env(format!("GIT_CONFIG_KEY_{index}"), key)
                .env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
        if let Some(folder) = &self.folder {
            // Without a ceiling, a folder that is no repository would make git look for one above it.
            command.current_dir(folder).env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }
}

/// A run of git that is talked to.
pub struct Started {
    /// What it reads; taken by whoever talks to it, and closed when dropped.
    pub input: Option<ChildStdin>,
    /// What it answers.
    pub output: ChildStdout,
    /// What it complains about.
    pub errors: ChildStderr,
    child: Child,
    _group: Option<Group>,
}

impl Started {
    /// Waits for its end; whether it ended well.
    pub async fn ended(&mut self) -> bool {
        self.child.wait().await.is_ok_and(|status| status.success())
    }
}

/// Ends git and the programs it started, whichever way the run is left.
struct Group(u32);

impl Drop for Group {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.0) {
            // An ended group is no error: that is how nearly every run is left.
            _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}

async fn whole(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What cannot be read any more is missed by whoever reads the answer.
        _ = stream.take(MOST_OUTPUT).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What git says on its standard error.
struct Told<'a> {
    masker: &'a Masker,
    sink: &'a (dyn Fn(&str) + Send + Sync),
    last: Vec<String>,
}

impl Told<'_> {
    async fn listen(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let (mut pending, mut buffer) = (Vec::new(), vec![0u8; 8192]);
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            pending.extend_from_slice(&buffer[..length]);
            // Progress is drawn over itself with `\r`.
            while let Some(end) = pending.iter().position(|&b| b == b'\n' || b == b'\r') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                self.tell(&line);
            }
            if pending.len() > 64 * 1024 {
                pending.clear();
            }
        }
        self.tell(&pending);
    }

    fn tell(&mut self, line: &[u8]) {
        let line = self.masker.mask(line.trim_ascii());
        if line.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        (self.sink)(&text);
        if self.last.len() == LAST_LINES {
            self.last.remove(0);
        }
        self.last.push(text);
    }
}
