//! The phases of a deployment, one after the other: how far it is and how long each took.

use crate::components::{Duration, Icon};
use berth_domain::deployment::{DeploymentView, Phase, PhaseRecord, Status};
use leptos::prelude::*;

/// How a phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    Active,
    Done,
    Failed,
    /// It ended before it came to this.
    Skipped,
}

impl StepState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Waiting | Self::Skipped => "new",
            Self::Active => "running",
            Self::Done => "check",
            Self::Failed => "error",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "going on",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "not reached",
        }
    }
}

/// The name of a phase.
pub fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Build => "Build",
        Phase::Release => "Release",
        Phase::Start => "Start",
        Phase::Probe => "Probe",
        Phase::Switch => "Switch",
        Phase::Drain => "Drain",
    }
}

/// What happens in a phase.
fn phase_meaning(phase: Phase) -> &'static str {
    match phase {
        Phase::Build => "Clone and build, or pull the image",
        Phase::Release => "Write down what will run, and run the release command",
        Phase::Start => "Start the new instances beside the old",
        Phase::Probe => "Wait until the new instances answer",
        Phase::Switch => "Move the traffic and see that it moved",
        Phase::Drain => {
            "Let requests on the old instances finish, stop them, and run the command after the switch"
        }
    }
}

/// How one phase of a deployment is.
pub fn step_state(deployment: &DeploymentView, phase: Phase) -> StepState {
    match record(deployment, phase) {
        Some(record) if record.failed => StepState::Failed,
        Some(PhaseRecord { ended_at: Some(_), .. }) => StepState::Done,
        Some(_) if deployment.status == Status::Running => StepState::Active,
        Some(_) if matches!(deployment.status, Status::Live | Status::Superseded) => StepState::Done,
        Some(_) => StepState::Failed,
        None if deployment.status.is_settled() => StepState::Skipped,
        None => StepState::Waiting,
    }
}

/// The record of a phase; of the last attempt, when Berth was started again meanwhile.
fn record(deployment: &DeploymentView, phase: Phase) -> Option<&PhaseRecord> {
    deployment.phases.iter().rev().find(|record| record.phase == phase)
}

/// How the goal of the deployment is.
fn goal_state(status: Status) -> StepState {
    match status {
        Status::Live => StepState::Done,
        Status::Queued | Status::Running => StepState::Waiting,
        _ => StepState::Skipped,
    }
}

/// The phases with their durations; `small` for cards and lists.
#[component]
pub fn Stepper(deployment: DeploymentView, #[prop(optional)] small: bool) -> impl IntoView {
    let steps = Phase::ALL
        .iter()
        .map(|phase| {
            let state = step_state(&deployment, *phase);
            let took = record(&deployment, *phase)
                .filter(|_| !small && state != StepState::Skipped)
                .map(|record| view! { <Duration from=record.started_at to=record.ended_at/> });
            view! { <Step state name=phase_name(*phase) meaning=phase_meaning(*phase)>{took}</Step> }
        })
        .collect_view();
    let goal = goal_state(deployment.status);
    view! {
        <ol class="stepper" class:small=small aria-label="Phases">
            {steps}
            <Step state=goal name="Live" meaning="It runs, answers, and gets the traffic">""</Step>
        </ol>
    }
}

#[component]
fn Step(state: StepState, name: &'static str, meaning: &'static str, children: Children) -> impl IntoView {
    view! {
        <li
            class="step"
            data-state=state.as_str()
            title=meaning
            aria-current=(state == StepState::Active).then_some("step")
        >
            <span class="step-mark"><Icon name=state.icon()/></span>
            <span class="step-name">{name}<span class="visually-hidden">": "{state.word()}</span></span>
            <span class="step-time">{children()}</span>
        </li>
    }
}

/// The durations of the phases as one small bar. Drawn as an image, since widths in style attributes are not allowed.
#[component]
pub fn PhaseBar(phases: Vec<PhaseRecord>) -> impl IntoView {
    let length = |record: &PhaseRecord| {
        record.ended_at.map_or(0, |end| (end - record.started_at).num_milliseconds().max(0)) as f64
    };
    let total: f64 = phases.iter().map(length).sum();
    let label: Vec<_> = phases
        .iter()
        .filter(|record| record.ended_at.is_some())
        .map(|record| format!("{} {:.1} s", phase_name(record.phase), length(record) / 1_000.0))
        .collect();
    let mut x = 0.0;
    let bars = (total > 0.0).then(|| {
        phases
            .iter()
            .map(|record| {
                let width = length(record) / total * 100.0;
                let start = x;
                x += width;
                let class = if record.failed { "bar-failed".to_owned() } else { format!("bar-{}", record.phase) };
                view! { <rect class=class x=format!("{start:.2}") y="0" width=format!("{width:.2}") height="6"></rect> }
            })
            .collect_view()
    });
    let label = label.join(", ");
    let title = label.clone();
    view! {
        <svg class="phase-bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=label>
            <title>{title}</title>
            {bars}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::Timestamp;

    fn deployment(status: Status, phases: &[(Phase, bool, bool)]) -> DeploymentView {
        let at = Timestamp::UNIX_EPOCH;
        let record = |&(phase, ended, failed): &(Phase, bool, bool)| PhaseRecord {
            phase,
            started_at: at,
            ended_at: ended.then_some(at),
            failed,
        };
        let value = serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000000", "number": 1,
            "service": {"project": "p", "environment": "e", "service": "s"}, "status": status, "phase": null,
            "phases": phases.iter().map(record).collect::<Vec<_>>(), "cause": "manual", "actor": "a",
            "commit": null, "image": null, "release": null, "rolls_back_to": null, "reason": null,
            "last_lines": [], "promoted": false, "can_roll_back": false, "created_at": at, "started_at": null, "ended_at": null,
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_failed_phase_is_marked_and_the_rest_is_not_reached() {
        let failed = deployment(Status::Failed, &[(Phase::Build, true, false), (Phase::Release, true, true)]);
        let states = Phase::ALL.iter().map(|phase| step_state(&failed, *phase)).collect::<Vec<_>>();
        assert_eq!(states[..3], [StepState::Done, StepState::Failed, StepState::Skipped]);
    }

    #[test]
    fn a_running_phase_is_active_and_the_rest_waits() {
        let running = deployment(Status::Running, &[(Phase::Build, false, false)]);
        assert_eq!(step_state(&running, Phase::Build), StepState::Active);
        assert_eq!(step_state(&running, Phase::Drain), StepState::Waiting);
    }
}
