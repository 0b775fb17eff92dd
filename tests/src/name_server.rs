//! A real name server of a test's own (Knot DNS) that takes signed updates, as in RFC 2136.

use crate::{
    process::{command, free_ports, spawn, tail},
    wait::eventually,
};
use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::Child,
    time::Duration,
};

/// The name of the key that may put texts into the zone, and the key in Base64.
pub const KEY: (&str, &str) = ("berth", "YSBrZXkgdGhhdCBvbmx5IHRlc3RzIGtub3cgMDEyMzQ1");
/// A key that the server knows and that may change nothing.
pub const IDLE_KEY: (&str, &str) = ("idle", "YW5vdGhlciBrZXkgdGhhdCBvbmx5IHRlc3RzIGtub3c=");

/// The name server. Dropping it ends it.
pub struct NameServer {
    folder: tempfile::TempDir,
    daemon: Child,
    port: u16,
}

impl NameServer {
    /// Starts one that keeps this zone.
    pub async fn start(zone: &str) -> Result<Self> {
        let program = "/usr/sbin/knotd";
        ensure!(Path::new(program).exists(), "{program} is missing: apt-get install knot");
        let folder = tempfile::Builder::new().prefix("berth-test-knot-").tempdir()?;
        let [port] = free_ports()?;
        fs::write(folder.path().join("zone"), records(zone))?;
        fs::write(folder.path().join("knot.conf"), settings(folder.path(), zone, port))?;
        let mut knot = command(program);
        knot.arg("-c").arg(folder.path().join("knot.conf"));
        let daemon = spawn(knot, &folder.path().join("log"))?;
        let server = Self { folder, daemon, port };
        // Knot answers for a zone once it has loaded it.
        eventually("the name server answers", || async {
            ensure!(server.answers(zone, SOA)? > 0, "it does not know the zone");
            Ok(())
        })
        .await
        .with_context(|| tail(&server.log(), 20))?;
        Ok(server)
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its port of the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many texts a name has.
    pub fn texts(&self, name: &str) -> Result<u16> {
        self.answers(name, TXT)
    }

    /// Asks one question, and counts the answers.
    fn answers(&self, name: &str, kind: u16) -> Result<u16> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        // A header with one question, the name, its type, and the internet's class.
        let mut question = vec![0xbe, 0x12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            question.push(u8::try_from(label.len())?);
            question.extend(label.as_bytes());
        }
        question.push(0);
        question.extend([kind.to_be_bytes(), [0, 1]].concat());
        socket.send_to(&question, self.address())?;
        let mut answer = [0; 1_232];
        let length = socket.recv(&mut answer)?;
        ensure!(length >= 12 && answer[..2] == question[..2], "that answers another question");
        Ok(u16::from_be_bytes([answer[6], answer[7]]))
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// Types of records.
const SOA: u16 = 6;
const TXT: u16 = 16;

impl Drop for NameServer {
    fn drop(&mut self) {
        let ended =
            kill(Pid::from_raw(self.daemon.id() as i32), Signal::SIGKILL).map_err(anyhow::Error::from);
        if let Err(error) = ended.and_then(|()| Ok(self.daemon.wait()?)) {
            eprintln!("{error:#}");
        }
        // The runner shows this only when the test failed.
        eprintln!("--- the end of the name server's log\n{}", tail(&self.log(), 25));
    }
}

/// The zone as it is at first; that something is absent is remembered for a second only.
fn records(zone: &str) -> String {
    format!(
        "{zone}. 3600 IN SOA ns1.{zone}. owner.{zone}. 1 3600 600 86400 1\n\
         {zone}. 3600 IN NS ns1.{zone}.\n\
         ns1.{zone}. 3600 IN A 127.0.0.1\n"
    )
}

fn settings(folder: &Path, zone: &str, port: u16) -> String {
    let at = folder.display();
    let key = |(name, secret): (&str, &str)| {
        format!("  - id: {name}\n    algorithm: hmac-sha256\n    secret: {secret}\n")
    };
    let keys = [KEY, IDLE_KEY].map(key).concat();
    let name = KEY.0;
    format!(
        "server:\n    rundir: {at}\n    listen: 127.0.0.1@{port}\n    udp-workers: 1\n    tcp-workers: 1\n\
         \x20   background-workers: 1\n\
         database:\n    storage: {at}\n    journal-db-max-size: 20M\n    kasp-db-max-size: 20M\n\
         \x20   timer-db-max-size: 20M\n    catalog-db-max-size: 20M\n\
         log:\n  - target: stderr\n    any: info\n\
         key:\n{keys}\
         acl:\n  - id: proofs\n    key: {name}\n    action: update\n    update-type: [TXT]\n\
         zone:\n  - domain: {zone}\n    file: {at}/zone\n    journal-content: changes\n    zonefile-sync: -1\n\
         \x20   zonefile-load: difference\n    acl: proofs\n"
    )
}
