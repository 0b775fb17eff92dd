use super::may;
use crate::{
    api::projects::{Create, list, search_services},
    components::{
        Button, Dialog, DialogButton, EmptyState, Form, LinkButton, Load, Page, Submission, TextField,
        Variant,
    },
    live::{Topic, use_live},
    widgets::{ProjectCard, ServiceRow},
};
use berth_domain::{
    page::Page as Part, permission::Permission, project::ProjectSummary, service::ServiceSummary,
};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, location::Url};

/// All projects, or what a search finds.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let query = use_query_map();
    let word = move |key: &'static str| query.with(|query| query.get(key).unwrap_or_default());
    let live = use_live();
    let projects = Resource::new(
        move || (word("search"), word("after"), live.version(Topic::Projects)),
        |(search, after, _)| list(search, after),
    );
    let live = use_live();
    let services = Resource::new(
        move || (word("search"), live.version(Topic::Projects)),
        |(search, _)| async move {
            if search.trim().is_empty() { Ok(Part::default()) } else { search_services(search).await }
        },
    );
    let actions = may(Permission::Administer)
        .then(|| view! { <DialogButton opens="new-project" variant=Variant::Primary icon="plus">"New project"</DialogButton> }.into_any());
    let search = Signal::derive(move || word("search"));
    view! {
        <Page title="Projects" actions=actions.into_any()>
            <Load resource=services inside=true view=move |found| view! { <FoundServices found search/> }/>
            <Load resource=projects inside=true view=move |part| view! { <ProjectList part search/> }/>
            <NewProject/>
        </Page>
    }
}

#[component]
fn FoundServices(found: Part<ServiceSummary>, search: Signal<String>) -> impl IntoView {
    (!found.items.is_empty()).then(|| {
        let count = found.items.len();
        let rows = found.items.into_iter().map(|service| view! { <ServiceRow service full_path=true/> }).collect_view();
        view! {
            <section class="card flush">
                <header class="card-head">
                    <h2>{move || format!("Services with \u{201c}{}\u{201d}", search.get())}<span class="count">{count}</span></h2>
                </header>
                <div class="card-body"><ul class="service-list">{rows}</ul></div>
            </section>
        }
    })
}

#[component]
fn ProjectList(part: Part<ProjectSummary>, search: Signal<String>) -> impl IntoView {
    let searched = search.get_untracked();
    if part.items.is_empty() {
        return if searched.is_empty() {
            view! { <FirstSteps/> }.into_any()
        } else {
            view! {
                <EmptyState
                    icon="search"
                    title=format!("No project has \u{201c}{searched}\u{201d} in it")
                    text="The search looks at the names of projects, environments and services."
                    action=view! { <LinkButton href="/projects">"Show all projects"</LinkButton> }.into_any()
                />
            }
            .into_any()
        };
    }
    let next = part
        .next
        .map(|after| format!("/projects?search={}&after={}", Url::escape(&searched), Url::escape(&after)));
    let cards = part.items.into_iter().map(|project| view! { <ProjectCard project/> }).collect_view();
    view! {
        <ul class="project-grid">{cards}</ul>
        {next.map(|href| view! { <p class="pager"><LinkButton href icon="right">"More projects"</LinkButton></p> })}
    }
    .into_any()
}

/// What to do on the first day.
#[component]
fn FirstSteps() -> impl IntoView {
    view! {
        <section class="first-steps">
            <h2>"Three steps to something that runs"</h2>
            <ol>
                <li><strong>"Make a project."</strong><span>"It holds what belongs together, with an environment called production to begin with."</span></li>
                <li><strong>"Add a service."</strong><span>"Give it the address of a git repository with a Dockerfile, or the name of an image."</span></li>
                <li><strong>"Deploy."</strong><span>"Berth builds it, starts it, checks that it answers, and only then sends it traffic."</span></li>
            </ol>
            {may(Permission::Administer).then(|| view! {
                <DialogButton opens="new-project" variant=Variant::Primary icon="plus">"Make the first project"</DialogButton>
            })}
        </section>
    }
}

#[component]
fn NewProject() -> impl IntoView {
    let action = Submission::to::<Create>();
    view! {
        <Dialog id="new-project" title="New project">
            <Form action>
                <TextField
                    name="name" label="Name" placeholder="shop" autocomplete="off" mono=true autofocus=true
                    hint="Lower-case letters, digits and hyphens; it becomes part of addresses."
                />
                <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Make the project"</Button></div>
            </Form>
        </Dialog>
    }
}
