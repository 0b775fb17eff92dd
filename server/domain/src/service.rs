//! Services: what runs in an environment, and how.

use crate::{
    deployment::{DeploymentView, Status},
    disk::VolumeDeletion,
    domain_name::DomainView,
    ids::ServiceId,
    name::Name,
    permission::text_enum,
    source::Source,
    waiting::Maintenance,
    webhook::PollView,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

mod crew;
mod isolation;
mod probe;
mod settings;
mod strategy;

pub use crew::Member;
pub use isolation::{Isolation, PIDS_LIMIT};
pub use probe::{ProbeKind, ProbeSettings};
pub use settings::{RestartPolicy, ServiceSettings, VolumeMount};
pub use strategy::{CanaryStep, Process, Strategy, WEB};

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
    /// `web`, or the name of another process.
    #[serde(default = "web")]
    pub process: String,
    pub running: bool,
    /// Docker's words: running, exited (1), out of memory.
    pub state: String,
    pub started_at: Option<DateTime<Utc>>,
    pub restarts: u32,
    pub image: String,
    /// What its last probe saw; absent for one that is not probed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeView>,
}

/// What a probe of a running instance saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProbeView {
    /// Whether the instance counts as well: three answers of the other kind in a row change it.
    pub healthy: bool,
    /// Whether this probe was answered as expected.
    pub ok: bool,
    pub latency_ms: u32,
    /// What was wrong, in words.
    pub error: Option<String>,
    pub at: DateTime<Utc>,
}

fn web() -> String {
    WEB.to_owned()
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
    /// Visitors are told to come back, while it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
    /// Until when requests wait, while they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<DateTime<Utc>>,
    /// What Berth last saw when it asked the repository by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polled: Option<PollView>,
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
    /// Whether Docker has it yet; it is made at the next deployment. Absent while Docker does not answer.
    pub exists: Option<bool>,
    /// Used bytes, when Docker has counted them.
    pub size: Option<u64>,
    /// Its deletion, when somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<VolumeDeletion>,
}
