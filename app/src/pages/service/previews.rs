//! The pull requests of a service, each in an environment of its own.

mod row;
mod setup;
mod variables;

use super::{
    follow::{follow, refresh_after},
    frame::{Here, ServiceFrame, may},
};
use crate::{
    api::previews::{ApprovePreview, CheckPreviews, RedeployPreview, RemovePreview, load_previews},
    components::{Button, Card, EmptyState, Form, Load, Loadable, Notice, Submission, Table, Variant},
    live::Topic,
};
use berth_domain::{permission::Permission, preview::PreviewView, source::Source};
use leptos::prelude::*;
use row::Row;
use setup::SetupCard;
use variables::Variables;

/// The previews of a service.
#[component]
pub fn PreviewsPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Previews here/> }/> }
}

/// What can be done to a preview.
#[derive(Clone, Copy)]
pub struct Verbs {
    pub approve: Submission,
    pub redeploy: Submission,
    pub remove: Submission,
}

#[component]
fn Previews(here: Here) -> impl IntoView {
    let is_git = here.service.with_untracked(|service| matches!(service.source, Source::Git(_)));
    if !is_git {
        return view! {
            <Notice><p>"Previews are for services that are built from a repository at a git host."</p></Notice>
        }
        .into_any();
    }
    let path = here.path.clone();
    let first: Loadable<Vec<PreviewView>> = Resource::new(|| (), move |()| load_previews(path.clone()));
    let listed = here.clone();
    let configure = StoredValue::new(here.clone());
    view! {
        <Load resource=first inside=true view=move |previews| view! { <Loaded previews here=listed.clone()/> }/>
        {may(Permission::Configure).then(|| view! { <SetupCard here=configure.get_value()/> })}
        <Variables here/>
    }
    .into_any()
}

#[component]
fn Loaded(previews: Vec<PreviewView>, here: Here) -> impl IntoView {
    // What happens to a preview is told of its own service, in the same project.
    let topic = Topic::Project(here.path.project.to_string());
    let path = here.path.clone();
    let previews = follow(previews, topic.clone(), move || load_previews(path.clone()));
    let verbs = Verbs {
        approve: Submission::to::<ApprovePreview>(),
        redeploy: Submission::to::<RedeployPreview>(),
        remove: Submission::to::<RemovePreview>(),
    };
    let check = Submission::to::<CheckPreviews>();
    refresh_after(verbs.approve, topic.clone());
    refresh_after(verbs.redeploy, topic.clone());
    refresh_after(verbs.remove, topic.clone());
    refresh_after(check, topic);
    let none = Memo::new(move |_| previews.with(Vec::is_empty));
    let on = Memo::new({
        let service = here.service;
        move |_| service.with(|service| service.settings.previews.on)
    });
    let row_here = StoredValue::new(here.clone());
    let key =
        |preview: &PreviewView| (preview.number, preview.changed_at, preview.state, preview.service_state);
    view! {
        <Show when=move || none.get()>
            <EmptyState icon="git" title="No pull request has a preview" text=empty_words(on.get())/>
        </Show>
        <Show when=move || !none.get()>
            <Card flush=true>
                <Table head=vec!["Pull request", "State", "Address", "Commit", ""] caption="Previews">
                    <For each=move || previews.get() key let:preview>
                        <Row preview here=row_here.get_value() verbs/>
                    </For>
                </Table>
            </Card>
        </Show>
        {may(Permission::Deploy).then(|| view! {
            <Form action=check class="inline-form">
                {here.hidden()}
                <Button small=true variant=Variant::Quiet icon="restart">"Compare with the git host now"</Button>
            </Form>
        })}
    }
}

fn empty_words(on: bool) -> &'static str {
    match on {
        true => "The next pull request that the git host's webhook tells of gets an environment of its own.",
        false => {
            "A pull request can run in an environment of its own, with an address of its own, until it is closed. Turn it on below."
        }
    }
}
