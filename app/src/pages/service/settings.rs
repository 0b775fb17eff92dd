//! Everything about a service that can be changed.

use super::{
    access::AccessCard,
    build::BuildCard,
    delete::DeleteCard,
    follow::refresh_after,
    frame::{Here, ServiceFrame, may},
    overview::RestartBanner,
    remote::RemoteCard,
    triggers::TriggersCard,
    webhook::WebhookCard,
};
use crate::{
    api::service::{
        RenameService, SetAutoDeploy, SetCredential, UpdateSettings, UpdateSource,
        forms::{SettingsForm, SourceForm},
    },
    components::{Button, Card, Disclosure, Form, Hidden, Notice, Submission, TextField, Variant},
    live::Topic,
    widgets::{
        settings_form::SettingsFields,
        source_form::{CredentialFields, GitBuildFields, SourceKind},
    },
};
use berth_domain::{permission::Permission, source::Source};
use leptos::prelude::*;

/// The settings of a service.
#[component]
pub fn SettingsPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Settings here/> }/> }
}

#[component]
fn Settings(here: Here) -> impl IntoView {
    if !may(Permission::Configure) {
        return view! { <Notice><p>"Your role allows looking at the settings' effect, not changing them."</p></Notice> }
            .into_any();
    }
    let pushed = here.service.with_untracked(|service| matches!(service.source, Source::Pushed(_)));
    let from_git = here.service.with_untracked(|service| matches!(service.source, Source::Git(_)));
    let builds = here.service.with_untracked(|service| !matches!(service.source, Source::Image(_)));
    let here = StoredValue::new(here);
    view! {
        <RestartBanner here=here.get_value()/>
        <SourceCard here=here.get_value()/>
        {builds.then(|| view! { <BuildCard here=here.get_value()/> })}
        <RunCard here=here.get_value()/>
        <AutoDeployCard here=here.get_value()/>
        <TriggersCard here=here.get_value()/>
        {match pushed {
            true => view! { <RemoteCard here=here.get_value()/> }.into_any(),
            false => view! { <WebhookCard here=here.get_value()/> }.into_any(),
        }}
        <CredentialCard here=here.get_value()/>
        {from_git.then(|| view! { <AccessCard here=here.get_value()/> })}
        <RenameCard here=here.get_value()/>
        {may(Permission::Administer).then(|| view! {
            <DeleteCard here=here.get_value()/>
        })}
    }
    .into_any()
}

#[component]
fn SourceCard(here: Here) -> impl IntoView {
    let save = Submission::to::<UpdateSource>();
    refresh_after(save, Topic::Service(here.path.clone()));
    let form = here.service.with_untracked(|service| SourceForm::of(&service.source));
    view! {
        <Card title="Source" text="Where it comes from. What runs stays as it is until the next deployment.">
            <Form action=save>
                {here.hidden()}
                <SourceKind source=form.clone()/>
                <div class="git-only">
                    <Disclosure summary="How the repository is built"><GitBuildFields source=form/></Disclosure>
                </div>
                <div class="form-actions"><Button variant=Variant::Primary icon="check">"Save the source"</Button></div>
            </Form>
        </Card>
    }
}

#[component]
fn RunCard(here: Here) -> impl IntoView {
    let save = Submission::to::<UpdateSettings>();
    refresh_after(save, Topic::Service(here.path.clone()));
    let form = here.service.with_untracked(|service| SettingsForm::of(&service.settings));
    view! {
        <Card title="How it runs" text="Everything has a default that fits most programs.">
            <Form action=save>
                {here.hidden()}
                <SettingsFields form/>
                <div class="form-actions"><Button variant=Variant::Primary icon="check">"Save how it runs"</Button></div>
            </Form>
        </Card>
    }
}

#[component]
fn AutoDeployCard(here: Here) -> impl IntoView {
    let set = Submission::to::<SetAutoDeploy>();
    refresh_after(set, Topic::Service(here.path.clone()));
    let service = here.service;
    let on = Memo::new(move |_| service.with(|service| service.settings.auto_deploy));
    let branch = Memo::new(move |_| {
        service.with(|service| match &service.source {
            Source::Git(git) => Some((git.branch.clone(), ", once the webhook below is set up")),
            Source::Pushed(pushed) => Some((pushed.branch.clone(), "")),
            Source::Image(_) => None,
        })
    });
    let text = move || match (branch.get(), on.get()) {
        (Some((branch, once)), true) => format!("A push to {branch} deploys by itself{once}."),
        (Some((branch, _)), false) => format!("A push to {branch} is noted and not deployed."),
        (None, true) => {
            "A push of the image to its registry deploys by itself, once the webhook below is set up."
                .to_owned()
        }
        (None, false) => "A push of the image to its registry is noted and not deployed.".to_owned(),
    };
    let hidden = here.clone();
    view! {
        <Card title="Deploy on a push">
            <Form action=set class="inline-form auto-deploy">
                {hidden.hidden()}
                {move || view! { <Hidden name="on" value=if on.get() { "no" } else { "yes" }/> }}
                <p>{text}</p>
                <Button>{move || if on.get() { "Turn off" } else { "Turn on" }}</Button>
            </Form>
        </Card>
    }
}

#[component]
fn CredentialCard(here: Here) -> impl IntoView {
    let set = Submission::to::<SetCredential>();
    refresh_after(set, Topic::Service(here.path.clone()));
    let service = here.service;
    let is_set = Memo::new(move |_| service.with(|service| service.credential_set));
    let text = move || match is_set.get() {
        true => "A credential is kept. Another one takes its place.",
        false => "None is kept: the repository or image has to be public.",
    };
    let hidden = StoredValue::new(here.clone());
    view! {
        <Card title="Credential">
            <p>{text}</p>
            <Form action=set>
                {here.hidden()}
                <CredentialFields/>
                <div class="form-actions"><Button icon="lock">"Keep this credential"</Button></div>
            </Form>
            <Show when=move || is_set.get()>
                <Form action=set class="inline-form">
                    {hidden.with_value(Here::hidden)}
                    <Hidden name="remove" value="yes"/>
                    <Button small=true variant=Variant::Danger icon="trash">"Remove the credential"</Button>
                </Form>
            </Show>
        </Card>
    }
}

#[component]
fn RenameCard(here: Here) -> impl IntoView {
    let rename = Submission::to::<RenameService>();
    let name = here.path.service.to_string();
    view! {
        <Card title="Name" text="The panel's address and the default domain follow the name; volumes and logs stay.">
            <Form action=rename>
                {here.hidden()}
                <TextField name="name" label="Name" value=name mono=true autocomplete="off"/>
                <div class="form-actions"><Button icon="edit">"Rename"</Button></div>
            </Form>
        </Card>
    }
}
