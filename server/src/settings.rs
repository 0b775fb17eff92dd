//! What an operator sets with flags or in the environment.

mod acme;

pub use acme::AcmeArgs;

use crate::{cli::duration, http::Network};
use berth_domain::{
    domain_settings::{self, IpRange},
    published_port,
};
use berth_engine::Config;
use clap::Args;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// Where everything of this Berth is kept, and on which Docker names it goes by.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// The folder that keeps everything of this Berth
    #[arg(long, env = "BERTH_DATA", default_value = "/var/lib/berth")]
    pub data: PathBuf,

    /// postgres://... instead of the embedded SQLite in the data folder
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Tells several Berths on one Docker apart
    #[arg(long, env = "BERTH_INSTANCE", default_value = "main")]
    pub instance: String,
}

/// How `berth serve` runs.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub data: DataArgs,

    /// The address and port of the panel and the API
    #[arg(long, env = "BERTH_LISTEN", default_value = "0.0.0.0:3000")]
    pub listen: SocketAddr,

    /// The address and port on which git is answered over SSH, such as 0.0.0.0:2222; not at all when unset
    #[arg(long, env = "BERTH_SSH_ADDR", default_value = "", value_parser = address)]
    pub ssh_addr: Address,

    /// The proxy's public HTTP port on this machine
    #[arg(long, env = "BERTH_HTTP_PORT", default_value_t = 80)]
    pub http_port: u16,

    /// The proxy's public HTTPS port on this machine; 0 for no HTTPS, and 443 beside port 80 when unset
    #[arg(long, env = "BERTH_HTTPS_PORT", default_value = "", value_parser = port)]
    pub https_port: Port,

    #[command(flatten)]
    pub acme: AcmeArgs,

    /// The port of the proxy's API on the loopback of this machine
    #[arg(long, env = "BERTH_PROXY_API_PORT", default_value_t = 8079)]
    pub proxy_api_port: u16,

    /// Ports of this machine that services can get which speak no HTTP, over TCP and UDP, such as 20000-20009,5432
    #[arg(long, env = "BERTH_PORTS", default_value = "", value_parser = ports)]
    pub ports: Arc<[u16]>,

    /// The proxy's image
    #[arg(long, env = "BERTH_PROXY_IMAGE", default_value = "traefik:v3.7")]
    pub proxy_image: String,

    /// The port of the waiting room, on the proxy's own network only; 0 for one that is free, which is then kept
    #[arg(long, env = "BERTH_WAITING_PORT", default_value_t = 0)]
    pub waiting_port: u16,

    /// Where people reach the panel, for links
    #[arg(long, env = "BERTH_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// New services answer below this domain
    #[arg(long, env = "BERTH_DEFAULT_DOMAIN", default_value = "localhost")]
    pub default_domain: String,

    /// The folder of the built panel (pkg/berth.js and so on); the panel works without it, only less lively
    #[arg(long, env = "BERTH_SITE")]
    pub site: Option<PathBuf>,

    /// Proxies in front of the panel whose X-Forwarded-For is believed, such as 10.0.0.0/8,192.0.2.1
    #[arg(long, env = "BERTH_TRUSTED_PROXIES", default_value = "", value_parser = networks)]
    pub trusted_proxies: Arc<[Network]>,

    /// Proxies in front of the public HTTP port that are believed when they say who asks: addresses and networks with
    /// commas between them; `cloudflare` stands for Cloudflare's networks, `private` for those of private use
    #[arg(long, env = "BERTH_EDGE_PROXIES", default_value = "", value_parser = edge_proxies)]
    pub edge_proxies: Arc<[IpRange]>,

    /// Hosts in this machine's own networks that Berth may ask for people, such as 10.0.0.5,registry.lan:5000
    #[arg(long, env = "BERTH_PRIVATE_HOSTS", default_value = "", value_parser = words)]
    pub private_hosts: Arc<[String]>,

    /// The web server that static sites are put behind: it serves /public on port 80 (SERVER_ROOT, SERVER_PORT)
    #[arg(long, env = "BERTH_STATIC_IMAGE", default_value = "joseluisq/static-web-server:2")]
    pub static_image: String,

    /// How many builds run at the same time
    #[arg(long, env = "BERTH_CONCURRENT_BUILDS", default_value_t = 2)]
    pub concurrent_builds: usize,

    /// The memory that all builds together may take, in MiB; what the machine has to spare when unset
    #[arg(long, env = "BERTH_BUILD_MEMORY_MIB")]
    pub build_memory_mib: Option<u64>,

    /// How many processes and threads all builds together may have
    #[arg(long, env = "BERTH_BUILD_PROCESSES", default_value_t = 4_096)]
    pub build_processes: u64,

    /// How many former releases of a service keep their image
    #[arg(long, env = "BERTH_RELEASES_KEPT", default_value_t = 5)]
    pub releases_kept: usize,

    /// What stays free on a disk, in MiB: no build begins below; a tenth of the disk, at most 5 GiB, when unset
    #[arg(long, env = "BERTH_DISK_RESERVE_MIB")]
    pub disk_reserve_mib: Option<u64>,

    /// The most that the cache of builds may take, in MiB, whoever built; it is left alone when unset
    #[arg(long, env = "BERTH_BUILD_CACHE_MIB")]
    pub build_cache_mib: Option<u64>,

    /// The most that a tarball with source may have, in MiB
    #[arg(long, env = "BERTH_UPLOAD_MIB", default_value_t = 1_024)]
    pub upload_mib: u64,

    /// The disk that the log of one service may take, in MiB
    #[arg(long, env = "BERTH_LOG_BUDGET_MIB", default_value_t = 256)]
    pub log_budget_mib: u64,

    /// How many days log lines are kept
    #[arg(long, env = "BERTH_LOG_DAYS", default_value_t = 30)]
    pub log_days: u32,

    /// How long containers, networks and images that nobody wants are shown before they are removed, such as 1h
    #[arg(long, env = "BERTH_ORPHAN_GRACE", default_value = "1h", value_parser = duration::parse)]
    pub orphan_grace: Duration,

    /// How long the deletion of a volume can be taken back, such as 7d
    #[arg(long, env = "BERTH_VOLUME_GRACE", default_value = "7d", value_parser = duration::parse)]
    pub volume_grace: Duration,

    /// How often previews are compared with the git host, such as 1h
    #[arg(long, env = "BERTH_PREVIEW_CHECK", default_value = "1h", value_parser = duration::parse)]
    pub preview_check: Duration,

    /// How many days events are kept
    #[arg(long, env = "BERTH_EVENT_DAYS", default_value_t = 400)]
    pub event_days: u32,
}

/// What is empty in the environment counts as not set: compose files and unit files write it so.
fn given(text: &Option<String>) -> Option<String> {
    text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A port, or what follows from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(pub Option<u16>);

fn port(text: &str) -> Result<Port, String> {
    match text.trim() {
        "" => Ok(Port(None)),
        text => text.parse().map(|port| Port(Some(port))).map_err(|_| format!("{text:?} is no port")),
    }
}

/// An address, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub Option<SocketAddr>);

fn address(text: &str) -> Result<Address, String> {
    match text.trim() {
        "" => Ok(Address(None)),
        text => match text.parse() {
            Ok(address) => Ok(Address(Some(address))),
            Err(_) => Err(format!("{text:?} is no address with a port such as 0.0.0.0:2222")),
        },
    }
}

fn networks(text: &str) -> Result<Arc<[Network]>, String> {
    text.split(',').filter(|part| !part.trim().is_empty()).map(str::parse).collect()
}

fn edge_proxies(text: &str) -> Result<Arc<[IpRange]>, String> {
    domain_settings::ranges(text).map(Into::into)
}

fn ports(text: &str) -> Result<Arc<[u16]>, String> {
    published_port::ports(text).map(Into::into)
}

fn words(text: &str) -> Result<Arc<[String]>, String> {
    Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

impl DataArgs {
    /// The engine's configuration with everything else at its default.
    pub fn config(&self) -> Config {
        Config {
            database_url: given(&self.database_url),
            instance: self.instance.clone(),
            ..Config::new(&self.data)
        }
    }
}

impl ServeArgs {
    /// The engine's configuration.
    pub fn config(&self) -> Config {
        let public_url = given(&self.public_url).unwrap_or_else(|| self.local_url());
        Config {
            public_url: public_url.trim_end_matches('/').to_owned(),
            ssh_port: self.ssh().map(|address| address.port()),
            default_domain: self.default_domain.clone(),
            http_port: self.http_port,
            https_port: self.https_port.0.unwrap_or(if self.http_port == 80 { 443 } else { 0 }),
            proxy_api_port: self.proxy_api_port,
            ports: self.ports.to_vec(),
            proxy_image: self.proxy_image.clone(),
            private_hosts: self.private_hosts.to_vec(),
            static_image: self.static_image.clone(),
            edge_proxies: self.edge_proxies.to_vec(),
            waiting_port: self.waiting_port,
            concurrent_builds: self.concurrent_builds.max(1),
            build_memory: self.build_memory_mib.map(|mib| mib << 20),
            build_processes: self.build_processes.max(64),
            releases_kept: self.releases_kept,
            disk_reserve: self.disk_reserve_mib.map(|mib| mib << 20),
            build_cache: self.build_cache_mib.map(|mib| mib << 20),
            upload_limit: self.upload_mib << 20,
            log_budget: self.log_budget_mib << 20,
            log_days: self.log_days,
            orphan_grace: self.orphan_grace,
            volume_grace: self.volume_grace,
            preview_check: self.preview_check,
            event_days: self.event_days,
            ..self.acme.over(self.data.config())
        }
    }

    /// Where git is answered over SSH, when it is.
    pub fn ssh(&self) -> Option<SocketAddr> {
        self.ssh_addr.0
    }

    /// The folder of the built panel, when one is set.
    pub fn site(&self) -> Option<PathBuf> {
        self.site.clone().filter(|site| !site.as_os_str().is_empty())
    }

    fn local_url(&self) -> String {
        match self.listen.ip() {
            ip if ip.is_unspecified() || ip.is_loopback() => {
                format!("http://localhost:{}", self.listen.port())
            }
            _ => format!("http://{}", self.listen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Whole {
        #[command(flatten)]
        serve: ServeArgs,
    }

    pub fn read(args: &[&str]) -> Config {
        Whole::parse_from([&["berth"], args].concat()).serve.config()
    }

    #[test]
    fn the_public_url_follows_the_port_unless_it_is_set() {
        assert_eq!(read(&["--listen", "0.0.0.0:3100"]).public_url, "http://localhost:3100");
        assert_eq!(read(&["--listen", "10.1.2.3:80"]).public_url, "http://10.1.2.3:80");
        assert_eq!(read(&["--public-url", "https://paas.example/"]).public_url, "https://paas.example");
    }

    #[test]
    fn trusted_proxies_are_a_list_that_may_be_empty() {
        assert_eq!(networks("").unwrap().len(), 0);
        assert_eq!(networks("10.0.0.0/8, ::1").unwrap().len(), 2);
        assert!(networks("everybody").is_err());
    }

    #[test]
    fn git_is_answered_over_ssh_only_where_that_is_set() {
        assert_eq!(read(&[]).ssh_port, None);
        assert_eq!(read(&["--ssh-addr", ""]).ssh_port, None);
        assert_eq!(read(&["--ssh-addr", "0.0.0.0:2222"]).ssh_port, Some(2222));
        assert!(address("2222").is_err());
    }

    #[test]
    fn https_is_beside_the_usual_port_unless_it_is_set() {
        assert_eq!(read(&[]).https_port, 443);
        assert_eq!(read(&["--http-port", "8080"]).https_port, 0);
        assert_eq!(read(&["--http-port", "8080", "--https-port", "8443"]).https_port, 8443);
        assert_eq!(read(&["--https-port", "0"]).https_port, 0);
    }

    #[test]
    fn an_empty_database_url_is_none() {
        assert_eq!(read(&["--database-url", " "]).database_url, None);
    }
}
