//! What can be asked of a runtime.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use berth_domain::published_port::Protocol;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Labels by key; ordered so that two equal sets are written the same way.
pub type Labels = BTreeMap<String, String>;

/// Bytes that are wiped when dropped and never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the one who must send them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// Who we are for a registry.
#[derive(Clone)]
pub struct RegistryAuth {
    /// The registry's host (`ghcr.io`), empty for Docker Hub.
    pub server: String,
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: SecretBytes,
}

/// One build of one context.
#[derive(Clone, Default)]
pub struct BuildRequest {
    /// The checkout; nothing outside it is ever read.
    pub root: PathBuf,
    /// The context's folder inside `root`, empty for `root` itself.
    pub context: String,
    /// The Dockerfile's path inside the context.
    pub dockerfile: String,
    /// What Berth writes instead of the repository's Dockerfile.
    pub written: Option<Written>,
    /// The stage to stop at.
    pub target: Option<String>,
    /// Build arguments; visible in the image's history, so never secrets.
    pub args: BTreeMap<String, String>,
    /// Secrets by id, for `RUN --mount=type=secret,id=...`; never in a layer or in the history.
    pub secrets: BTreeMap<String, SecretBytes>,
    /// `repository:tag` of the result.
    pub tag: String,
    /// Labels of the result.
    pub labels: Labels,
    /// Credentials for the registries of private base images.
    pub registries: Vec<RegistryAuth>,
    /// Build every step again.
    pub no_cache: bool,
    /// Ask the registries for newer base images.
    pub pull: bool,
}

/// A Dockerfile of Berth's own, and what lies beside it; the context is in a folder then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub dockerfile: String,
    /// Further files by name.
    pub files: BTreeMap<String, String>,
    /// The folder that the context is put into.
    pub folder: String,
}

/// Something put into a container's file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// A named volume.
    Volume {
        /// The volume's name.
        name: String,
        /// Where it is seen in the container.
        target: String,
        /// Whether the container cannot write to it.
        read_only: bool,
    },
    /// A folder or file of the machine; only for Berth's own containers and folders.
    Bind {
        /// Absolute path on the machine.
        source: PathBuf,
        /// Where it is seen in the container.
        target: String,
        /// Whether the container cannot write to it.
        read_only: bool,
    },
    /// Memory that ends with the container.
    Tmpfs {
        /// Where it is seen in the container.
        target: String,
        /// Its most bytes.
        size: i64,
    },
}

/// A container's port made reachable on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// The machine's address it binds to.
    pub address: IpAddr,
    /// The machine's port.
    pub port: u16,
    /// The container's port.
    pub container_port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
}

/// What Docker does when the container ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Nothing.
    No,
    /// Starts it again unless it was stopped on purpose, also after a reboot.
    #[default]
    UnlessStopped,
    /// Starts it again after a failure, at most so often.
    OnFailure(u32),
}

/// One container as wanted.
#[derive(Clone, Default)]
pub struct InstanceSpec {
    /// Unique name; also its DNS name on its networks.
    pub name: String,
    /// Image id or reference.
    pub image: String,
    /// Labels; also what tells an existing container of this name to be ours.
    pub labels: Labels,
    /// The environment, sent as it is.
    pub env: Vec<(String, String)>,
    /// Replaces the image's command.
    pub command: Option<Vec<String>>,
    /// Replaces the image's entry point; an empty list removes it.
    pub entrypoint: Option<Vec<String>>,
    /// The network it starts in.
    pub network: Option<String>,
    /// Further DNS names on that network.
    pub aliases: Vec<String>,
    /// Volumes, folders and memory.
    pub mounts: Vec<Mount>,
    /// Ports published on the machine.
    pub ports: Vec<PublishedPort>,
    /// Most CPU, in billionths of a core.
    pub nano_cpus: Option<i64>,
    /// Most memory in bytes; swap is not added to it.
    pub memory: Option<i64>,
    /// Most processes and threads.
    pub pids_limit: Option<i64>,
    /// What happens when it ends.
    pub restart: Restart,
    /// `user[:group]` instead of the image's.
    pub user: Option<String>,
    /// Working folder instead of the image's.
    pub working_dir: Option<String>,
    /// Whether the root file system cannot be written.
    pub read_only: bool,
    /// Capabilities dropped beside the ones that are always dropped.
    pub cap_drop: Vec<String>,
    /// Capabilities given back after `ALL` was dropped; for Berth's own containers.
    pub cap_add: Vec<String>,
    /// Signal that asks it to end, instead of the image's.
    pub stop_signal: Option<String>,
    /// How long after the signal it is killed when Docker itself stops it.
    pub stop_timeout: Option<Duration>,
    /// Whether a small init reaps its zombies and passes signals on.
    pub init: bool,
}
