use crate::components::{Badge, Tone};
use berth_domain::{
    deployment::{Phase, Status},
    service::ServiceState,
};
use leptos::prelude::*;

/// What was last observed of a service.
#[component]
pub fn StateBadge(state: ServiceState, #[prop(optional_no_strip)] reason: Option<String>) -> impl IntoView {
    let (tone, icon, word) = match state {
        ServiceState::New => (Tone::Neutral, "new", "new"),
        ServiceState::Live if reason.is_some() => (Tone::Warn, "warning", "live, not all"),
        ServiceState::Live => (Tone::Good, "live", "live"),
        ServiceState::Deploying => (Tone::Busy, "running", "deploying"),
        ServiceState::Down => (Tone::Bad, "down", "down"),
        ServiceState::Stopped => (Tone::Neutral, "paused", "stopped"),
    };
    view! { <Badge tone icon text=word title=reason.unwrap_or_default()/> }
}

/// Where a deployment is.
#[component]
pub fn StatusBadge(status: Status, #[prop(optional_no_strip)] phase: Option<Phase>) -> impl IntoView {
    let (tone, icon, word) = match status {
        Status::Queued => (Tone::Info, "queued", "queued"),
        Status::Running => (Tone::Busy, "running", phase.map_or("running", phase_word)),
        Status::Live => (Tone::Good, "live", "live"),
        Status::Superseded => (Tone::Neutral, "superseded", "superseded"),
        Status::Failed => (Tone::Bad, "failed", "failed"),
        Status::Cancelled => (Tone::Warn, "cancel", "cancelled"),
        Status::Removed => (Tone::Neutral, "removed", "removed"),
    };
    view! { <Badge tone icon text=word/> }
}

/// What a phase is doing, as one word.
fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Build => "building",
        Phase::Release => "releasing",
        Phase::Start => "starting",
        Phase::Probe => "probing",
        Phase::Switch => "switching",
        Phase::Drain => "draining",
    }
}
