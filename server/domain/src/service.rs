//! Services: what runs in an environment, and how.

use crate::{
    deployment::{DeploymentView, Status},
    domain_name::DomainView,
    ids::ServiceId,
    name::Name,
    permission::text_enum,
    source::Source,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The names that lead to a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServicePath {
    pub project: Name,
    pub environment: Name,
    pub service: Name,
}

impl fmt::Display for ServicePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.project, self.environment, self.service)
    }
}

impl FromStr for ServicePath {
    type Err = String;

    /// Reads `project/environment/service`.
    fn from_str(text: &str) -> Result<Self, String> {
        let [project, environment, service] = text.split('/').collect::<Vec<_>>()[..] else {
            return Err(format!("{text:?} is not of the form project/environment/service"));
        };
        let name = |part: &str| part.parse::<Name>().map_err(|why| format!("{part:?}: {why}"));
        Ok(Self { project: name(project)?, environment: name(environment)?, service: name(service)? })
    }
}

text_enum! {
    /// What Docker does when an instance's process ends.
    RestartPolicy {
        /// Started again until Berth stops it; the default.
        Always = "always",
        /// Started again after an exit code other than zero.
        OnFailure = "on_failure",
        /// Left as it is.
        Never = "never",
    }
}

/// How Berth asks an instance whether it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ProbeKind {
    /// A TCP connection to the port is enough.
    Tcp,
    /// A GET of this path answers with a status in the range (200 to 399 unless told).
    Http {
        path: String,
        #[serde(default = "default_status_from")]
        status_from: u16,
        #[serde(default = "default_status_to")]
        status_to: u16,
    },
}

fn default_status_from() -> u16 {
    200
}

fn default_status_to() -> u16 {
    399
}

/// When and how often an instance is probed; all times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ProbeSettings {
    pub kind: ProbeKind,
    /// How long an instance may take until it first answers.
    pub start_period_ms: u32,
    /// The time between two probes.
    pub interval_ms: u32,
    /// How long one probe may take.
    pub timeout_ms: u32,
    /// How many answers in a row make it ready.
    pub threshold: u8,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            kind: ProbeKind::Tcp,
            start_period_ms: 60_000,
            interval_ms: 100,
            timeout_ms: 2_000,
            threshold: 2,
        }
    }
}

/// A named volume inside the instances.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VolumeMount {
    pub name: Name,
    /// The absolute path inside the container.
    pub path: String,
    #[serde(default)]
    pub read_only: bool,
}

/// How a service runs. Everything has a default that fits most services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ServiceSettings {
    /// The port that the program listens on; detected when absent.
    pub port: Option<u16>,
    /// Replaces the image's command, as an argument list.
    pub command: Option<Vec<String>>,
    pub volumes: Vec<VolumeMount>,
    /// CPU limit in thousandths of a core; none when absent.
    pub cpu_millis: Option<u32>,
    /// Memory limit in MiB; none when absent.
    pub memory_mib: Option<u32>,
    pub restart: RestartPolicy,
    pub probe: ProbeSettings,
    /// How long requests on the old release may take to finish, in milliseconds.
    pub drain_ms: u32,
    /// The time between SIGTERM and SIGKILL, in milliseconds.
    pub stop_grace_ms: u32,
    /// A push to the branch deploys by itself.
    pub auto_deploy: bool,
    /// How long a build may take, in seconds.
    pub build_timeout_s: u32,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            port: None,
            command: None,
            volumes: Vec::new(),
            cpu_millis: None,
            memory_mib: None,
            restart: RestartPolicy::Always,
            probe: ProbeSettings::default(),
            drain_ms: 10_000,
            stop_grace_ms: 10_000,
            auto_deploy: true,
            build_timeout_s: 1_800,
        }
    }
}

impl ServiceSettings {
    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.port == Some(0) {
            return Err(("port", "A port is a number from 1 to 65535.".into()));
        }
        if self.command.as_ref().is_some_and(|c| c.is_empty() || c.iter().any(|a| a.contains('\0'))) {
            return Err(("command", "A command has at least one word and no NUL.".into()));
        }
        if self.cpu_millis.is_some_and(|cpu| !(10..=256_000).contains(&cpu)) {
            return Err(("cpu_millis", "The CPU limit is from 10 to 256000 thousandths of a core.".into()));
        }
        if self.memory_mib.is_some_and(|memory| !(6..=4_194_304).contains(&memory)) {
            return Err(("memory_mib", "The memory limit is at least 6 MiB, Docker's least.".into()));
        }
        if !(5..=86_400).contains(&self.build_timeout_s) {
            return Err(("build_timeout_s", "A build may take from 5 seconds to a day.".into()));
        }
        if self.drain_ms > 3_600_000 || self.stop_grace_ms > 3_600_000 {
            return Err(("drain_ms", "A grace is an hour at the most.".into()));
        }
        self.check_probe()?;
        self.check_volumes()
    }

    fn check_probe(&self) -> Result<(), (&'static str, String)> {
        let probe = &self.probe;
        if let ProbeKind::Http { path, status_from, status_to } = &probe.kind {
            let safe = |c: char| c.is_ascii_graphic() && c != '"' && c != '<' && c != '>';
            if !path.starts_with('/') || !path.chars().all(safe) {
                return Err((
                    "probe_path",
                    "The path of a probe starts with a slash and has no spaces.".into(),
                ));
            }
            if !(100..=599).contains(status_from) || !(*status_from..=599).contains(status_to) {
                return Err(("probe_status", "A status is from 100 to 599.".into()));
            }
        }
        if !(10..=60_000).contains(&probe.interval_ms) || !(10..=60_000).contains(&probe.timeout_ms) {
            return Err(("probe_interval", "Interval and time-out are from 10 ms to a minute.".into()));
        }
        if !(1..=20).contains(&probe.threshold) {
            return Err(("probe_threshold", "The threshold is from 1 to 20 answers.".into()));
        }
        if !(100..=3_600_000).contains(&probe.start_period_ms) {
            return Err(("probe_start_period", "The start period is from 100 ms to an hour.".into()));
        }
        Ok(())
    }

    fn check_volumes(&self) -> Result<(), (&'static str, String)> {
        for (index, volume) in self.volumes.iter().enumerate() {
            let path = &volume.path;
            let fits = path.starts_with('/')
                && path.len() > 1
                && !path.split('/').any(|part| part == "..")
                && !path.chars().any(|c| c.is_control() || c == ':' || c == ',');
            if !fits {
                return Err(("volumes", format!("{path:?} is not an absolute path inside the container.")));
            }
            if self.volumes[..index].iter().any(|other| other.path == *path || other.name == volume.name) {
                return Err(("volumes", format!("{} at {path} is there twice.", volume.name)));
            }
        }
        Ok(())
    }
}

text_enum! {
    /// What was last observed of a service.
    ServiceState {
        /// Nothing of it was ever deployed.
        New = "new",
        /// Its wanted release runs, answered its probe, and gets the traffic.
        Live = "live",
        /// A first deployment is on its way.
        Deploying = "deploying",
        /// It should run and does not, or does not answer.
        Down = "down",
        /// It was stopped on purpose.
        Stopped = "stopped",
    }
}

/// A service in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceSummary {
    pub id: ServiceId,
    pub path: ServicePath,
    pub state: ServiceState,
    /// Why the state is what it is, when that is not plain.
    pub state_reason: Option<String>,
    /// The repository and branch, or the image.
    pub source: String,
    /// Where it answers.
    pub url: Option<String>,
    /// The newest deployment's status and when it changed.
    pub deployment: Option<DeploymentBrief>,
}

/// The newest deployment in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeploymentBrief {
    pub number: u64,
    pub status: Status,
    pub title: String,
    pub at: DateTime<Utc>,
}

/// A container of the service as Docker last reported it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceView {
    pub name: String,
    /// The number of the deployment that started it.
    pub deployment: Option<u64>,
    pub running: bool,
    /// Docker's words: running, exited (1), out of memory.
    pub state: String,
    pub started_at: Option<DateTime<Utc>>,
    pub restarts: u32,
    pub image: String,
}

/// Everything that a service's pages show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceView {
    pub id: ServiceId,
    pub path: ServicePath,
    pub state: ServiceState,
    pub state_reason: Option<String>,
    pub source: Source,
    pub settings: ServiceSettings,
    /// The port that traffic goes to: set, or detected at the last deployment.
    pub port: Option<u16>,
    pub domains: Vec<DomainView>,
    /// The deployment whose release is live.
    pub live: Option<DeploymentView>,
    /// The newest deployment, live or not.
    pub latest: Option<DeploymentView>,
    pub instances: Vec<InstanceView>,
    /// When Docker was last asked about the instances.
    pub observed_at: Option<DateTime<Utc>>,
    /// Configuration or variables were changed since the live release.
    pub restart_needed: bool,
    /// Whether credentials for the repository or registry are kept.
    pub credential_set: bool,
    pub created_at: DateTime<Utc>,
}

/// Makes a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateService {
    pub name: Name,
    pub source: Source,
    #[serde(default)]
    pub settings: ServiceSettings,
}

/// Changes a service; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UpdateService {
    pub name: Option<Name>,
    pub source: Option<Source>,
    pub settings: Option<ServiceSettings>,
}

/// A name for what is renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rename {
    pub name: Name,
}

/// What a deletion takes with it, and the word that confirms it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletionPreview {
    /// What must be typed.
    pub confirm: String,
    /// What goes, one line each.
    pub goes: Vec<String>,
    /// What stays, one line each: volumes are never removed with their service.
    pub stays: Vec<String>,
}

/// Confirms a deletion by the name of the thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmDeletion {
    pub confirm: String,
}

/// A credential for a private repository or registry; kept sealed, never read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetCredential {
    /// User name for https; empty for a token alone. Ignored for an SSH key.
    #[serde(default)]
    pub username: String,
    /// Password, token, or an OpenSSH private key. Empty removes the credential.
    pub secret: String,
}

/// A volume as Docker has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VolumeView {
    pub name: Name,
    pub path: String,
    pub read_only: bool,
    /// The volume's name in Docker.
    pub docker_name: String,
    /// Whether Docker has it yet; it is made at the next deployment.
    pub exists: bool,
    /// Used bytes, when Docker has counted them.
    pub size: Option<u64>,
}
