//! A repository that was picked: its branch, and the service that it becomes.

use super::{asked, target};
use crate::{
    api::connections::{ConnectSource, CreateFromRepository, load_branches},
    api::service::forms::suggested_from,
    components::{
        Button, Card, Form, Hidden, Load, Loadable, Page, SelectField, Submission, TextField, Variant,
    },
    pages::param,
};
use berth_domain::{connection::HostBranchesView, service::ServicePath};
use leptos::prelude::*;

/// What was picked.
#[derive(Clone)]
struct Picked {
    connection: String,
    url: String,
    branch: String,
    target: String,
}

/// The form of the service, filled in.
#[component]
pub fn ChooseRepositoryPage() -> impl IntoView {
    let (connection, name, search) = (param("connection").get_untracked(), asked("name"), asked("search"));
    let picked = Picked {
        connection: connection.clone(),
        url: asked("url"),
        branch: asked("branch"),
        target: target(),
    };
    let (repository, wanted) = (name.clone(), search.clone());
    let branches: Loadable<HostBranchesView> =
        Resource::new(|| (), move |()| load_branches(connection.clone(), repository.clone(), wanted.clone()));
    let hidden = [("name", &name), ("url", &picked.url), ("branch", &picked.branch), ("for", &picked.target)];
    let hidden = hidden
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.clone()/> })
        .collect_view();
    view! {
        <Page title=name>
            <form class="inline-form" method="get" role="search">
                {hidden}
                <input type="search" name="search" aria-label="Part of the branch's name" placeholder="Part of the branch's name" value=search/>
                <button class="button" type="submit">"Search branches"</button>
            </form>
            <Load resource=branches inside=true view=move |branches| view! { <Choice branches picked=picked.clone()/> }/>
        </Page>
    }
}

#[component]
fn Choice(branches: HostBranchesView, picked: Picked) -> impl IntoView {
    let mut all = branches.items;
    if !all.contains(&picked.branch) {
        all.insert(0, picked.branch.clone());
    }
    let options: Vec<_> = all.into_iter().map(|branch| (branch.clone(), branch)).collect();
    match picked.target.parse::<ServicePath>() {
        Ok(path) => view! { <Change path picked options/> }.into_any(),
        Err(_) => view! { <Create picked options/> }.into_any(),
    }
}

#[component]
fn Change(path: ServicePath, picked: Picked, options: Vec<(String, String)>) -> impl IntoView {
    let change = Submission::to::<ConnectSource>();
    view! {
        <Card title=format!("Make it the source of {path}") text="Folder, Dockerfile and the other settings stay. What runs stays until the next deployment.">
            <Form action=change>
                <Hidden name="path" value=path.to_string()/>
                <Hidden name="connection" value=picked.connection/>
                <TextField name="url" label="Repository" mono=true value=picked.url/>
                <SelectField name="branch" label="Branch" options value=picked.branch/>
                <div class="form-actions"><Button variant=Variant::Primary icon="check">"Save"</Button></div>
            </Form>
        </Card>
    }
}

#[component]
fn Create(picked: Picked, options: Vec<(String, String)>) -> impl IntoView {
    let create = Submission::to::<CreateFromRepository>();
    let (project, environment) =
        picked.target.split_once('/').unwrap_or((picked.target.as_str(), "production"));
    let (project, environment) = (project.to_owned(), environment.to_owned());
    let name = suggested_from(&picked.url, false).map(|name| name.to_string()).unwrap_or_default();
    view! {
        <Card title="A service of it">
            <Form action=create>
                <Hidden name="connection" value=picked.connection/>
                <TextField name="url" label="Repository" mono=true value=picked.url/>
                <SelectField name="branch" label="Branch" options value=picked.branch/>
                <div class="form-row">
                    <TextField name="project" label="Project" mono=true value=project/>
                    <TextField name="environment" label="Environment" mono=true value=environment/>
                    <TextField name="name" label="Name" mono=true optional=true value=name/>
                </div>
                <div class="form-actions">
                    <Button variant=Variant::Primary icon="deploy" name="then" value="deploy">"Create and deploy"</Button>
                    <Button name="then" value="create">"Create only"</Button>
                </div>
            </Form>
        </Card>
    }
}
