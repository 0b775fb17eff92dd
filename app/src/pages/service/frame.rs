//! What every page of a service has: the way to it, its state, its tabs, and the button that deploys.

use super::{deploy::DeployButton, follow::follow};
use crate::{
    api::service::load_service,
    boot::Boot,
    components::{Badge, Breadcrumb, Crumb, Hidden, LinkButton, Load, Loadable, Page, TabLink, Tabs, Tone},
    live::Topic,
    widgets::StateBadge,
};
use berth_domain::{
    name::Name,
    permission::Permission,
    problem::Problem,
    service::{ServicePath, ServiceState, ServiceView},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// What a page of a service works with.
#[derive(Clone)]
pub struct Here {
    pub path: ServicePath,
    pub service: RwSignal<ServiceView>,
}

impl Here {
    /// The address of the service's pages.
    pub fn base(&self) -> String {
        format!("/projects/{}", self.path)
    }

    /// The path as the hidden field of a form.
    pub fn hidden(&self) -> impl IntoView + use<> {
        view! { <Hidden name="path" value=self.path.to_string()/> }
    }
}

/// Whether the one who looks may do that; the server checks it again.
pub fn may(permission: Permission) -> bool {
    Boot::current().viewer.is_some_and(|viewer| viewer.role.allows(permission))
}

/// The service that the page's address names; none when it cannot be one.
pub fn use_service_path() -> Memo<Option<ServicePath>> {
    let params = use_params_map();
    Memo::new(move |_| {
        params.with(|params| {
            let name = |key: &str| params.get_str(key)?.parse::<Name>().ok();
            Some(ServicePath {
                project: name("project")?,
                environment: name("environment")?,
                service: name("service")?,
            })
        })
    })
}

/// The number in the page's address; 0, which no deployment has, when it is none.
pub fn use_number() -> Memo<u64> {
    let params = use_params_map();
    Memo::new(move |_| {
        params.with(|params| params.get_str("number").and_then(|text| text.parse().ok()).unwrap_or(0))
    })
}

/// There is no service at this address.
pub fn no_service() -> crate::api::PanelError {
    Problem::not_found("service").into()
}

/// The way from the projects to an environment.
pub fn crumbs(project: &Name, environment: &Name) -> Vec<Crumb> {
    vec![
        Breadcrumb("Projects", "/projects"),
        Breadcrumb(project.as_str(), format!("/projects/{project}")),
        Breadcrumb(environment.as_str(), format!("/projects/{project}#{environment}")),
    ]
}

/// Loads the service of the address and shows a page of it.
#[component]
pub fn ServiceFrame<V>(
    /// As wide as the window.
    #[prop(optional)]
    wide: bool,
    view: impl Fn(Here) -> V + Send + Sync + Clone + 'static,
) -> impl IntoView
where
    V: IntoView + 'static,
{
    let path = use_service_path();
    let first: Loadable<ServiceView> = Resource::new(
        move || path.get(),
        |path| async move {
            match path {
                Some(path) => load_service(path).await,
                None => Err(no_service()),
            }
        },
    );
    let page = move |service: ServiceView| {
        let here = follow_service(service);
        let content = view(here.clone()).into_any();
        view! { <ServiceShell here wide>{content}</ServiceShell> }
    };
    view! { <Load resource=first view=page/> }
}

/// The service as it goes on.
pub fn follow_service(service: ServiceView) -> Here {
    let path = service.path.clone();
    let wanted = path.clone();
    let service = follow(service, Topic::Service(path.clone()), move || load_service(wanted.clone()));
    Here { path, service }
}

/// The page around the content.
#[component]
fn ServiceShell(here: Here, wide: bool, children: Children) -> impl IntoView {
    let service = here.service;
    let badge = view! {
        {move || service.with(|service| view! { <StateBadge state=service.state reason=service.state_reason.clone()/> })}
        {move || service.with(waiting_badge)}
    };
    let tabs = view! { <ServiceTabs base=here.base()/> };
    let actions = view! { <HeadActions here=here.clone()/> };
    view! {
        <Page
            title=here.path.service.to_string()
            crumbs=crumbs(&here.path.project, &here.path.environment)
            badge=badge.into_any()
            tabs=tabs.into_any()
            actions=actions.into_any()
            wide
        >
            {children()}
        </Page>
    }
}

/// Says that visitors do not get in.
fn waiting_badge(service: &ServiceView) -> Option<impl IntoView + use<>> {
    let text = match (&service.maintenance, service.paused_until) {
        (Some(_), _) => "maintenance",
        (None, Some(_)) => "requests wait",
        (None, None) => return None,
    };
    Some(view! { <Badge tone=Tone::Warn icon="paused" text/> })
}

/// The parts of a service.
#[component]
pub fn ServiceTabs(base: String) -> impl IntoView {
    let [deployments, logs, variables, domains, volumes, previews, settings] =
        ["deployments", "logs", "variables", "domains", "volumes", "previews", "settings"]
            .map(|part| format!("{base}/{part}"));
    view! {
        <Tabs label="Parts of the service">
            <TabLink href=base icon="service">"Overview"</TabLink>
            <TabLink href=deployments icon="deploy" below=true>"Deployments"</TabLink>
            <TabLink href=logs icon="logs">"Logs"</TabLink>
            <TabLink href=variables icon="variable">"Variables"</TabLink>
            <TabLink href=domains icon="domain">"Domains"</TabLink>
            <TabLink href=volumes icon="volume">"Volumes"</TabLink>
            <TabLink href=previews icon="git">"Previews"</TabLink>
            <TabLink href=settings icon="settings">"Settings"</TabLink>
        </Tabs>
    }
}

/// Open and Deploy.
#[component]
fn HeadActions(here: Here) -> impl IntoView {
    let service = here.service;
    let url = Memo::new(move |_| {
        service.with(|service| {
            let open = matches!(service.state, ServiceState::Live);
            service.domains.first().filter(|_| open).map(|domain| domain.url.clone())
        })
    });
    view! {
        {move || url.get().map(|url| view! { <LinkButton href=url icon="external" external=true>"Open"</LinkButton> })}
        {may(Permission::Deploy).then(|| view! { <DeployButton here/> })}
    }
}
