//! Whether visitors get in: maintenance, and pauses.

use crate::{
    api::waiting::{SetMaintenance, SetPause},
    components::{Button, Card, Form, Hidden, Notice, Submission, TextArea, TextField, Time, Tone},
    live::Topic,
    pages::service::{
        follow::refresh_after,
        frame::{Here, may},
    },
};
use berth_domain::{
    permission::Permission,
    waiting::{LONGEST_MESSAGE, LONGEST_WAIT_S, Maintenance},
};
use leptos::prelude::*;

/// Says that visitors do not get in, and lets them in again.
#[component]
pub fn WaitingNotice(here: Here) -> impl IntoView {
    let service = here.service;
    let maintenance = Memo::new(move |_| service.with(|service| service.maintenance.clone()));
    let paused_until = Memo::new(move |_| service.with(|service| service.paused_until));
    let here = StoredValue::new(here);
    view! {
        {move || maintenance.get().map(|now| view! { <InMaintenance now here=here.get_value()/> })}
        {move || paused_until.get().map(|until| view! {
            <Notice tone=Tone::Warn title="Requests wait">
                <div class="notice-row">
                    <p>"They go to the instances "<Time at=until/>", or when you say so."</p>
                    {may(Permission::Deploy).then(|| view! { <Resume here=here.get_value()/> })}
                </div>
            </Notice>
        })}
    }
}

#[component]
fn InMaintenance(now: Maintenance, here: Here) -> impl IntoView {
    let Maintenance { message, by, since } = now;
    let end = Submission::to::<SetMaintenance>();
    refresh_after(end, Topic::Service(here.path.clone()));
    let read = message.map(|message| view! { <p class="maintenance-message">{message}</p> });
    view! {
        <Notice tone=Tone::Warn title="In maintenance">
            <div class="notice-row">
                <p>"Visitors are told to come back. Begun "<Time at=since/>" by "{by}". Instances keep running."</p>
                {may(Permission::Deploy).then(|| view! {
                    <Form action=end class="inline-form">
                        {here.hidden()}
                        <Hidden name="on" value="no"/>
                        <Button small=true icon="start">"End maintenance"</Button>
                    </Form>
                })}
            </div>
            {read}
        </Notice>
    }
}

#[component]
fn Resume(here: Here) -> impl IntoView {
    let resume = Submission::to::<SetPause>();
    refresh_after(resume, Topic::Service(here.path.clone()));
    view! {
        <Form action=resume class="inline-form">
            {here.hidden()}
            <Hidden name="seconds" value=""/>
            <Button small=true icon="start">"Resume now"</Button>
        </Form>
    }
}

/// Keeps visitors out: with a message, or for a short while.
#[component]
pub fn WaitingCard(here: Here) -> impl IntoView {
    let service = here.service;
    let message = Memo::new(move |_| {
        service
            .with(|service| service.maintenance.as_ref().map(|now| now.message.clone().unwrap_or_default()))
    });
    let live = Memo::new(move |_| service.with(|s| s.live.is_some() && s.settings.routed));
    let here = StoredValue::new(here);
    view! {
        <Show when=move || may(Permission::Deploy) && live.get()>
            <Card title="Maintenance and pause">
                {move || view! { <Maintain message=message.get() here=here.get_value()/> }}
                <Pause here=here.get_value()/>
            </Card>
        </Show>
    }
}

/// The form that begins maintenance, or changes what visitors read.
#[component]
fn Maintain(message: Option<String>, here: Here) -> impl IntoView {
    let begin = Submission::to::<SetMaintenance>();
    refresh_after(begin, Topic::Service(here.path.clone()));
    let word = if message.is_some() { "Change the message" } else { "Begin maintenance" };
    let hint = format!(
        "Visitors get 503 and read this, in at most {LONGEST_MESSAGE} characters. Instances and deployments go on."
    );
    view! {
        <Form action=begin>
            {here.hidden()}
            <Hidden name="on" value="yes"/>
            <TextArea name="message" label="What visitors read" value=message.unwrap_or_default() hint=hint optional=true rows=2/>
            <div class="form-actions"><Button icon="paused">{word}</Button></div>
        </Form>
    }
}

/// The form that lets requests wait.
#[component]
fn Pause(here: Here) -> impl IntoView {
    let pause = Submission::to::<SetPause>();
    refresh_after(pause, Topic::Service(here.path.clone()));
    view! {
        <Form action=pause>
            {here.hidden()}
            <TextField name="seconds" label="Let requests wait" kind="number" value="30"
                hint="Seconds. They are answered when the time is over; none is lost." min=1 max=i64::from(LONGEST_WAIT_S)/>
            <div class="form-actions"><Button icon="paused">"Pause"</Button></div>
        </Form>
    }
}
