//! One step of a plan.

use super::Split;
use crate::{deployment::Phase, waiting::LONGEST_WAIT_S};
use serde::{Deserialize, Serialize};

/// A command of the release, in a container of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Before the traffic moves; its failure is the deployment's.
    Release,
    /// Once the traffic has moved; its failure is shown.
    After,
}

/// One idempotent step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    CreateNetwork {
        network: String,
    },
    CreateVolume {
        volume: String,
    },
    /// Run a command of the release and see how it ends.
    RunCommand {
        command: Command,
        container: String,
    },
    StartInstance {
        instance: String,
    },
    /// Put an instance back into the network that it has lost.
    JoinNetwork {
        instance: String,
    },
    AwaitHealthy {
        instance: String,
    },
    /// Share the traffic so, and see that the proxy does.
    RouteTo {
        split: Split,
    },
    /// Let requests wait until the next movement of traffic: whoever serves now is about to stop.
    LetWait,
    /// See that the new release answers well with its share; without a time, until a person promotes it.
    Hold {
        percent: u8,
        seconds: Option<u32>,
    },
    /// Let requests in flight on these instances finish.
    Drain {
        instances: Vec<String>,
    },
    StopInstance {
        instance: String,
    },
    RemoveInstance {
        instance: String,
    },
}

impl Step {
    /// The phase that this step belongs to when nothing around it says otherwise.
    pub fn phase(&self) -> Phase {
        match self {
            Self::CreateNetwork { .. }
            | Self::CreateVolume { .. }
            | Self::RunCommand { command: Command::Release, .. } => Phase::Release,
            Self::LetWait | Self::StartInstance { .. } | Self::JoinNetwork { .. } => Phase::Start,
            Self::AwaitHealthy { .. } => Phase::Probe,
            Self::RouteTo { .. } | Self::Hold { .. } => Phase::Switch,
            Self::RunCommand { command: Command::After, .. }
            | Self::Drain { .. }
            | Self::StopInstance { .. }
            | Self::RemoveInstance { .. } => Phase::Drain,
        }
    }

    /// The phase of this step when it comes before any movement of traffic.
    pub(super) fn before_traffic(&self) -> Phase {
        match self.phase() {
            Phase::Drain => Phase::Start,
            phase => phase,
        }
    }

    /// The step in words, for the log.
    pub fn describe(&self) -> String {
        match self {
            Self::CreateNetwork { network } => format!("Create the network {network}"),
            Self::CreateVolume { volume } => format!("Create the volume {volume}"),
            Self::RunCommand { command: Command::Release, .. } => "Run the release command".to_owned(),
            Self::RunCommand { command: Command::After, .. } => "Run the command after the switch".to_owned(),
            Self::StartInstance { instance } => format!("Start {instance}"),
            Self::JoinNetwork { instance } => format!("Put {instance} back into its network"),
            Self::AwaitHealthy { instance } => format!("Wait until {instance} is ready"),
            Self::LetWait => format!("Let requests wait, up to {LONGEST_WAIT_S} s"),
            Self::RouteTo { split } => route_in_words(split),
            Self::Hold { percent, seconds: Some(seconds) } => {
                format!("Watch the answers for {seconds} s with {percent} % of the requests")
            }
            Self::Hold { percent, seconds: None } => {
                format!("Wait for somebody to promote it, with {percent} % of the requests")
            }
            Self::Drain { instances } => format!("Let requests on {} finish", instances.join(", ")),
            Self::StopInstance { instance } => format!("Stop {instance}"),
            Self::RemoveInstance { instance } => format!("Remove {instance}"),
        }
    }
}

fn route_in_words(split: &Split) -> String {
    match (split.new.is_empty(), split.old.is_empty()) {
        (true, _) => "Take the traffic over".to_owned(),
        (false, true) => format!("Route traffic to {}", split.new.join(", ")),
        (false, false) => format!(
            "Route {} % of the traffic to {} and the rest to {}",
            split.percent,
            split.new.join(", "),
            split.old.join(", ")
        ),
    }
}
