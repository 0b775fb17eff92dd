//! A deployment that shares the requests with the former release: how, and what a person can do about it.

use crate::{
    api::{
        deployments::{CancelDeployment, PromoteDeployment},
        service::forms::steps_text,
    },
    components::{Button, Card, Form, Hidden, Submission, Variant},
    live::Topic,
    pages::service::{
        follow::refresh_after,
        frame::{Here, may},
    },
    widgets::TrafficSplit,
};
use berth_domain::{
    deployment::{DeploymentView, Status},
    permission::Permission,
    service::Strategy,
};
use leptos::prelude::*;

/// Whether a deployment shares the requests with the former release now.
pub fn shares(deployment: &DeploymentView) -> bool {
    deployment.status == Status::Running && deployment.percent.is_some()
}

/// The shares, and Promote and Cancel.
#[component]
pub fn ShareCard(deployment: RwSignal<DeploymentView>, here: Here) -> impl IntoView {
    let service = here.service;
    let number = deployment.with_untracked(|d| d.number);
    let shown = Memo::new(move |_| deployment.with(shares));
    let percent = Memo::new(move |_| deployment.with(|d| d.percent));
    let promoted = Memo::new(move |_| deployment.with(|d| d.promoted));
    let former = Memo::new(move |_| service.with(|s| s.live.as_ref().map(|live| live.number)));
    let steps = Memo::new(move |_| {
        service.with(|service| match &service.settings.strategy {
            Strategy::Canary { steps, .. } => Some(steps_text(steps)),
            _ => None,
        })
    });
    let words = move || match (promoted.get(), steps.get()) {
        (true, _) => "It was promoted: the rest of the requests follows.".to_owned(),
        (false, Some(steps)) => format!(
            "The steps are {steps}; then it gets all requests. Too many errors take the requests back."
        ),
        (false, None) => "The rest of the requests follows as its instances become ready.".to_owned(),
    };
    let here = StoredValue::new(here);
    let canary = Signal::derive(move || steps.with(Option::is_some) && !promoted.get());
    view! {
        <Show when=move || shown.get()>
            <Card title="It shares the requests">
                {move || percent.get().map(|percent| view! { <TrafficSplit percent number former=former.get()/> })}
                <p class="hint">{words}</p>
                <ShareActions here=here.get_value() number canary/>
            </Card>
        </Show>
    }
}

#[component]
fn ShareActions(
    here: Here,
    number: u64,
    /// It can be promoted.
    canary: Signal<bool>,
) -> impl IntoView {
    let promote = Submission::to::<PromoteDeployment>();
    let cancel = Submission::to::<CancelDeployment>();
    for topic in [Topic::Deployment(here.path.clone(), number), Topic::Service(here.path.clone())] {
        refresh_after(promote, topic.clone());
        refresh_after(cancel, topic);
    }
    let here = StoredValue::new(here);
    let hidden = move || {
        view! { {here.with_value(Here::hidden)}<Hidden name="number" value=number.to_string()/> }
    };
    may(Permission::Deploy).then(|| {
        view! {
            <div class="button-row">
                <Show when=move || canary.get()>
                    <Form action=promote class="inline-form">
                        {hidden()}
                        <Button variant=Variant::Primary icon="deploy" title="It gets all requests now">"Promote"</Button>
                    </Form>
                </Show>
                <Form action=cancel class="inline-form">
                    {hidden()}
                    <Button icon="cancel" title="The former release gets all requests back">"Cancel"</Button>
                </Form>
            </div>
        }
    })
}
