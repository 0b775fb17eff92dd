//! What an operator decides; read once at the start.

use berth_domain::domain_settings::IpRange;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

pub use crate::acme::ExternalBinding;

/// The configuration of a running Berth.
#[derive(Debug, Clone)]
pub struct Config {
    /// Everything that Berth keeps on disk is below it.
    pub data: PathBuf,
    /// `postgres://...`; the embedded SQLite in the data folder when absent.
    pub database_url: Option<String>,
    /// Tells several Berths on one Docker apart: a label and a prefix of names.
    pub instance: String,
    /// Where the panel is reached, for links: `http://localhost:3000`.
    pub public_url: String,
    /// The port on which git is answered over SSH; none when it is not.
    pub ssh_port: Option<u16>,
    /// New services answer at `<service>-<environment>-<project>.<this>`.
    pub default_domain: String,
    /// The proxy's public HTTP port on this machine.
    pub http_port: u16,
    /// The proxy's public HTTPS port on this machine; 0 for no HTTPS at all.
    pub https_port: u16,
    /// The directory of the authority that gives certificates; none are ordered without one.
    pub acme_directory: Option<String>,
    /// Where the authority can write to.
    pub acme_email: Option<String>,
    /// Roots in PEM that vouch for the authority's own server, beside the machine's.
    pub acme_ca_root: Option<PathBuf>,
    /// What ties accounts to one that exists at the authority already.
    pub acme_binding: Option<ExternalBinding>,
    /// The directory of another authority, for when the first one gives none for reasons of its own.
    pub acme_fallback: Option<String>,
    /// What ties accounts there to one that exists there already.
    pub acme_fallback_binding: Option<ExternalBinding>,
    /// The directory at which new domains are tried before a real one is asked.
    pub acme_staging: Option<String>,
    /// How many orders an organisation may make at an authority in three hours.
    pub acme_orders: u32,
    /// How many first certificates of a registered domain in a week.
    pub acme_domain_orders: u32,
    /// A program of the operator's that puts proofs into zones of the DNS.
    pub dns_webhook: Option<String>,
    /// The port at which the authority looks for proofs: 80, except in tests.
    pub acme_http_port: u16,
    /// The name server that is asked about domains; the machine's own when absent.
    pub resolver: Option<SocketAddr>,
    /// The proxy's API port on the loopback of this machine.
    pub proxy_api_port: u16,
    /// The ports of this machine that services can get which speak no HTTP.
    pub ports: Vec<u16>,
    /// The proxy's image.
    pub proxy_image: String,
    /// The proxies in front of the public ports that are believed when they say who asks.
    pub edge_proxies: Vec<IpRange>,
    /// The waiting room's port, on the proxy's own network only; 0 for one that is free, which is then kept.
    pub waiting_port: u16,
    /// Hosts of the machine's own networks that may be asked all the same, with or without a port: `10.0.0.5`, `git.lan:3000`.
    pub private_hosts: Vec<String>,
    /// The web server that static sites are put behind: it serves `/public` on port 80.
    pub static_image: String,
    /// How many builds run at the same time.
    pub concurrent_builds: usize,
    /// The memory that all builds together may take, in bytes; what the machine has to spare when absent.
    pub build_memory: Option<u64>,
    /// How many processes and threads all builds together may have.
    pub build_processes: u64,
    /// The bytes that stay free on a disk: no build begins below; a tenth of it, at most 5 GiB, when absent.
    pub disk_reserve: Option<u64>,
    /// The most that BuildKit's cache may take, in bytes; it is left alone when absent.
    pub build_cache: Option<u64>,
    /// The most that a tarball with source may have, in bytes.
    pub upload_limit: u64,
    /// The disk that a service's log may take, in bytes.
    pub log_budget: u64,
    /// How long log lines are kept, in days.
    pub log_days: u32,
    /// How many former releases keep their image and stopped instances.
    pub releases_kept: usize,
    /// How long containers, networks and images that nobody wants are only shown before they are removed.
    pub orphan_grace: Duration,
    /// How long the deletion of a volume can be taken back.
    pub volume_grace: Duration,
    /// How often previews are compared with the git host.
    pub preview_check: Duration,
    /// How long events are kept, in days.
    pub event_days: u32,
}

impl Config {
    /// The defaults with a data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            database_url: None,
            instance: "main".into(),
            public_url: "http://localhost:3000".into(),
            ssh_port: None,
            default_domain: "localhost".into(),
            http_port: 80,
            https_port: 0,
            acme_directory: None,
            acme_email: None,
            acme_ca_root: None,
            acme_binding: None,
            acme_fallback: None,
            acme_fallback_binding: None,
            acme_staging: None,
            acme_orders: 200,
            acme_domain_orders: 40,
            dns_webhook: None,
            acme_http_port: 80,
            resolver: None,
            proxy_api_port: 8079,
            ports: Vec::new(),
            proxy_image: "traefik:v3.7".into(),
            edge_proxies: Vec::new(),
            waiting_port: 0,
            private_hosts: Vec::new(),
            static_image: "joseluisq/static-web-server:2".into(),
            concurrent_builds: 1,
            build_memory: None,
            build_processes: 4_096,
            disk_reserve: None,
            build_cache: None,
            upload_limit: 1 << 30,
            log_budget: 256 << 20,
            log_days: 30,
            releases_kept: 5,
            orphan_grace: Duration::from_secs(3_600),
            volume_grace: Duration::from_secs(7 * 86_400),
            preview_check: Duration::from_secs(3_600),
            event_days: 400,
        }
    }
}
