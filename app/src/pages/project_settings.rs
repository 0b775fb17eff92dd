use super::{may, param};
use crate::{
    api::projects::{
        Delete, DeleteEnvironment, Rename, RenameEnvironment, deletion, environment_deletion, show,
    },
    components::{
        Breadcrumb, Button, Card, Confirmation, Disclosure, Form, Hidden, Load, Notice, Page, Submission,
        TextField, Tone,
    },
};
use berth_domain::{permission::Permission, project::ProjectView};
use leptos::prelude::*;

/// What can be changed of a project: names, and what is to go.
#[component]
pub fn ProjectSettingsPage() -> impl IntoView {
    let name = param("project");
    // Not live: what is being typed here must not be taken away by an event.
    let project = Resource::new(move || name.get(), show);
    view! { <Load resource=project view=move |project| view! { <Settings project/> }/> }
}

#[component]
fn Settings(project: ProjectView) -> impl IntoView {
    let name = project.name.to_string();
    let crumbs = vec![Breadcrumb("Projects", "/projects"), Breadcrumb(&name, format!("/projects/{name}"))];
    let administer = may(Permission::Administer);
    let of = name.clone();
    let environments = project
        .environments
        .iter()
        .map(|environment| {
            let (project, environment) = (of.clone(), environment.name.to_string());
            view! { <Environment project environment administer/> }
        })
        .collect_view();
    view! {
        <Page title="Settings" crumbs>
            {(!administer).then(|| view! {
                <Notice tone=Tone::Info>"Renaming a project and deleting anything takes the role admin."</Notice>
            })}
            {administer.then(|| view! { <RenameProject name=name.clone()/> })}
            <Card title="Environments" flush=true>
                <ul class="settings-list">{environments}</ul>
            </Card>
            {administer.then(|| view! { <DeleteProject name/> })}
        </Page>
    }
}

#[component]
fn RenameProject(name: String) -> impl IntoView {
    let action = Submission::to::<Rename>();
    view! {
        <Card title="Name" text="The addresses of the panel change with it; the domains of services stay.">
            <Form action class="form-inline">
                <Hidden name="project" value=name.clone()/>
                <TextField name="name" label="Project name" value=name autocomplete="off" mono=true/>
                <Button>"Rename"</Button>
            </Form>
        </Card>
    }
}

#[component]
fn Environment(project: String, environment: String, administer: bool) -> impl IntoView {
    let action = Submission::to::<RenameEnvironment>();
    let id = format!("environment-{environment}");
    let deletion = administer.then(|| {
        let (project, environment) = (project.clone(), environment.clone());
        view! {
            <Disclosure summary=format!("Delete {environment}") icon="trash">
                <DeleteEnvironmentForm project environment/>
            </Disclosure>
        }
    });
    view! {
        <li id=id>
            <Form action class="form-inline">
                <Hidden name="project" value=project.clone()/>
                <Hidden name="environment" value=environment.clone()/>
                <TextField name="name" label="Environment name" value=environment.clone() autocomplete="off" mono=true/>
                <Button>"Rename"</Button>
            </Form>
            {deletion}
        </li>
    }
}

#[component]
fn DeleteEnvironmentForm(project: String, environment: String) -> impl IntoView {
    let action = Submission::to::<DeleteEnvironment>();
    let names = StoredValue::new((project, environment));
    let preview = Resource::new(
        || (),
        move |_| {
            let (project, environment) = names.get_value();
            environment_deletion(project, environment)
        },
    );
    view! {
        <Load resource=preview inside=true view=move |preview| {
            let (project, environment) = names.get_value();
            view! {
                <Form action>
                    <Hidden name="project" value=project/>
                    <Hidden name="environment" value=environment/>
                    <Confirmation
                        confirm=preview.confirm goes=preview.goes stays=preview.stays verb="Delete the environment"
                    />
                </Form>
            }
        }/>
    }
}

#[component]
fn DeleteProject(name: String) -> impl IntoView {
    let action = Submission::to::<Delete>();
    let project = StoredValue::new(name);
    let preview = Resource::new(|| (), move |_| deletion(project.get_value()));
    view! {
        <Card title="Delete this project" danger=true>
            <Load resource=preview inside=true view=move |preview| view! {
                <Form action>
                    <Hidden name="project" value=project.get_value()/>
                    <Confirmation
                        confirm=preview.confirm goes=preview.goes stays=preview.stays verb="Delete the project"
                    />
                </Form>
            }/>
        </Card>
    }
}
