//! Which pushes deploy, and whether Berth asks the repository by itself.

use super::{follow::refresh_after, frame::Here};
use crate::{
    api::{service::forms::TriggersForm, webhooks::SetTriggers},
    components::{
        Badge, Button, Card, Form, Icon, Notice, Submission, TextArea, TextField, Time, Tone, Variant,
    },
    live::Topic,
};
use berth_domain::{source::Source, webhook::WatchTrial};
use leptos::prelude::*;

/// The card on the settings page; none for an image.
#[component]
pub fn TriggersCard(here: Here) -> impl IntoView {
    let set = Submission::to::<SetTriggers>();
    refresh_after(set, Topic::Service(here.path.clone()));
    let form = here.service.with_untracked(|service| TriggersForm::of(&service.settings));
    let is_git = here.service.with_untracked(|service| matches!(service.source, Source::Git(_)));
    let trial = move || set.output::<Option<WatchTrial>>().flatten();
    let hidden = here.clone();
    is_git.then(|| view! {
        <Card title="Watched paths" text="For a repository with several programs in it: which files a push has to touch to deploy this service.">
            <Form action=set>
                {hidden.hidden()}
                <TextArea name="watch" label="Only these" value=form.watch rows=3 mono=true optional=true placeholder="everything"
                    hint="A pattern in each line, from the repository's root: apps/web, libs/**, *.toml. The name of a folder means all in it."/>
                <TextArea name="watch_not" label="But not these" value=form.watch_not rows=2 mono=true optional=true placeholder="**/*.md"/>
                <TextField name="poll" label="Ask the repository every so many minutes" value=form.poll mono=true optional=true placeholder="never"
                    hint="For a host that cannot call a webhook. What is new on the branch is then deployed like a push."/>
                <div class="form-actions">
                    <Button variant=Variant::Primary icon="check">"Save"</Button>
                    <span class="with-script"><Button icon="search" name="then" value="try">"Try on the last commit"</Button></span>
                </div>
            </Form>
            {move || trial().map(|trial| view! { <Trial trial/> })}
            <Polled here=here.clone()/>
        </Card>
    })
}

/// What the patterns that were typed make of the last commit.
#[component]
fn Trial(trial: WatchTrial) -> impl IntoView {
    let tone = if trial.deploys { Tone::Good } else { Tone::Neutral };
    let title =
        if trial.deploys { "The last commit would deploy." } else { "The last commit would not deploy." };
    let files = trial.files.into_iter().map(|file| {
        let (tone, text) =
            if file.matched { (Tone::Good, "watched") } else { (Tone::Neutral, "not watched") };
        view! { <li><Badge tone text/>" "<span class="mono breakable">{file.path}</span></li> }
    });
    view! {
        <Notice tone title>
            <p><span class="mono">{trial.commit.get(..8).map(str::to_owned)}</span>" "{trial.title}</p>
            <ul class="plain-list">{files.collect_view()}</ul>
        </Notice>
    }
}

/// What Berth last saw when it asked by itself.
#[component]
fn Polled(here: Here) -> impl IntoView {
    let polled = Memo::new(move |_| here.service.with(|service| service.polled.clone()));
    move || {
        polled.get().map(|polled| {
            let (icon, class) =
                if polled.ok { ("clock", "hint with-icon") } else { ("error", "field-error") };
            view! {
                <p class=class>
                    <Icon name=icon/>
                    <span>"Asked "<Time at=polled.at/>": "{polled.told}</span>
                </p>
            }
        })
    }
}
