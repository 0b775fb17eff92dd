//! A person who pushes with the real git, over HTTP or SSH.

use crate::process::{command, output, run};
use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A person's own repository.
pub struct WorkingCopy {
    folder: tempfile::TempDir,
    key: Option<PathBuf>,
}

/// How a push ended.
#[derive(Debug)]
pub struct Pushed {
    pub accepted: bool,
    /// What git showed.
    pub told: String,
}

impl Pushed {
    /// It has to be accepted.
    pub fn accepted(self) -> Result<String> {
        ensure!(self.accepted, "the push was rejected:\n{}", self.told);
        Ok(self.told)
    }

    /// It has to be rejected, and to say this.
    pub fn rejected(self, why: &str) -> Result<String> {
        ensure!(!self.accepted, "the push was accepted:\n{}", self.told);
        ensure!(self.told.contains(why), "the push does not tell {why:?}:\n{}", self.told);
        Ok(self.told)
    }
}

impl WorkingCopy {
    /// An empty one with the branch `main`.
    pub fn new() -> Result<Self> {
        let copy = Self { folder: tempfile::Builder::new().prefix("berth-push-").tempdir()?, key: None };
        run(copy.git(&["init", "--quiet", "-b", "main", "work"]))?;
        Ok(copy)
    }

    /// Makes a key for SSH; gives its public half.
    pub fn make_key(&mut self) -> Result<String> {
        let key = self.folder.path().join("key");
        let mut keygen = command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "me@laptop", "-f"]).arg(&key);
        run(keygen)?;
        let public = std::fs::read_to_string(key.with_extension("pub"))?;
        self.key = Some(key);
        Ok(public)
    }

    /// The files.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes files and commits everything; gives the commit's id.
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> Result<String> {
        for (name, text) in files {
            let path = self.path().join(name);
            std::fs::create_dir_all(path.parent().context("it has a folder")?)?;
            std::fs::write(path, text)?;
        }
        run(self.at_work(&["add", "--all"]))?;
        run(self.at_work(&["commit", "--quiet", "--allow-empty", "-m", message]))?;
        Ok(run(self.at_work(&["rev-parse", "HEAD"]))?.trim().to_owned())
    }

    /// Puts a submodule's commit at a path; the next commit has it.
    pub fn link(&self, path: &str, commit: &str) -> Result<()> {
        // An empty folder is how a submodule looks that was not fetched.
        std::fs::create_dir_all(self.path().join(path))?;
        let link = format!("160000,{commit},{path}");
        run(self.at_work(&["update-index", "--add", "--cacheinfo", &link])).map(drop)
    }

    /// Pushes these refs, such as `HEAD:main`, to an address.
    pub fn push(&self, url: &str, refs: &[&str]) -> Result<Pushed> {
        let ended = output(self.pushing(url, refs))?;
        let told = [&ended.stdout[..], &ended.stderr[..]].concat();
        Ok(Pushed { accepted: ended.status.success(), told: String::from_utf8_lossy(&told).into_owned() })
    }

    /// The command that does so.
    pub fn pushing(&self, url: &str, refs: &[&str]) -> Command {
        let mut git = self.at_work(&["push", "--force", url]);
        git.args(refs);
        git
    }

    /// Clones an address; gives the folder.
    pub fn clone_of(&self, url: &str) -> Result<PathBuf> {
        let to = self.folder.path().join(format!("clone-{}", uuid::Uuid::new_v4().simple()));
        let mut git = self.git(&["clone", "--quiet", url]);
        git.arg(&to);
        run(git)?;
        Ok(to)
    }

    /// The commit that a ref is at in the repository there.
    pub fn remote_ref(&self, url: &str, name: &str) -> Result<Option<String>> {
        let listed = run(self.git(&["ls-remote", url, name]))?;
        Ok(listed.split_whitespace().next().map(str::to_owned))
    }

    /// Runs `ssh` itself with the key.
    pub fn ssh(&self, port: u16, arguments: &[&str]) -> Result<Pushed> {
        let mut ssh = command("ssh");
        ssh.args(self.ssh_options()).args(["-p", &port.to_string(), "git@127.0.0.1"]).args(arguments);
        let ended = output(ssh)?;
        let told = [&ended.stdout[..], &ended.stderr[..]].concat();
        Ok(Pushed { accepted: ended.status.success(), told: String::from_utf8_lossy(&told).into_owned() })
    }

    fn ssh_options(&self) -> Vec<String> {
        let key = self.key.as_deref().unwrap_or(Path::new("/dev/null")).display().to_string();
        let hosts = self.folder.path().join("known_hosts");
        ["-F", "/dev/null", "-i", &key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
            .map(str::to_owned)
            .into_iter()
            .chain([
                "-o".to_owned(),
                "StrictHostKeyChecking=accept-new".to_owned(),
                "-o".to_owned(),
                format!("UserKnownHostsFile={}", hosts.display()),
            ])
            .collect()
    }

    fn at_work(&self, arguments: &[&str]) -> Command {
        let mut git = self.git(arguments);
        git.current_dir(self.path());
        git
    }

    fn git(&self, arguments: &[&str]) -> Command {
        let mut git = command("git");
        git.current_dir(self.folder.path()).args(arguments);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        git.env("GIT_TERMINAL_PROMPT", "0").env("no_proxy", "127.0.0.1,localhost");
        git.env("GIT_SSH_COMMAND", format!("ssh {}", self.ssh_options().join(" ")));
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "A Person");
            git.env(format!("GIT_{role}_EMAIL"), "person@example.com");
        }
        git
    }
}

/// An address with a token in it.
pub fn with_token(url: &str, token: &str) -> String {
    url.replacen("://", &format!("://anybody:{token}@"), 1)
}
