//! How many instances there are, how the traffic moves, and what runs before and after.

use crate::{
    api::service::forms::RolloutForm,
    components::{TextArea, TextField},
};
use leptos::prelude::*;

/// Word, name and meaning of each strategy.
const STRATEGIES: [(&str, &str, &str); 4] = [
    ("rolling", "Rolling", "New instances take over from old ones, a few at a time."),
    (
        "blue_green",
        "Blue-green",
        "All new instances start beside the old ones, then all requests move at once.",
    ),
    (
        "canary",
        "Canary",
        "A growing share of the requests goes to the new release, as long as it answers well.",
    ),
    ("stop_first", "Stop first", "The old release stops before the new one starts: requests wait meanwhile."),
];

/// Replicas and strategy.
#[component]
pub fn RolloutFields(form: RolloutForm) -> impl IntoView {
    view! {
        <div class="field-row">
            <TextField name="replicas" label="Instances" value=form.replicas.clone() kind="number" min=1 max=100 mono=true
                hint="The requests are shared evenly between them. Another number takes effect at once, without a deployment."/>
        </div>
        <StrategyChoice form/>
    }
}

/// Four radio buttons; the fields of the chosen strategy show, without any script too.
#[component]
fn StrategyChoice(form: RolloutForm) -> impl IntoView {
    let chosen = form.strategy.clone();
    let cards = STRATEGIES
        .map(|(word, name, meaning)| {
            let id = format!("strategy-{word}");
            view! {
                <input type="radio" id=id.clone() name="strategy" value=word checked=word == chosen/>
                <label for=id><strong>{name}</strong><span class="hint">{meaning}</span></label>
            }
        })
        .collect_view();
    view! {
        <p class="label" id="strategy-label">"How the traffic moves"</p>
        <div class="choice" role="radiogroup" aria-labelledby="strategy-label">
            {cards}
            <div class="choice-fields of-rolling">
                <TextField name="surge" label="At a time" value=form.surge.clone() mono=true optional=true
                    hint="How many instances take over in one go."/>
            </div>
            <div class="choice-fields of-canary"><CanaryFields form/></div>
            <p class="choice-fields of-stop_first hint">
                "Only for programs of which two must never run side by side. Requests fail from the stop of the old release until the new one answers."
            </p>
        </div>
    }
}

#[component]
fn CanaryFields(form: RolloutForm) -> impl IntoView {
    view! {
        <TextArea name="canary_steps" label="Steps" value=form.canary_steps rows=2 mono=true optional=true
            placeholder="10% for 60s, 50% until promoted"
            hint="A share and for how long the new release must answer well with it (s, m or h), or “until promoted” to wait for a person. After the last step it gets all requests."/>
        <div class="field-row">
            <TextField name="max_error_percent" label="Errors allowed, in percent" value=form.max_error_percent mono=true optional=true
                hint="More answers of 500 and above than this take the requests back."/>
            <TextField name="max_latency_ms" label="Mean time to answer, in milliseconds" value=form.max_latency_ms optional=true mono=true placeholder="no limit"
                hint="A slower release gives the requests back."/>
        </div>
    }
}

/// What runs before the traffic moves and after.
#[component]
pub fn CommandFields(form: RolloutForm) -> impl IntoView {
    view! {
        <TextField name="release_command" label="Release command" value=form.release_command optional=true mono=true placeholder="none"
            hint="Before any request moves: database migrations, for instance. When it fails, the deployment fails and nothing changes for the old release."/>
        <TextField name="after_command" label="Command after the switch" value=form.after_command optional=true mono=true placeholder="none"
            hint="Once all requests have moved. Its failure is shown and undoes nothing."/>
        <div class="field-row">
            <TextField name="command_timeout" label="Time for either, in minutes" value=form.command_timeout mono=true
                hint="A command that takes longer has failed."/>
        </div>
    }
}
