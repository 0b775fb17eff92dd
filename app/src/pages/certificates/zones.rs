//! Zones whose names share one certificate, proven in the DNS.

use crate::{
    api::zones::{KeepZone, RemoveZone, load_zones},
    components::{
        Badge, Button, Card, Form, Hidden, Load, Loadable, SelectField, Submission, TextField, Time, Variant,
    },
    live::Topic,
    pages::{
        may,
        service::follow::{follow, refresh_after},
    },
};
use berth_domain::{
    certificate::{DnsHost, ZoneView},
    permission::Permission,
};
use leptos::prelude::*;

/// The zones, and a form for another one.
#[component]
pub fn Zones() -> impl IntoView {
    let first: Loadable<Vec<ZoneView>> = Resource::new(|| (), |()| load_zones());
    view! { <Load resource=first inside=true view=|zones| view! { <Loaded zones/> }/> }
}

#[component]
fn Loaded(zones: Vec<ZoneView>) -> impl IntoView {
    let zones = follow(zones, Topic::Certificates, load_zones);
    let remove = Submission::to::<RemoveZone>();
    refresh_after(remove, Topic::Certificates);
    let administers = may(Permission::Administer);
    let none = Memo::new(move |_| zones.with(Vec::is_empty));
    view! {
        <Show when=move || administers || !none.get()>
            <Card title="Wildcards" text="All names below a zone share one certificate, which is proven by a record in its DNS.">
                <ul class="orphans">
                    <For each=move || zones.get() key=|zone| (zone.zone.clone(), zone.host) let:zone><Row zone remove/></For>
                </ul>
                {administers.then(|| view! { <KeepForm/> })}
            </Card>
        </Show>
    }
}

#[component]
fn Row(zone: ZoneView, remove: Submission) -> impl IntoView {
    let name = zone.zone.to_string();
    view! {
        <li class="orphan">
            <div class="orphan-text">
                <p class="orphan-name"><span class="mono breakable">"*."{name.clone()}</span><Badge text=zone.host.as_str()/></p>
                <p class="disk-facts"><span>"set "<Time at=zone.created_at/></span></p>
            </div>
            <div class="orphan-actions">
                {may(Permission::Administer).then(|| view! {
                    <Form action=remove class="inline-form">
                        <Hidden name="zone" value=name/>
                        <Button small=true variant=Variant::Danger icon="trash">"Remove"</Button>
                    </Form>
                })}
            </div>
        </li>
    }
}

#[component]
fn KeepForm() -> impl IntoView {
    let keep = Submission::to::<KeepZone>();
    refresh_after(keep, Topic::Certificates);
    let hosts =
        DnsHost::ALL.iter().map(|host| (host.to_string(), word(*host).to_owned())).collect::<Vec<_>>();
    view! {
        <Form action=keep>
            <div class="field-row">
                <TextField name="zone" label="Zone" placeholder="example.com" mono=true autocomplete="off"/>
                <SelectField name="kind" label="Kept by" options=hosts/>
                <TextField name="token" label="Token" kind="password" mono=true optional=true autocomplete="off"
                    hint="It may change the zone's records. It is sealed, and never shown again."/>
            </div>
            <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Order a wildcard"</Button></div>
        </Form>
    }
}

fn word(host: DnsHost) -> &'static str {
    match host {
        DnsHost::Cloudflare => "Cloudflare",
        DnsHost::Hetzner => "Hetzner",
        DnsHost::Webhook => "A program of the operator's",
    }
}
