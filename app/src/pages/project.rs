use super::{may, param};
use crate::{
    api::projects::{CreateEnvironment, show},
    components::{
        Breadcrumb, Button, Dialog, DialogButton, Form, Hidden, LinkButton, Load, Page, Submission,
        TextField, Variant,
    },
    live::{Topic, use_live},
    widgets::EnvironmentSection,
};
use berth_domain::{permission::Permission, project::ProjectView};
use leptos::prelude::*;

/// A project: its environments, and in each its services.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let name = param("project");
    let live = use_live();
    let project =
        Resource::new(move || (name.get(), live.version(Topic::Project(name.get()))), |(name, _)| show(name));
    view! { <Load resource=project view=move |project| view! { <Project project/> }/> }
}

#[component]
fn Project(project: ProjectView) -> impl IntoView {
    let name = project.name.to_string();
    let may_configure = may(Permission::Configure);
    let settings = format!("/projects/{name}/settings");
    let actions = may_configure.then(|| {
        view! {
            <LinkButton href=settings icon="settings">"Settings"</LinkButton>
            <DialogButton opens="new-environment" variant=Variant::Primary icon="plus">"New environment"</DialogButton>
        }
        .into_any()
    });
    let of = name.clone();
    let sections = project
        .environments
        .into_iter()
        .map(|environment| view! { <EnvironmentSection project=of.clone() environment may_configure/> })
        .collect_view();
    view! {
        <Page title=name.clone() crumbs=vec![Breadcrumb("Projects", "/projects")] actions=actions.into_any()>
            {sections}
            {may_configure.then(|| view! { <NewEnvironment project=name/> })}
        </Page>
    }
}

#[component]
fn NewEnvironment(project: String) -> impl IntoView {
    let action = Submission::to::<CreateEnvironment>();
    view! {
        <Dialog id="new-environment" title="New environment">
            <Form action>
                <Hidden name="project" value=project/>
                <TextField
                    name="name" label="Name" placeholder="staging" autocomplete="off" mono=true autofocus=true
                    hint="A copy of the project with its own network, variables and addresses, such as staging."
                />
                <div class="form-actions">
                    <Button variant=Variant::Primary icon="plus">"Make the environment"</Button>
                </div>
            </Form>
        </Dialog>
    }
}
