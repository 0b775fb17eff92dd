//! A real sshd on a port of its own, with keys of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::repository::Repository;

pub struct Server {
    folder: tempfile::TempDir,
    daemon: Child,
    port: u16,
    path: String,
    pub key: String,
    pub other_key: String,
}

impl Server {
    /// `None` where OpenSSH's server is not installed.
    #[allow(clippy::disallowed_methods)]
    pub async fn start(repository: &Repository) -> Option<Self> {
        let program =
            ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].into_iter().find(|p| Path::new(p).exists())?;
        let folder = tempfile::Builder::new().prefix("berth-sshd-").tempdir().expect("a folder");
        for name in ["host", "impostor", "client", "other"] {
            keygen(&folder.path().join(name));
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a key");
        std::fs::write(folder.path().join("authorized"), read("client.pub")).expect("a file");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address")
            .port();
        let at = folder.path().display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
             SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*\n"
        );
        std::fs::write(folder.path().join("config"), config).expect("a file");
        // sshd's folder for privilege separation, which a package's start script would have made.
        _ = std::fs::create_dir_all("/run/sshd");
        let daemon = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(folder.path().join("config"))
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).expect("a log"))
            .spawn()
            .expect("sshd");
        let (key, other_key) = (read("client"), read("other"));
        let server =
            Self { folder, daemon, port, path: repository.path().display().to_string(), key, other_key };
        server.await_port().await;
        Some(server)
    }

    pub fn url(&self) -> String {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).expect("a user").expect("a user").name;
        format!("ssh://{user}@127.0.0.1:{}{}/.git", self.port, self.path)
    }

    pub fn known_hosts(&self) -> String {
        self.known_host("host.pub")
    }

    pub fn impostors_known_hosts(&self) -> String {
        self.known_host("impostor.pub")
    }

    fn known_host(&self, key: &str) -> String {
        let key = std::fs::read_to_string(self.folder.path().join(key)).expect("a key");
        format!("[127.0.0.1]:{} {key}", self.port)
    }

    async fn await_port(&self) {
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("sshd does not listen: {log}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.daemon.kill();
        _ = self.daemon.wait();
    }
}

#[allow(clippy::disallowed_methods)]
fn keygen(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status()
        .expect("ssh-keygen");
    assert!(made.success());
}
