//! A real authority of a test's own: Pebble, and a name server that says what the test wants.

use crate::{
    names,
    process::{command, free_ports, spawn, tail},
    wait::eventually_within,
};
use anyhow::{Context, Result};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    time::Duration,
};

/// How long an authority may take to answer.
const START: Duration = Duration::from_secs(60);

/// Pebble and the name server. Dropping it ends both.
///
/// A second one beside it ([`Pebble::beside`]) asks the same name server.
pub struct Pebble {
    folder: tempfile::TempDir,
    port: u16,
    management: u16,
    dns: u16,
    dns_management: u16,
    http: reqwest::Client,
    name_server: Option<Child>,
    authority: Option<Child>,
}

/// How Pebble behaves.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// How many seconds a certificate lives; Pebble's five years when absent.
    pub life: Option<u64>,
    /// Of a hundred requests, so many are told that their nonce is bad.
    pub bad_nonces: u32,
    /// An account needs this key id and key of one that exists.
    pub binding: Option<(String, String)>,
    /// Proofs are looked at after some seconds.
    pub slow: bool,
    /// It gives nothing for these names, whoever proves them.
    pub refused: Vec<String>,
    /// Names are looked up at this port of the loopback, instead of at the name server that says what the test wants.
    pub names_at: Option<u16>,
}

impl Pebble {
    /// Starts both; proofs are looked for at `http_port` of whatever address a name has.
    pub async fn start(http_port: u16, manners: Manners) -> Result<Self> {
        let [dns, dns_management] = free_ports()?;
        let mut pebble = Self::stopped(dns, dns_management)?;
        pebble.start_name_server()?;
        pebble.start_authority(http_port, &manners).await?;
        Ok(pebble)
    }

    /// Another authority that asks the same name server.
    pub async fn beside(&self, http_port: u16, manners: Manners) -> Result<Self> {
        let mut pebble = Self::stopped(self.dns, self.dns_management)?;
        pebble.start_authority(http_port, &manners).await?;
        Ok(pebble)
    }

    fn stopped(dns: u16, dns_management: u16) -> Result<Self> {
        let [port, management] = free_ports()?;
        let folder = tempfile::Builder::new().prefix("berth-test-pebble-").tempdir()?;
        let root = server_certificate(folder.path())?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([reqwest::Certificate::from_pem(root.as_bytes())?])
            .build()?;
        let (name_server, authority) = (None, None);
        Ok(Self { folder, port, management, dns, dns_management, http, name_server, authority })
    }

    fn start_name_server(&mut self) -> Result<()> {
        let mut server = command("pebble-challtestsrv");
        // No name has an address unless the test says so.
        server.args([
            "-defaultIPv4",
            "",
            "-defaultIPv6",
            "",
            "-http01",
            "",
            "-https01",
            "",
            "-tlsalpn01",
            "",
        ]);
        server.args(["-dns01", &format!("127.0.0.1:{}", self.dns)]);
        server.args(["-management", &format!("127.0.0.1:{}", self.dns_management)]);
        self.name_server = Some(spawn(server, &self.folder.path().join("names.log"))?);
        Ok(())
    }

    /// Starts the authority alone, as after [`Pebble::stop`]: it knows no account and no order of before.
    pub async fn start_authority(&mut self, http_port: u16, manners: &Manners) -> Result<()> {
        let at = |name: &str| self.folder.path().join(name);
        let mut settings = json!({
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": format!("127.0.0.1:{}", self.management),
            "certificate": at("server.pem"),
            "privateKey": at("server.key"),
            "httpPort": http_port,
            "tlsPort": 1,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": manners.binding.is_some(),
            "domainBlocklist": manners.refused,
        });
        if let Some(life) = manners.life {
            settings["certificateValidityPeriod"] = json!(life);
        }
        if let Some((id, key)) = &manners.binding {
            settings["externalAccountMACKeys"] = json!({ id: key });
        }
        fs::write(at("pebble.json"), json!({ "pebble": settings }).to_string())?;
        let mut pebble = command("pebble");
        pebble.arg("-config").arg(at("pebble.json"));
        pebble.args(["-dnsserver", &format!("127.0.0.1:{}", manners.names_at.unwrap_or(self.dns))]);
        pebble.env("PEBBLE_WFE_NONCEREJECT", manners.bad_nonces.to_string());
        match manners.slow {
            true => pebble.env("PEBBLE_VA_SLEEPTIME", "6"),
            false => pebble.env("PEBBLE_VA_NOSLEEP", "1"),
        };
        // Every order is proven anew.
        pebble.env("PEBBLE_AUTHZREUSE", "0");
        self.authority = Some(spawn(pebble, &self.log())?);
        // It makes its keys first, which takes its time on a busy machine.
        eventually_within(START, "Pebble and the name server answer", || async {
            self.http.get(self.directory()).send().await?.error_for_status()?;
            // A name that nobody asks for: whether its answer is there is of no interest.
            self.tell("clear-a", json!({ "host": format!("{}.", names::random()) })).await
        })
        .await
        .with_context(|| tail(&self.log(), 20))
    }

    /// Ends the authority; names are answered for as before.
    pub fn stop(&mut self) -> Result<()> {
        self.authority.take().map_or(Ok(()), end)
    }

    /// What a Berth that asks this authority is started with.
    pub fn environment(&self, http_port: u16) -> Vec<(String, String)> {
        let root = self.server_root();
        [
            ("BERTH_ACME_DIRECTORY", self.directory()),
            ("BERTH_ACME_CA_ROOT", root.display().to_string()),
            ("BERTH_ACME_EMAIL", "owner@example.com".to_owned()),
            ("BERTH_ACME_HTTP_PORT", http_port.to_string()),
            ("BERTH_DNS_WEBHOOK", format!("http://127.0.0.1:{}", self.dns_management)),
            ("BERTH_RESOLVER", format!("127.0.0.1:{}", self.dns)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec()
    }

    /// The file with the root that vouches for its own server.
    fn server_root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// The setting of a Berth that asks both: a file that vouches for the servers of this one and of another.
    pub fn roots_with(&self, other: &Self) -> Result<(String, String)> {
        let both = self.folder.path().join("roots.pem");
        let roots = [fs::read_to_string(self.server_root())?, fs::read_to_string(other.server_root())?];
        fs::write(&both, roots.concat())?;
        Ok(("BERTH_ACME_CA_ROOT".to_owned(), both.display().to_string()))
    }

    /// The address of its directory.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// The root that vouches for what it gives, in PEM; another one after each start.
    pub async fn root(&self) -> Result<String> {
        let url = format!("https://127.0.0.1:{}/roots/0", self.management);
        Ok(self.http.get(url).send().await?.error_for_status()?.text().await?)
    }

    /// A name leads to this machine.
    pub async fn points_here(&self, host: &str) -> Result<()> {
        self.points_to(host, "127.0.0.1").await
    }

    /// A name leads to an address.
    pub async fn points_to(&self, host: &str, address: &str) -> Result<()> {
        let kind = if address.contains(':') { "add-aaaa" } else { "add-a" };
        self.tell(kind, json!({ "host": format!("{host}."), "addresses": [address] })).await
    }

    /// A name leads nowhere any more.
    pub async fn points_nowhere(&self, host: &str) -> Result<()> {
        self.tell("clear-a", json!({ "host": format!("{host}.") })).await?;
        self.tell("clear-aaaa", json!({ "host": format!("{host}.") })).await
    }

    /// The zone of a name lets only this authority give certificates.
    pub async fn only(&self, host: &str, authority: &str) -> Result<()> {
        let policies = json!([{ "tag": "issue", "value": authority }]);
        self.tell("add-caa", json!({ "host": format!("{host}."), "policies": policies })).await
    }

    /// The name server fails when it is asked for a name.
    pub async fn fails_for(&self, host: &str) -> Result<()> {
        self.tell("set-servfail", json!({ "host": format!("{host}.") })).await
    }

    /// Tells the name server something.
    pub async fn tell(&self, what: &str, said: Value) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/{what}", self.dns_management);
        let answer = reqwest::Client::builder().no_proxy().build()?.post(url).body(said.to_string());
        answer.send().await?.error_for_status()?;
        Ok(())
    }

    /// How many orders were opened so far.
    pub fn orders(&self) -> Result<usize> {
        Ok(self.lines("Added order")?.len())
    }

    /// How many orders it was asked for, whether it opened them or not.
    pub fn asked(&self) -> Result<usize> {
        Ok(self.lines("POST /order-plz")?.len())
    }

    /// How many certificates it gave.
    pub fn given(&self) -> Result<usize> {
        Ok(self.lines("Issued certificate serial")?.len())
    }

    /// The lines of its log with a text.
    pub fn lines(&self, text: &str) -> Result<Vec<String>> {
        let log = fs::read_to_string(self.log())?;
        Ok(log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("pebble.log")
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in [self.name_server.take(), self.authority.take()].into_iter().flatten() {
            if let Err(error) = end(child) {
                eprintln!("{error:#}");
            }
        }
        // The runner shows this only when the test failed.
        eprintln!("--- the end of Pebble's log\n{}", tail(&self.log(), 25));
    }
}

fn end(mut child: Child) -> Result<()> {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL)?;
    child.wait()?;
    Ok(())
}

/// A root of its own, and what Pebble's own server shows; answers the root.
fn server_certificate(folder: &Path) -> Result<String> {
    let key = KeyPair::generate()?;
    let mut root = CertificateParams::new(Vec::<String>::new())?;
    root.distinguished_name.push(DnType::CommonName, "The root of the tests");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let certificate = root.self_signed(&key)?;
    let issuer = Issuer::new(root, key);
    let server_key = KeyPair::generate()?;
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let server = CertificateParams::new(names)?.signed_by(&server_key, &issuer)?;
    fs::write(folder.join("root.pem"), certificate.pem())?;
    fs::write(folder.join("server.pem"), server.pem())?;
    fs::write(folder.join("server.key"), server_key.serialize_pem())?;
    Ok(certificate.pem())
}

/// A certificate for a name that vouches for itself, with its key, in PEM.
pub fn made_for(name: &str) -> Result<(String, String)> {
    let key = KeyPair::generate()?;
    let own = CertificateParams::new(vec![name.to_owned()])?.self_signed(&key)?;
    Ok((own.pem(), key.serialize_pem()))
}
