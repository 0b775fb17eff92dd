//! Deployments: the history of a service, and the queue in the same table.

mod domains;
mod heading;
mod history;
mod observed;
mod queue;
mod traffic;

pub use domains::DomainsBack;
pub use heading::Heading;
pub use history::{Kept, NewDeployment};
pub use observed::{Before, LiveRelease, Wanted};
pub use queue::Lease;
pub(super) use queue::event;

use super::{StoreResult, entities::deployments::Model, json::At, releases::ReleaseRow};
use crate::Actor;
use berth_domain::{
    deployment::{Cause, Commit, DeployRequest, Phase, PhaseRecord, State, Status},
    ids::{DeploymentId, EnvironmentId, OrganisationId, ProjectId, ReleaseId, ServiceId},
    service::{ServicePath, ServiceSettings},
    source::Source,
    traffic::Measured,
};
use chrono::{DateTime, Utc};

/// A deployment as it is kept.
#[derive(Debug, Clone)]
pub struct DeploymentRow {
    pub id: DeploymentId,
    pub organisation: OrganisationId,
    pub service: ServiceId,
    pub number: u64,
    pub state: State,
    pub phases: Vec<PhaseRecord>,
    pub cause: Cause,
    pub actor: String,
    pub request: DeployRequest,
    pub commit: Option<Commit>,
    pub image: Option<String>,
    pub release: Option<ReleaseId>,
    pub rolls_back_to: Option<u64>,
    pub keep_variables: bool,
    pub reason: Option<String>,
    pub last_lines: Vec<String>,
    pub cancel_requested: bool,
    pub promoted: bool,
    pub measured: Option<Measured>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<Model> for DeploymentRow {
    type Error = super::StoreError;

    fn try_from(row: Model) -> StoreResult<Self> {
        let at = At { table: "deployments", id: row.id };
        let status: Status = at.text("status", &row.status)?;
        let phase = row.phase.as_deref().map(|phase| at.text::<Phase>("phase", phase)).transpose()?;
        let state = status.with_phase(phase).ok_or_else(|| {
            super::StoreError::corrupt("deployments", "phase", row.id, "it does not fit the status")
        })?;
        Ok(Self {
            id: row.id.into(),
            organisation: row.organisation_id.into(),
            service: row.service_id.into(),
            number: at.number("number", row.number)?,
            state,
            phases: at.json("phases", row.phases)?,
            cause: at.text("cause", &row.cause)?,
            actor: row.actor,
            request: at.json("request", row.request)?,
            commit: row.commit.map(|commit| at.json("commit", commit)).transpose()?,
            image: row.image,
            release: row.release_id.map(ReleaseId),
            rolls_back_to: row.rolls_back_to.map(|n| at.number("rolls_back_to", n)).transpose()?,
            keep_variables: row.keep_variables,
            reason: row.reason,
            last_lines: at.json("last_lines", row.last_lines)?,
            cancel_requested: row.cancel_requested,
            promoted: row.promoted,
            measured: row.measured.map(|measured| at.json("measured", measured)).transpose()?,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}

/// A claimed deployment with all that its rollout needs of the service.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: DeploymentId,
    pub organisation: OrganisationId,
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub service: ServiceId,
    pub path: ServicePath,
    pub number: u64,
    pub state: State,
    pub phases: Vec<PhaseRecord>,
    pub cause: Cause,
    pub actor: String,
    pub request: DeployRequest,
    pub commit: Option<Commit>,
    pub image: Option<String>,
    pub release: Option<ReleaseRow>,
    pub keep_variables: bool,
    pub source: Source,
    pub settings: ServiceSettings,
    /// The sealed credential of the repository or registry.
    pub credential: Option<Vec<u8>>,
    /// The number of the deployment that gets the traffic now.
    pub live_number: Option<u64>,
    /// The port that the probe found listening.
    pub detected_port: Option<u16>,
    pub cancel_requested: bool,
    /// A person let its canary go on.
    pub promoted: bool,
    /// What the proxy counted while the traffic moved.
    pub measured: Option<Measured>,
    pub reason: Option<String>,
    pub last_lines: Vec<String>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl Job {
    /// The settings that its instances run with: the release's, once there is one.
    pub fn release_settings(&self) -> &ServiceSettings {
        self.release.as_ref().map_or(&self.settings, |release| &release.spec.settings)
    }

    /// Ends the present phase at that moment.
    pub fn finish_phase(&mut self, at: DateTime<Utc>, failed: bool) {
        if let Some(open) = self.phases.iter_mut().rev().find(|record| record.ended_at.is_none()) {
            open.ended_at = Some(at);
            open.failed = failed;
        }
    }

    /// Enters a state; a phase begins at that moment.
    pub fn begin(&mut self, state: State, at: DateTime<Utc>) {
        self.state = state;
        match state {
            State::Running(phase) => {
                self.phases.push(PhaseRecord { phase, started_at: at, ended_at: None, failed: false });
            }
            _ => self.ended_at = Some(at),
        }
    }

    /// Berth, acting for the one who asked for this deployment.
    pub(crate) fn actor(&self) -> Actor {
        Actor { name: self.actor.clone(), ..Actor::system(self.organisation) }
    }
}
