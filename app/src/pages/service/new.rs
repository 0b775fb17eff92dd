//! A new service: from a repository, from pushes or from an image.

use super::frame::crumbs;
use crate::{
    api::{PanelError, service::CreateService},
    components::{Button, Card, Disclosure, ErrorState, Form, Hidden, Page, Submission, TextField, Variant},
    widgets::source_form::{CredentialFields, GitBuildFields, SourceKind},
};
use berth_domain::{name::Name, problem::Problem};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// The form of a new service.
#[component]
pub fn NewServicePage() -> impl IntoView {
    let params = use_params_map();
    let place = Memo::new(move |_| {
        params.with(|params| {
            let name = |key: &str| params.get_str(key)?.parse::<Name>().ok();
            Some((name("project")?, name("environment")?))
        })
    });
    move || match place.get() {
        Some((project, environment)) => view! { <NewService project environment/> }.into_any(),
        None => {
            let problem = PanelError::from(Problem::not_found("environment")).0;
            view! { <Page title="Not found"><ErrorState problem/></Page> }.into_any()
        }
    }
}

#[component]
fn NewService(project: Name, environment: Name) -> impl IntoView {
    let create = Submission::to::<CreateService>();
    let pick = format!("/git-hosts?for={project}/{environment}");
    view! {
        <Page title="New service" crumbs=crumbs(&project, &environment)>
            <Form action=create class="form new-service">
                <Hidden name="project" value=project.to_string()/>
                <Hidden name="environment" value=environment.to_string()/>
                <Card title="Where it comes from">
                    <SourceKind/>
                    <p class="hint"><a href=pick>"Pick a repository of a git host"</a></p>
                </Card>
                <Card title="Name">
                    <TextField name="name" label="Name" optional=true mono=true autocomplete="off"
                        hint="Part of its address. Left empty, it is taken from the repository or image."/>
                </Card>
                <Disclosure summary="More options: folder, Dockerfile, build arguments, port" icon="settings">
                    <div class="git-only"><GitBuildFields/></div>
                    <TextField name="port" label="Port" optional=true mono=true placeholder="found by itself"
                        hint="The port that the program listens on. Left empty, it is read from the image's EXPOSE, or from what listens."/>
                </Disclosure>
                <Disclosure summary="Private repository or registry" icon="lock"><CredentialFields/></Disclosure>
                <div class="form-actions">
                    <Button variant=Variant::Primary icon="deploy" name="then" value="deploy">"Create and deploy"</Button>
                    <Button name="then" value="create">"Create only"</Button>
                </div>
            </Form>
        </Page>
    }
}
