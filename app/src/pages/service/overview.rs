//! How a service is, at a glance.

mod instances;
mod parts;
mod scale;
mod waiting;

use super::{
    deploy::waiting_words,
    follow::refresh_after,
    frame::{Here, ServiceFrame, may},
    remote::RemoteCard,
};
use crate::{
    api::{
        deployments::Deploy,
        service::{StartService, StopService},
    },
    components::{Button, Card, Form, Hidden, Notice, Submission, Tone, Variant},
    live::Topic,
};
use berth_domain::{
    permission::Permission,
    service::{ServiceState, ServiceView, Strategy},
    source::Source,
};
use instances::Instances;
use leptos::prelude::*;
use parts::{DomainList, NewestDeployment, StateCard};
use waiting::{WaitingCard, WaitingNotice};

/// The service's state, its newest deployment, its instances, and what can be done.
#[component]
pub fn OverviewPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Overview here/> }/> }
}

#[component]
fn Overview(here: Here) -> impl IntoView {
    let service = here.service;
    let base = StoredValue::new(here.base());
    let awaits_push = Memo::new(move |_| {
        service.with(|s| s.state == ServiceState::New && matches!(s.source, Source::Pushed(_)))
    });
    let to_push = StoredValue::new(here.clone());
    view! {
        <WaitingNotice here=here.clone()/>
        <RestartBanner here=here.clone()/>
        {move || view! { <StateCard service=service.get() base=base.get_value()/> }}
        <Show when=move || awaits_push.get()><RemoteCard here=to_push.get_value()/></Show>
        <div class="two-columns">
            {move || {
                let of = |s: &ServiceView| (s.latest.clone(), s.live.as_ref().map(|live| live.number));
                let (deployment, live) = service.with(of);
                let canary = service.with(|s| matches!(s.settings.strategy, Strategy::Canary { .. }));
                view! { <NewestDeployment deployment live canary base=base.get_value()/> }
            }}
            {move || view! { <DomainList service=service.get() base=base.get_value()/> }}
        </div>
        <Instances here=here.clone()/>
        <WaitingCard here=here.clone()/>
        <Power here/>
    }
}

/// Says that what runs is older than what is saved, and offers the restart.
#[component]
pub fn RestartBanner(here: Here) -> impl IntoView {
    let service = here.service;
    let restart = Submission::to::<Deploy>();
    let needed = Memo::new(move |_| service.with(|s| s.restart_needed && s.state != ServiceState::Stopped));
    let meanwhile = Memo::new(move |_| service.with(waiting_words));
    let here = StoredValue::new(here);
    view! {
        <Show when=move || needed.get()>
            <Notice tone=Tone::Warn title="Restart needed">
                <div class="notice-row">
                    <p>
                        "Variables or settings were changed since what runs was started. It keeps running as it is until the next deployment or restart. "
                        {move || meanwhile.get()}
                    </p>
                    {may(Permission::Deploy).then(|| view! {
                        <Form action=restart class="inline-form">
                            {here.with_value(Here::hidden)}
                            <Hidden name="how" value="restart"/>
                            <Button small=true icon="restart">"Restart now"</Button>
                        </Form>
                    })}
                </div>
            </Notice>
        </Show>
    }
}

/// Restart, stop and start.
#[component]
fn Power(here: Here) -> impl IntoView {
    let service = here.service;
    let restart = Submission::to::<Deploy>();
    let stop = Submission::to::<StopService>();
    let start = Submission::to::<StartService>();
    refresh_after(stop, Topic::Service(here.path.clone()));
    refresh_after(start, Topic::Service(here.path.clone()));
    let state = Memo::new(move |_| service.with(|s| s.state));
    let runs = move || matches!(state.get(), ServiceState::Live | ServiceState::Down);
    let meanwhile = Memo::new(move |_| {
        service.with(waiting_words).unwrap_or_else(|| {
            "A restart starts new instances beside the old ones, so no request is lost.".to_owned()
        })
    });
    let here = StoredValue::new(here);
    let hidden = move || here.with_value(Here::hidden);
    let shown = move || may(Permission::Deploy) && (runs() || state.get() == ServiceState::Stopped);
    view! {
        <Show when=shown>
            <Card title="Restart and stop">
                <p class="hint">{move || meanwhile.get()}</p>
                <div class="button-row">
                    <Show when=runs>
                        <Form action=restart class="inline-form">
                            {hidden()}
                            <Hidden name="how" value="restart"/>
                            <Button icon="restart">"Restart"</Button>
                        </Form>
                        <Form action=stop class="inline-form">
                            {hidden()}
                            <Button icon="stop" variant=Variant::Danger title="Its visitors are told that it is stopped until it is started again">"Stop"</Button>
                        </Form>
                    </Show>
                    <Show when=move || state.get() == ServiceState::Stopped>
                        <Form action=start class="inline-form">
                            {hidden()}
                            <Button icon="start" variant=Variant::Primary>"Start"</Button>
                        </Form>
                    </Show>
                </div>
            </Card>
        </Show>
    }
}
