//! What a runtime answers.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::progress::LogStreamKind;
use super::spec::Labels;

/// The engine and the API that was agreed on with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineVersion {
    /// For example `20.10.24`.
    pub engine: String,
    /// For example `1.41`.
    pub api: String,
    /// For example `linux/amd64`.
    pub platform: String,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSummary {
    /// Docker's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Whether its containers have addresses of IPv6.
    pub ipv6: bool,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSummary {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Bytes on disk, where that was asked for and the driver knows.
    pub size: Option<u64>,
}

/// What an image says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// `sha256:...` of its configuration.
    pub id: String,
    /// `repository@sha256:...` in each registry it is known to be in.
    pub repo_digests: Vec<String>,
    /// `repository:tag` names.
    pub repo_tags: Vec<String>,
    /// TCP ports of EXPOSE, in order.
    pub exposed_ports: Vec<u16>,
    /// Its command.
    pub command: Vec<String>,
    /// Its entry point.
    pub entrypoint: Vec<String>,
    /// The keys of its environment.
    pub env_keys: Vec<String>,
    /// Its user, empty for root.
    pub user: String,
    /// The folder that its program starts in; empty for the root.
    pub working_folder: String,
    /// Its labels.
    pub labels: Labels,
    /// Paths of VOLUME.
    pub volumes: Vec<String>,
    /// Whether it has a HEALTHCHECK.
    pub has_healthcheck: bool,
    /// Bytes on disk, layers shared with others included.
    pub size: u64,
}

/// An image in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSummary {
    /// `sha256:...`.
    pub id: String,
    /// `repository:tag` names.
    pub repo_tags: Vec<String>,
    /// Its labels.
    pub labels: Labels,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Bytes on disk, layers shared with others included.
    pub size: u64,
}

/// Docker's word for where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum InstanceState {
    Created,
    Running,
    Paused,
    Restarting,
    Stopping,
    Removing,
    Exited,
    Dead,
}

/// A container as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedInstance {
    /// Docker's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `sha256:...` of the image it was created from.
    pub image_id: String,
    /// Where it is in its life.
    pub state: InstanceState,
    /// Whether its process runs (a paused one does, a restarting one does not).
    pub running: bool,
    /// Its first process on the machine.
    pub pid: Option<u32>,
    /// How the last run ended.
    pub exit_code: Option<i64>,
    /// Whether the last run was ended for want of memory.
    pub oom_killed: bool,
    /// Docker's word on why it could not start.
    pub error: Option<String>,
    /// When it last started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How often Docker restarted it.
    pub restart_count: i64,
    /// Its address in each network where it has one.
    pub addresses: BTreeMap<String, IpAddr>,
    /// Its labels.
    pub labels: Labels,
    /// `starting`, `healthy` or `unhealthy`, where the image has a HEALTHCHECK.
    pub health: Option<String>,
}

/// A container in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceSummary {
    /// Docker's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `sha256:...` of its image.
    pub image_id: String,
    /// Where it is in its life.
    pub state: InstanceState,
    /// Its labels.
    pub labels: Labels,
    /// The networks that it is in, each with its address there while it has one.
    pub networks: BTreeMap<String, Option<IpAddr>>,
    /// When it was created.
    pub created: DateTime<Utc>,
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The process's exit code; 128 + n after signal n.
    pub code: i64,
    /// Whether the kernel ended it for want of memory.
    pub oom_killed: bool,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.oom_killed {
            return write!(f, "ran out of memory and was killed (exit code {})", self.code);
        }
        match self.code {
            137 => f.write_str("was killed by SIGKILL (exit code 137)"),
            139 => f.write_str("crashed with a segmentation fault (exit code 139)"),
            143 => f.write_str("ended on SIGTERM (exit code 143)"),
            126 => f.write_str("could not run its command: not executable (exit code 126)"),
            127 => f.write_str("could not run its command: not found (exit code 127)"),
            code => write!(f, "ended with exit code {code}"),
        }
    }
}

/// One line of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When Docker read it, nanoseconds since 1970.
    pub at: i64,
    /// Where the program wrote it.
    pub stream: LogStreamKind,
    /// The bytes without the line's end; any encoding.
    pub text: Bytes,
}

/// Something happened to an object of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeEvent {
    /// Listening (again); what happened before is not known, so look at everything.
    Connected,
    /// Docker does not answer; listening resumes by itself.
    Lost {
        /// What was seen.
        reason: String,
    },
    /// A container's life went on: `create`, `start`, `die`, `oom`, `stop`, `destroy`, `health_status: ...`.
    Container {
        /// Docker's id.
        id: String,
        /// Its name.
        name: String,
        /// Docker's word.
        action: String,
        /// Labels, and for `die` an `exitCode`.
        attributes: Labels,
        /// Nanoseconds since 1970.
        at: i64,
    },
    /// A network changed: `create`, `connect`, `disconnect`, `destroy`.
    Network {
        /// Docker's id.
        id: String,
        /// Its name.
        name: String,
        /// Docker's word.
        action: String,
        /// The container that was joined or taken out.
        container: Option<String>,
        /// Nanoseconds since 1970.
        at: i64,
    },
}

/// A TCP port something listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListeningPort {
    /// The port.
    pub port: u16,
    /// Only on the loopback address, so that nobody outside the container reaches it.
    pub loopback_only: bool,
}

/// What a container uses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct InstanceStats {
    /// Per cent of one core, as `docker stats` says it.
    pub cpu_percent: f64,
    /// Bytes in use without the page cache that can be dropped.
    pub memory: u64,
    /// Most bytes it may use.
    pub memory_limit: u64,
    /// Bytes received.
    pub network_received: u64,
    /// Bytes sent.
    pub network_sent: u64,
    /// Bytes read from disk.
    pub block_read: u64,
    /// Bytes written to disk.
    pub block_written: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What our objects take on disk, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiskUsage {
    /// Images, each once however many tags it has.
    pub images: Vec<ImageUsage>,
    /// What each container has written into its own layer.
    pub instances: Vec<Usage>,
    /// Volumes whose size Docker knows.
    pub volumes: Vec<Usage>,
    /// BuildKit's cache, of everybody who builds on this engine.
    pub build_cache: u64,
    /// The folder that all of it lies in, as the engine sees it.
    pub root: String,
}

/// What something takes on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Bytes.
    pub size: u64,
}

/// What an image takes on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUsage {
    /// `sha256:...`.
    pub id: String,
    /// `repository:tag` names.
    pub repo_tags: Vec<String>,
    /// Its labels.
    pub labels: Labels,
    /// Bytes, shared layers included.
    pub size: u64,
    /// Bytes of layers that other images of the engine have too.
    pub shared: u64,
}
