//! The button that deploys, what a deployment would do, and the word before one that lets requests wait.

use super::frame::Here;
use crate::{
    api::deployments::{Deploy, preview_deployment},
    components::{
        Button, Dialog, DialogButton, ErrorState, Form, Hidden, Icon, Notice, Skeleton, Submission, Tone,
        Variant,
    },
    widgets::stepper::phase_name,
};
use berth_domain::{
    plan::{Exclusive, PlanPreview},
    service::{ServicePath, ServiceView},
};
use leptos::prelude::*;

/// Why requests wait during the next deployment, when they do.
pub fn waiting_words(service: &ServiceView) -> Option<String> {
    let runs = service.instances.iter().any(|instance| instance.running);
    let settings = &service.settings;
    Exclusive::of(&settings.volumes, &settings.strategy).filter(|_| runs).map(|why| why.warning())
}

/// Deploys at once; where requests wait meanwhile, it says so first.
#[component]
pub fn DeployButton(here: Here) -> impl IntoView {
    let deploy = Submission::to::<Deploy>();
    let service = here.service;
    let warning = Memo::new(move |_| service.with(waiting_words));
    let here = StoredValue::new(here);
    let at_once = move || {
        view! {
            <Form action=deploy class="inline-form">
                {here.with_value(Here::hidden)}
                <Button variant=Variant::Primary icon="deploy">"Deploy"</Button>
            </Form>
        }
    };
    view! {
        <Show when=move || warning.with(Option::is_some) fallback=at_once>
            <DialogButton opens="deploy" variant=Variant::Primary icon="deploy">"Deploy"</DialogButton>
            <Dialog id="deploy" title="Deploy while requests wait">
                <Notice tone=Tone::Warn><p>{move || warning.get()}</p></Notice>
                <PlanSteps summary="What it will do, step by step" path=here.with_value(|here| here.path.clone())/>
                <Form action=deploy>
                    {here.with_value(Here::hidden)}
                    <Hidden name="how" value=""/>
                    <div class="form-actions">
                        <Button variant=Variant::Primary icon="deploy">"Deploy all the same"</Button>
                    </div>
                </Form>
            </Dialog>
        </Show>
    }
}

/// What a deployment would do now, asked for when it is unfolded.
#[component]
pub fn PlanSteps(
    path: ServicePath,
    /// What is written on it.
    summary: &'static str,
) -> impl IntoView {
    let load = Action::new(move |(): &()| preview_deployment(path.clone()));
    let answer = load.value();
    let unfolded = move |_| {
        if answer.with_untracked(Option::is_none) {
            load.dispatch(());
        }
    };
    let steps = move || match answer.get() {
        None => view! { <Skeleton rows=3/> }.into_any(),
        Some(Ok(preview)) => view! { <Steps preview/> }.into_any(),
        Some(Err(error)) => view! { <ErrorState problem=error.0/> }.into_any(),
    };
    view! {
        <details class="disclosure with-script" on:toggle=unfolded>
            <summary><span>{summary}</span><Icon name="expand"/></summary>
            <div class="disclosure-body">{steps}</div>
        </details>
    }
}

#[component]
fn Steps(preview: PlanPreview) -> impl IntoView {
    let steps = preview
        .steps
        .into_iter()
        .map(|step| view! { <li>{step.text}" "<span class="hint">{phase_name(step.phase)}</span></li> })
        .collect_view();
    view! { <ol class="plan-steps">{steps}</ol> }
}
