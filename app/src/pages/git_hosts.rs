//! The git hosts that the organisation is connected to.

mod app;
mod choose;
mod pick;

pub use app::{AppInstalledPage, AppMadePage, MakeAppPage};
pub use choose::ChooseRepositoryPage;
pub use pick::RepositoriesPage;

use super::may;
use crate::{
    api::connections::{
        AddConnection, ConnectSource, RegisterWebhook, RemoveConnection, TestConnection, load_connections,
    },
    api::service::load_service,
    components::{
        Badge, Button, Card, Disclosure, EmptyState, Form, Hidden, Load, Loadable, Page, SelectField,
        Submission, Table, TextField, Time, Tone, Variant,
    },
};
use berth_domain::{
    connection::{ConnectionKind, ConnectionView},
    permission::Permission,
    service::{ServicePath, ServiceView},
    source::Source,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Where a repository goes that is picked: `project/environment` for a new service, or a service's path.
fn target() -> String {
    use_query_map().with_untracked(|query| query.get("for").unwrap_or_default())
}

fn asked(name: &'static str) -> String {
    use_query_map().with_untracked(|query| query.get(name).unwrap_or_default())
}

/// An address with a query whose values may be anything.
fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let escape = leptos_router::location::Url::escape;
    let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", escape(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// All connections, and the forms that add one.
#[component]
pub fn GitHostsPage() -> impl IntoView {
    let found: Loadable<Vec<ConnectionView>> = Resource::new(|| (), |()| load_connections());
    let subtitle = "Repositories of these hosts are picked from a list, fetched with the connection's token, and told how their \
        deployments go.";
    let service = target().parse::<ServicePath>().ok();
    view! {
        <Page title="Git hosts" subtitle=view! { {subtitle} }.into_any()>
            {service.map(|path| view! { <Present path/> })}
            <Card flush=true>
                <Load resource=found inside=true view=|found| view! { <Connections found/> }/>
            </Card>
            {may(Permission::Administer).then(|| view! { <Add/> })}
        </Page>
    }
}

/// How the service that this is about gets its repository now.
#[component]
fn Present(path: ServicePath) -> impl IntoView {
    let asked = path.clone();
    let found: Loadable<ServiceView> = Resource::new(|| (), move |()| load_service(asked.clone()));
    view! { <Load resource=found inside=true view=|service| view! { <PresentSource service/> }/> }
}

#[component]
fn PresentSource(service: ServiceView) -> impl IntoView {
    let Source::Git(git) = service.source.clone() else { return ().into_any() };
    if git.connection.is_none() {
        return ().into_any();
    }
    let (disconnect, register) = (Submission::to::<ConnectSource>(), Submission::to::<RegisterWebhook>());
    let path = service.path.to_string();
    let registered = path.clone();
    view! {
        <Card title=format!("{path} names a connection") text=service.source.summary()>
            <Form action=register class="inline-form">
                <Hidden name="path" value=registered/>
                <Button icon="check">"Have the host send its pushes"</Button>
            </Form>
            <Form action=disconnect class="inline-form">
                <Hidden name="path" value=path/>
                <Hidden name="url" value=git.url/>
                <Hidden name="branch" value=git.branch/>
                <Button variant=Variant::Quiet>"Use the service's own credential instead"</Button>
            </Form>
        </Card>
    }
    .into_any()
}

#[component]
fn Connections(found: Vec<ConnectionView>) -> impl IntoView {
    if found.is_empty() {
        return view! {
            <EmptyState icon="git" title="No git host yet"
                text="Public repositories need none, and every service may have a credential of its own."/>
        }
        .into_any();
    }
    let (test, remove) = (Submission::to::<TestConnection>(), Submission::to::<RemoveConnection>());
    let rows = found.into_iter().map(|one| view! { <Row one test remove/> }).collect_view();
    view! { <Table head=vec!["Host", "As", "Changed", ""] caption="Git hosts">{rows}</Table> }.into_any()
}

#[component]
fn Row(one: ConnectionView, test: Submission, remove: Submission) -> impl IntoView {
    let (id, name) = (one.id.to_string(), format!("{} as {}", one.url, one.account));
    let (tested, removed) = (id.clone(), id.clone());
    let repositories = with_query(&format!("/git-hosts/{id}"), &[("for", &target())]);
    let used = match one.services.len() {
        0 => "no service names it".to_owned(),
        _ => format!("named by {}", one.services.join(", ")),
    };
    view! {
        <tr>
            <th scope="row" class="mono breakable">{one.url}" "<Badge text=one.kind.as_str()/></th>
            <td class="breakable">{one.account}<span class="row-sub">{used}</span>
                {one.install_url.map(|url| view! { " "<Badge tone=Tone::Warn text="installed nowhere"/>" "<a href=url rel="external">"Install it"</a> })}</td>
            <td class="muted"><Time at=one.changed_at/><span class="row-sub">{one.changed_by}</span></td>
            <td class="row-actions">
                {may(Permission::Configure).then(|| view! {
                    <a class="button small" href=repositories>"Repositories"</a>
                    <Form action=test class="inline-form"><Hidden name="connection" value=tested/><Button small=true icon="check">"Test"</Button></Form>
                })}
                {may(Permission::Administer).then(|| view! {
                    <Disclosure summary="Remove" icon="trash">
                        <Form action=remove>
                            <Hidden name="connection" value=removed/>
                            <p>"Services that name it keep running, and cannot be fetched until they name another one."</p>
                            <Button small=true variant=Variant::Danger icon="trash">{format!("Remove {name}")}</Button>
                        </Form>
                    </Disclosure>
                })}
            </td>
        </tr>
    }
}

#[component]
fn Add() -> impl IntoView {
    let add = Submission::to::<AddConnection>();
    let by_token = ConnectionKind::ALL.iter().filter(|kind| **kind != ConnectionKind::GitHubApp);
    let word = |kind: &ConnectionKind| match kind {
        ConnectionKind::GitHub | ConnectionKind::GitHubApp => "GitHub",
        ConnectionKind::GitLab => "GitLab",
        ConnectionKind::Gitea => "Gitea or Forgejo",
        ConnectionKind::Bitbucket => "Bitbucket Cloud",
    };
    let options = by_token.map(|kind| (kind.to_string(), word(kind).to_owned())).collect();
    view! {
        <Card title="Add by token" text="The host is asked whether it takes the token before that is kept, sealed.">
            <Form action=add>
                <div class="form-row">
                    <SelectField name="kind" label="Host" options/>
                    <TextField name="url" label="Address" mono=true optional=true autocomplete="off" placeholder="https://git.example.com"
                        hint="Empty for github.com, gitlab.com and bitbucket.org."/>
                </div>
                <TextField name="token" label="Token" kind="password" autocomplete="new-password"
                    hint="It should read repositories, and may set commit statuses, comments and webhooks."/>
                <div class="form-row">
                    <TextField name="account" label="Workspace" mono=true optional=true autocomplete="off" hint="Bitbucket only."/>
                    <TextField name="username" label="E-mail address" optional=true autocomplete="off"
                        hint="Bitbucket only, for an API token; none for an access token."/>
                </div>
                <div class="form-actions"><Button icon="check">"Add the connection"</Button></div>
            </Form>
        </Card>
        <Card title="An App at GitHub" text="GitHub makes it from what Berth sends: nothing is copied by hand, tokens are good for an hour, and there is one webhook for all repositories.">
            <form class="form" method="get" action="/git-hosts/app">
                <div class="form-row">
                    <TextField name="account" label="Organisation there" mono=true optional=true hint="Empty for your own account."/>
                    <TextField name="url" label="Address" mono=true optional=true placeholder="https://github.com"/>
                </div>
                <div class="form-actions"><Button icon="git">"Go on"</Button></div>
            </form>
        </Card>
    }
}
