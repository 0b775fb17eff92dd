//! A service as the proxy sees it.

use super::{
    frame::{Here, ServiceFrame},
    ports::Ports,
};
use crate::{
    api::domains::load_proxy,
    components::{Badge, Card, EmptyState, Load, Loadable, Table, Tone},
};
use berth_domain::proxy_view::{ProxyView, SeenIpv6, SeenMiddleware, SeenRouter, SeenTarget};
use leptos::prelude::*;

/// What Traefik has of a service.
#[component]
pub fn ProxyPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Loaded here/> }/> }
}

#[component]
fn Loaded(here: Here) -> impl IntoView {
    let path = here.path.clone();
    let back = format!("{}/domains", here.base());
    let seen: Loadable<ProxyView> = Resource::new(|| (), move |()| load_proxy(path.clone()));
    view! {
        <p><a href=back>"All domains"</a>" / published ports, and what Traefik has now"</p>
        <Ports here=here.clone()/>
        <Load resource=seen inside=true view=|seen| view! { <Seen seen/> }/>
    }
}

#[component]
fn Seen(seen: ProxyView) -> impl IntoView {
    let ipv6 = seen.ipv6.clone();
    if seen.routers.is_empty() {
        return view! {
            <Ipv6 ipv6/>
            <EmptyState icon="domain" title="Traefik has nothing of this service"
                text="No domain leads to it, or the proxy has not read its routes yet."/>
        }
        .into_any();
    }
    let routers = seen.routers.into_iter().map(|router| view! { <Router router/> }).collect_view();
    let services = seen.services.into_iter().map(|service| view! { <Service service/> }).collect_view();
    view! {
        <Card title="Routers" text="Which requests are taken, what is done with them, and who answers." flush=true>
            <Table head=vec!["Router", "Rule", "Middlewares", "Service", "State"] caption="Routers">{routers}</Table>
        </Card>
        <Card title="Services" text="Who answers." flush=true>
            <Table head=vec!["Service", "Kind", "Leads to", "State"] caption="Services">{services}</Table>
        </Card>
        <Ipv6 ipv6/>
        <Middlewares all=seen.middlewares/>
    }
    .into_any()
}

#[component]
fn Middlewares(all: Vec<SeenMiddleware>) -> impl IntoView {
    let (title, text) = ("Middlewares", "What is done with a request on its way.");
    if all.is_empty() {
        return view! { <Card title text><p class="muted">"None: requests go on as they come."</p></Card> }
            .into_any();
    }
    let rows = all.into_iter().map(|middleware| view! { <Middleware middleware/> }).collect_view();
    view! {
        <Card title text flush=true>
            <Table head=vec!["Middleware", "Kind", "Settings", "State"] caption="Middlewares">{rows}</Table>
        </Card>
    }
    .into_any()
}

/// Whether visitors over IPv6 reach the proxy.
#[component]
fn Ipv6(ipv6: SeenIpv6) -> impl IntoView {
    let (tone, text) = if ipv6.on { (Tone::Good, "on") } else { (Tone::Neutral, "off") };
    view! { <Card title="IPv6" text=ipv6.words><Badge tone text=text/></Card> }
}

#[component]
fn Router(router: SeenRouter) -> impl IntoView {
    view! {
        <tr>
            <td class="mono breakable">{router.name}</td>
            <td class="mono breakable">{router.rule}</td>
            <td class="mono breakable">{router.middlewares.join(", ")}</td>
            <td class="mono breakable">{router.service}</td>
            <td><State status=router.status faults=router.faults/></td>
        </tr>
    }
}

#[component]
fn Service(service: SeenTarget) -> impl IntoView {
    let kind = if service.sticky { format!("{}, sticky", service.kind) } else { service.kind };
    view! {
        <tr>
            <td class="mono breakable">{service.name}</td>
            <td>{kind}</td>
            <td class="mono breakable">{service.leads_to.join(", ")}</td>
            <td><State status=service.status faults=service.faults/></td>
        </tr>
    }
}

#[component]
fn Middleware(middleware: SeenMiddleware) -> impl IntoView {
    let settings = middleware.settings.into_iter();
    let settings = settings.map(|(key, value)| view! { <li>{key}": "{value}</li> }).collect_view();
    view! {
        <tr>
            <td class="mono breakable">{middleware.name}</td>
            <td>{middleware.kind}</td>
            <td class="mono breakable"><ul class="plain-list">{settings}</ul></td>
            <td><State status=middleware.status faults=middleware.faults/></td>
        </tr>
    }
}

#[component]
fn State(status: String, faults: Vec<String>) -> impl IntoView {
    let tone = if status == "enabled" { Tone::Good } else { Tone::Bad };
    view! {
        <Badge tone text=status/>
        {(!faults.is_empty()).then(|| view! { <p class="field-error">{faults.join("; ")}</p> })}
    }
}
