//! A git host that is reached by ssh: OpenSSH's own server on a private port, with keys of its own.

use crate::{
    process::{command, free_ports, run, spawn, tail},
    wait::eventually,
};
use anyhow::{Context, Result, ensure};
use std::{path::Path, process::Child};

/// The host; it lets those in whose keys it was given.
pub struct Sshd {
    folder: tempfile::TempDir,
    daemon: Child,
    port: u16,
    user: String,
}

impl Sshd {
    /// Starts one that nobody may use yet.
    pub async fn start() -> Result<Self> {
        let program = "/usr/sbin/sshd";
        ensure!(Path::new(program).exists(), "{program} is missing: apt-get install openssh-server");
        let folder = tempfile::Builder::new().prefix("berth-sshd-").tempdir()?;
        make_key(&folder.path().join("host"))?;
        let [port] = free_ports()?;
        let at = folder.path().display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
             SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*\n"
        );
        std::fs::write(folder.path().join("config"), config)?;
        // sshd's folder for privilege separation, which a package's start script would have made.
        std::fs::create_dir_all("/run/sshd")?;
        let mut sshd = command(program);
        sshd.args(["-D", "-e", "-f"]).arg(folder.path().join("config"));
        let daemon = spawn(sshd, &folder.path().join("log"))?;
        let user = nix::unistd::User::from_uid(nix::unistd::getuid())?.context("a user")?.name;
        let host = Self { folder, daemon, port, user };
        host.listens().await?;
        Ok(host)
    }

    /// Lets the holder of a key in, and nobody else.
    pub fn allow(&self, public_key: &str) -> Result<()> {
        Ok(std::fs::write(self.folder.path().join("authorized"), format!("{public_key}\n"))?)
    }

    /// The address of a repository in a folder.
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repository.display())
    }

    /// The fingerprint of the host's key.
    pub fn fingerprint(&self) -> Result<String> {
        let mut show = command("ssh-keygen");
        show.arg("-lf").arg(self.folder.path().join("host.pub"));
        Ok(run(show)?.split(' ').nth(1).context("a fingerprint")?.to_owned())
    }

    /// Starts it again with another key, as an impostor would.
    pub async fn change_host_key(&mut self) -> Result<()> {
        self.end()?;
        for file in ["host", "host.pub"] {
            std::fs::remove_file(self.folder.path().join(file))?;
        }
        make_key(&self.folder.path().join("host"))?;
        let mut sshd = command("/usr/sbin/sshd");
        sshd.args(["-D", "-e", "-f"]).arg(self.folder.path().join("config"));
        self.daemon = spawn(sshd, &self.folder.path().join("log"))?;
        self.listens().await
    }

    async fn listens(&self) -> Result<()> {
        eventually("sshd listens", || async {
            let log = tail(&self.folder.path().join("log"), 10);
            tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.context(log).map(|_| ())
        })
        .await
    }

    fn end(&mut self) -> Result<()> {
        self.daemon.kill()?;
        self.daemon.wait()?;
        Ok(())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("{error:#}");
        }
    }
}

fn make_key(path: &Path) -> Result<()> {
    let mut keygen = command("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path);
    run(keygen).map(|_| ())
}
