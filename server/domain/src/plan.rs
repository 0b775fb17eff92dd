//! The plan of a rollout as a value: made by a pure function, shown, tested, executed and undone by exhaustive matches.
//!
//! The same function serves every movement: towards a new release, back to the former one when the new one fails, and
//! in place when a live release lost an instance or is scaled.

mod path;
mod step;

pub use step::{Command, Step};

use crate::{
    deployment::Phase,
    service::{Strategy, VolumeMount},
    waiting::LONGEST_WAIT_S,
};
use path::Path;
use serde::{Deserialize, Serialize};

/// What should run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// The containers of the release, in the order in which they start.
    pub instances: Vec<DesiredInstance>,
    /// Volumes to have, by their name in Docker.
    pub volumes: Vec<String>,
    /// The network of the environment.
    pub network: String,
    /// How the traffic moves.
    pub strategy: Strategy,
    /// Old and new must not run at the same time.
    pub exclusive: Option<Exclusive>,
    /// The container of the command before the switch, when there is one.
    pub release_command: Option<String>,
    /// The container of the command after the switch, when there is one.
    pub after_command: Option<String>,
}

/// A container that should run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredInstance {
    pub name: String,
    /// It gets requests.
    pub routed: bool,
}

/// Why two releases cannot run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exclusive {
    /// A volume that both would write.
    Volume(String),
    /// Somebody chose so.
    Chosen,
}

impl Exclusive {
    /// Why two releases with these volumes cannot run side by side, or are not to.
    pub fn of(volumes: &[VolumeMount], strategy: &Strategy) -> Option<Self> {
        let written = volumes.iter().find(|volume| !volume.read_only);
        match written {
            Some(volume) => Some(Self::Volume(volume.name.to_string())),
            None => (*strategy == Strategy::StopFirst).then_some(Self::Chosen),
        }
    }

    /// What a person should know before.
    pub fn warning(&self) -> String {
        let why = match self {
            Self::Volume(volume) => format!("The volume {volume} has one writer"),
            Self::Chosen => "The service is set to stop first".to_owned(),
        };
        format!(
            "{why}, so the old release stops before the new one starts: requests wait meanwhile, up to {LONGEST_WAIT_S} s."
        )
    }
}

/// What is there now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    pub instances: Vec<ObservedInstance>,
    pub volumes: Vec<String>,
    pub network: bool,
    /// Who gets the traffic.
    pub split: Split,
    /// The desired release is written down as the one with the traffic.
    pub live: bool,
    /// Containers of commands that have ended well.
    pub commands_done: Vec<String>,
    /// A person has ended the waiting of a canary.
    pub promoted: bool,
    /// Requests wait until somebody gets them.
    pub held: bool,
}

/// A container of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedInstance {
    pub name: String,
    pub running: bool,
    /// It is in the network of the environment.
    pub joined: bool,
    /// It has answered its probe since it started.
    pub healthy: bool,
    /// It belongs to the desired release: when it is not wanted any more, nobody comes back for it.
    pub same_release: bool,
}

/// How the requests are shared between the new release and the old one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    pub new: Vec<String>,
    pub old: Vec<String>,
    /// The share of the new release, in percent.
    pub percent: u8,
}

impl Split {
    /// Every instance gets the same share.
    pub fn even(new: Vec<String>, old: Vec<String>) -> Self {
        let percent = if old.is_empty() { 100 } else { (new.len() * 100 / (new.len() + old.len())).max(1) };
        Self { percent: u8::try_from(percent).unwrap_or(100), new, old }
    }

    fn same_as(&self, other: &Self) -> bool {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names
        };
        self.percent == other.percent
            && sorted(&self.new) == sorted(&other.new)
            && sorted(&self.old) == sorted(&other.old)
    }
}

/// The steps in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What a person should know before: that requests wait, for instance.
    pub warning: Option<String>,
}

impl Plan {
    /// The steps with the phase that each is executed in: what comes before the command of the release belongs to it,
    /// what comes between the first and the last movement of traffic is the switch.
    pub fn by_phase(&self) -> impl Iterator<Item = (Phase, &Step)> {
        let is_route = |step: &Step| matches!(step, Step::RouteTo { .. });
        let command = self
            .steps
            .iter()
            .position(|step| matches!(step, Step::RunCommand { command: Command::Release, .. }));
        let first = self.steps.iter().position(is_route);
        let last = self.steps.iter().rposition(is_route);
        self.steps.iter().enumerate().map(move |(index, step)| {
            let phase = match (first, last) {
                _ if command.is_some_and(|command| index <= command) => Phase::Release,
                (Some(first), _) if index < first => step.before_traffic(),
                (_, Some(last)) if index <= last => Phase::Switch,
                (Some(_), _) => Phase::Drain,
                (None, _) => step.phase(),
            };
            (phase, step)
        })
    }
}

/// What a deployment would do now, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanPreview {
    pub steps: Vec<PlannedStep>,
    /// What a person should know before: that requests wait, for instance.
    pub warning: Option<String>,
}

/// One step of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedStep {
    pub phase: Phase,
    pub text: String,
}

/// Plans the way from what is to what should be. Pure: the same worlds give the same plan. From any point of a plan
/// that was cut off, the next plan is what was left of it.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut path = Path::new(desired, observed);
    let exclusive = desired.exclusive.as_ref().filter(|_| path.old_runs());
    match (&desired.strategy, exclusive) {
        (_, Some(_)) => path.stop_first(),
        (Strategy::Canary { steps, .. }, None) if path.old_serves() => path.canary(steps),
        (Strategy::Rolling { surge }, None) => path.in_batches((*surge).into()),
        (_, None) => path.in_batches(desired.instances.len()),
    }
    Plan { steps: path.finish(), warning: exclusive.map(Exclusive::warning) }
}

#[cfg(test)]
mod tests;
