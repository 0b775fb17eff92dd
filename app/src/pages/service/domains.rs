//! The addresses that lead to a service.

use super::{
    follow::{follow, refresh_after},
    frame::{Here, ServiceFrame, may},
};
use crate::{
    api::domains::{AddDomain, RemoveDomain, load_domains},
    components::{
        Badge, Button, Card, Disclosure, EmptyState, Form, Hidden, Icon, LinkButton, Load, Loadable,
        Submission, Table, TextField, Time, Tone, Variant,
    },
    live::Topic,
    widgets::UrlLink,
};
use berth_domain::{
    certificate::CertificateView, domain_name::DomainView, ids::DomainId, permission::Permission,
};
use leptos::prelude::*;

/// The domains of a service.
#[component]
pub fn DomainsPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Domains here/> }/> }
}

#[component]
fn Domains(here: Here) -> impl IntoView {
    let path = here.path.clone();
    let first: Loadable<Vec<DomainView>> = Resource::new(|| (), move |()| load_domains(path.clone()));
    view! { <Load resource=first inside=true view=move |domains| view! { <Loaded domains here=here.clone()/> }/> }
}

#[component]
fn Loaded(domains: Vec<DomainView>, here: Here) -> impl IntoView {
    // Moved by what happens to domains and to their certificates.
    let topic = Topic::Certificates;
    let path = here.path.clone();
    let domains = follow(domains, topic.clone(), move || load_domains(path.clone()));
    let add = Submission::to::<AddDomain>();
    let remove = Submission::to::<RemoveDomain>();
    refresh_after(add, topic.clone());
    refresh_after(remove, topic);
    let rows = move || domains.get();
    let none = Memo::new(move |_| domains.with(Vec::is_empty));
    let row_here = StoredValue::new(here.clone());
    view! {
        <Show when=move || none.get()>
            <EmptyState
                icon="domain"
                title="No address leads here"
                text="Add a host name whose DNS record points at this machine. Other services of the environment reach it without one."
            />
        </Show>
        <Show when=move || !none.get()>
            <Card flush=true>
                <Table head=vec!["Address", "Path", "Port", "Added", ""] caption="Domains">
                    <For each=rows key=shown let:domain><Row domain here=row_here.get_value() remove/></For>
                </Table>
            </Card>
        </Show>
        {may(Permission::Configure).then(|| view! { <AddForm here=row_here.get_value() add/> })}
        <p><a href=format!("{}/proxy", here.base())>"Published ports and Traefik"</a></p>
    }
}

#[component]
fn Row(domain: DomainView, here: Here, remove: Submission) -> impl IntoView {
    let port = domain.port.map_or("the service's".to_owned(), |port| port.to_string());
    let warning = format!(
        "Requests for {}{} get no answer from this service any more, at once.",
        domain.host, domain.path
    );
    let settings = format!("{}/domains/{}", here.base(), domain.id);
    view! {
        <tr>
            <td><UrlLink url=domain.url.clone()/>" "{domain.default.then(|| view! { <Badge text="default" title="Made by Berth so that the first deployment opens at once"/> })}
                <Certificate of=domain.certificate.clone()/>
            </td>
            <td class="mono">{domain.path.to_string()}</td>
            <td class="mono">{port}</td>
            <td class="muted"><Time at=domain.created_at/></td>
            <td class="row-actions">
                <LinkButton href=settings small=true icon="settings">"Settings"</LinkButton>
                {may(Permission::Configure).then(|| view! {
                    <Disclosure summary="Remove" icon="trash">
                        <Form action=remove>
                            {here.hidden()}
                            <Hidden name="domain" value=domain.id.to_string()/>
                            <p>{warning}</p>
                            <Button small=true variant=Variant::Danger icon="trash">"Remove it"</Button>
                        </Form>
                    </Disclosure>
                })}
            </td>
        </tr>
    }
}

/// What a row shows: it is drawn anew when that changes.
fn shown(domain: &DomainView) -> (DomainId, Option<(bool, Option<String>)>) {
    let certificate = domain.certificate.as_ref();
    (domain.id, certificate.map(|one| (one.serves, one.last_error.clone())))
}

/// Whether it has a certificate, and else why not.
#[component]
fn Certificate(of: Option<CertificateView>) -> impl IntoView {
    of.map(|one| match (one.serves, one.last_error) {
        (true, _) => view! { " "<Badge tone=Tone::Good icon="lock" text="HTTPS"/> }.into_any(),
        (false, Some(why)) => view! {
            <p class="field-error"><Icon name="error"/><span>{why}" "<a href="/certificates">"Certificates"</a></span></p>
        }
        .into_any(),
        (false, None) => view! { " "<Badge tone=Tone::Busy icon="clock" text="certificate on its way"/> }.into_any(),
    })
}

#[component]
fn AddForm(here: Here, add: Submission) -> impl IntoView {
    view! {
        <Card title="Add a domain" text="It is effective at once, without a deployment.">
            <Form action=add>
                {here.hidden()}
                <div class="field-row">
                    <TextField name="host" label="Host" placeholder="shop.example.com" mono=true autocomplete="off"
                        hint="Its DNS record has to point at this machine."/>
                    <TextField name="prefix" label="Path" placeholder="/" mono=true optional=true autocomplete="off"
                        hint="Only requests below this path come here."/>
                    <TextField name="port" label="Port" placeholder="the service's" mono=true optional=true autocomplete="off"
                        hint="Another port of the same instances."/>
                </div>
                <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Add"</Button></div>
            </Form>
        </Card>
    }
}
