//! Deployments: one attempt each to make a release live, as a state machine whose transitions consume the state.
//!
//! ```text
//! Queued -> Running { Build -> Release -> Start -> Probe -> Switch -> Drain } -> Live -> Ended { .. }
//! ```

use crate::{
    ids::{DeploymentId, ReleaseId},
    permission::text_enum,
    service::ServicePath,
    traffic::Measured,
    upload::Upload,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// A part of a running deployment, in order. Drives the stepper, the resume point and the deadline.
    Phase {
        /// Clone and build, or pull the image.
        Build = "build",
        /// Write down what will run.
        Release = "release",
        /// Start the new instances beside the old.
        Start = "start",
        /// Wait until they answer.
        Probe = "probe",
        /// Move the traffic and see that it moved.
        Switch = "switch",
        /// Let the old instances finish, then stop them.
        Drain = "drain",
    }
}

impl Phase {
    /// The phase after this one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }

    /// Whether a failure here leaves the traffic where it was.
    pub fn before_switch(self) -> bool {
        self < Self::Switch
    }
}

text_enum! {
    /// How a deployment ended.
    Outcome {
        /// A newer deployment took its place.
        Superseded = "superseded",
        Failed = "failed",
        Cancelled = "cancelled",
        /// Its service was stopped or deleted.
        Removed = "removed",
    }
}

/// Where a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Queued,
    Running(Phase),
    Live,
    Ended(Outcome),
}

/// A transition that the state machine does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deployment that is {from} cannot {verb}")]
pub struct IllegalTransition {
    pub from: Status,
    pub verb: &'static str,
}

type Transition = Result<State, IllegalTransition>;

impl State {
    fn illegal(self, verb: &'static str) -> Transition {
        Err(IllegalTransition { from: self.status(), verb })
    }

    /// A worker takes it from the queue.
    pub fn start(self) -> Transition {
        match self {
            Self::Queued => Ok(Self::Running(Phase::Build)),
            _ => self.illegal("start"),
        }
    }

    /// The phase is done: on to the next one, or live after the last.
    pub fn advance(self) -> Transition {
        match self {
            Self::Running(phase) => Ok(phase.next().map_or(Self::Live, Self::Running)),
            _ => self.illegal("advance"),
        }
    }

    /// It cannot go on.
    pub fn fail(self) -> Transition {
        match self {
            Self::Queued | Self::Running(_) => Ok(Self::Ended(Outcome::Failed)),
            _ => self.illegal("fail"),
        }
    }

    /// A person stops it. Once the traffic has moved there is nothing left to cancel: roll back instead.
    pub fn cancel(self) -> Transition {
        match self {
            Self::Queued => Ok(Self::Ended(Outcome::Cancelled)),
            Self::Running(phase) if phase <= Phase::Switch => Ok(Self::Ended(Outcome::Cancelled)),
            _ => self.illegal("cancel"),
        }
    }

    /// A newer deployment takes its place: in the queue, or as the live one.
    pub fn supersede(self) -> Transition {
        match self {
            Self::Queued | Self::Live => Ok(Self::Ended(Outcome::Superseded)),
            _ => self.illegal("be superseded"),
        }
    }

    /// Its service is stopped or deleted.
    pub fn remove(self) -> Transition {
        match self {
            Self::Ended(_) => self.illegal("be removed"),
            _ => Ok(Self::Ended(Outcome::Removed)),
        }
    }

    /// The state without its phase.
    pub fn status(self) -> Status {
        match self {
            Self::Queued => Status::Queued,
            Self::Running(_) => Status::Running,
            Self::Live => Status::Live,
            Self::Ended(Outcome::Superseded) => Status::Superseded,
            Self::Ended(Outcome::Failed) => Status::Failed,
            Self::Ended(Outcome::Cancelled) => Status::Cancelled,
            Self::Ended(Outcome::Removed) => Status::Removed,
        }
    }

    /// The phase, while running.
    pub fn phase(self) -> Option<Phase> {
        match self {
            Self::Running(phase) => Some(phase),
            _ => None,
        }
    }

    /// Whether a worker still owes it something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running(_))
    }
}

text_enum! {
    /// The state in one word, as stored and shown.
    Status {
        Queued = "queued",
        Running = "running",
        Live = "live",
        Superseded = "superseded",
        Failed = "failed",
        Cancelled = "cancelled",
        Removed = "removed",
    }
}

impl Status {
    /// The state that a stored status and phase stand for; `None` for a pair that cannot exist.
    pub fn with_phase(self, phase: Option<Phase>) -> Option<State> {
        match (self, phase) {
            (Self::Running, Some(phase)) => Some(State::Running(phase)),
            (Self::Queued, None) => Some(State::Queued),
            (Self::Live, None) => Some(State::Live),
            (Self::Superseded, None) => Some(State::Ended(Outcome::Superseded)),
            (Self::Failed, None) => Some(State::Ended(Outcome::Failed)),
            (Self::Cancelled, None) => Some(State::Ended(Outcome::Cancelled)),
            (Self::Removed, None) => Some(State::Ended(Outcome::Removed)),
            _ => None,
        }
    }

    /// Whether it will change no more by itself.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

text_enum! {
    /// Why a deployment was asked for.
    Cause {
        /// A person or token asked.
        Manual = "manual",
        /// A webhook told of a push, or Berth found one by asking.
        Push = "push",
        /// An earlier release is wanted back.
        Rollback = "rollback",
        /// The same source again, with the present configuration.
        Restart = "restart",
    }
}

/// One phase as it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhaseRecord {
    pub phase: Phase,
    pub started_at: DateTime<Utc>,
    /// Absent while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// It ended because it failed or was cancelled.
    #[serde(default)]
    pub failed: bool,
}

/// The commit that a deployment was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Commit {
    pub id: String,
    /// The first line of its message.
    pub title: String,
    pub author: String,
}

impl Commit {
    /// The first eight characters of the id.
    pub fn short(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }
}

/// A deployment as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeploymentView {
    pub id: DeploymentId,
    /// Counts up per service from 1.
    pub number: u64,
    pub service: ServicePath,
    pub status: Status,
    pub phase: Option<Phase>,
    pub phases: Vec<PhaseRecord>,
    pub cause: Cause,
    /// Who asked: an e-mail address, a token's name, `webhook`.
    pub actor: String,
    pub commit: Option<Commit>,
    pub image: Option<String>,
    pub release: Option<ReleaseId>,
    /// The number of the deployment that a rollback goes back to.
    pub rolls_back_to: Option<u64>,
    /// Why it failed or was cancelled, in words.
    pub reason: Option<String>,
    /// The last lines of the log that explain a failure.
    pub last_lines: Vec<String>,
    /// The share of the requests that it gets, while it shares them with the former release.
    pub percent: Option<u8>,
    /// Whether its canary has been let go on by a person.
    pub promoted: bool,
    /// What the proxy counted from the first movement of traffic until the old instances had ended.
    pub measured: Option<Measured>,
    /// Whether its release can be deployed again.
    pub can_roll_back: bool,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl DeploymentView {
    /// One line for lists: the commit's title, the image, or the cause.
    pub fn title(&self) -> String {
        match (&self.commit, self.rolls_back_to, &self.image) {
            (_, Some(number), _) => format!("Roll back to #{number}"),
            (Some(commit), _, _) => commit.title.clone(),
            (None, _, Some(image)) => image.clone(),
            _ => format!("Deployment #{}", self.number),
        }
    }
}

/// A service's deployment: `project/environment/service#number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentPath {
    pub service: ServicePath,
    pub number: u64,
}

impl FromStr for DeploymentPath {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (service, number) =
            text.split_once('#').ok_or("a deployment is written project/environment/service#1")?;
        Ok(Self { service: service.parse()?, number: number.parse().map_err(|_| "the number is not one")? })
    }
}

impl fmt::Display for DeploymentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.service, self.number)
    }
}

/// Asks for a deployment of the service's source as it is now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct DeployRequest {
    /// This commit instead of the branch's newest.
    pub commit: Option<String>,
    /// Build every step again.
    pub no_cache: bool,
    /// The same commit and image as the live release, with the present configuration and variables.
    pub restart: bool,
    /// This image for a service from an image; it is the service's image from then on. Another repository than that of its
    /// present image takes the permission to configure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The tarball that it is built from; Berth itself fills this in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
}

/// Asks to go back to the release of an earlier deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackRequest {
    /// The number of the earlier deployment.
    pub to: u64,
    /// Keep the variables of now instead of the release's own.
    #[serde(default)]
    pub keep_variables: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Verb = fn(State) -> Transition;
    const VERBS: [(&str, Verb); 6] = [
        ("start", State::start),
        ("advance", State::advance),
        ("fail", State::fail),
        ("cancel", State::cancel),
        ("supersede", State::supersede),
        ("remove", State::remove),
    ];

    #[test]
    fn the_happy_path_visits_every_phase_once() {
        let mut state = State::Queued.start().unwrap();
        let mut seen = vec![];
        while let State::Running(phase) = state {
            seen.push(phase);
            state = state.advance().unwrap();
        }
        assert_eq!(seen, Phase::ALL);
        assert_eq!(state, State::Live);
    }

    #[test]
    fn traffic_that_has_moved_cannot_be_cancelled() {
        assert!(State::Running(Phase::Switch).cancel().is_ok());
        assert!(State::Running(Phase::Drain).cancel().is_err());
        assert!(State::Live.cancel().is_err());
    }

    proptest! {
        /// R-DEP-3: whatever happens in whatever order, an ended deployment stays as it ended.
        #[test]
        fn r_dep_3_a_terminal_state_is_written_once(verbs in prop::collection::vec(0..VERBS.len(), 0..40)) {
            let mut state = State::Queued;
            let mut ended = None;
            for verb in verbs {
                if let Ok(next) = VERBS[verb].1(state) { state = next; }
                if let Some(before) = ended { prop_assert_eq!(before, state); }
                if matches!(state, State::Ended(_)) { ended = Some(state); }
                let stored = state.status().with_phase(state.phase());
                prop_assert_eq!(stored, Some(state));
            }
        }
    }
}
