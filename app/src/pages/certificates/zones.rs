//! Zones whose names share one certificate, proven in the DNS.

use crate::{
    api::zones::{KeepZone, RemoveZone, TryZone, load_zones},
    components::{
        Badge, Button, Card, Form, Hidden, Load, Loadable, SelectField, Submission, Tabs, TextField, Time,
        Variant,
    },
    live::Topic,
    pages::{
        may,
        service::follow::{follow, refresh_after},
    },
};
use berth_domain::{
    permission::Permission,
    zone::{DnsHost, Need, OVH_PLACES, TsigAlgorithm, ZoneView},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

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
    let tried = Submission::to::<TryZone>();
    let administers = may(Permission::Administer);
    let none = Memo::new(move |_| zones.with(Vec::is_empty));
    view! {
        <Show when=move || administers || !none.get()>
            <Card title="Wildcards" text="All names below a zone share one certificate, which is proven by a record in its DNS.">
                <ul class="orphans">
                    <For each=move || zones.get() key=|zone| (zone.zone.clone(), zone.host) let:zone>
                        <Row zone remove tried/>
                    </For>
                </ul>
                {administers.then(|| view! { <KeepForm/> })}
            </Card>
        </Show>
    }
}

#[component]
fn Row(zone: ZoneView, remove: Submission, tried: Submission) -> impl IntoView {
    let name = zone.zone.to_string();
    let wildcard = format!("*.{name}");
    let tried_name = name.clone();
    view! {
        <li class="orphan">
            <div class="orphan-text">
                <p class="orphan-name"><span class="mono breakable">{wildcard}</span><Badge text=zone.host.name()/></p>
                <p class="disk-facts"><span>"set "<Time at=zone.created_at/></span></p>
            </div>
            <div class="orphan-actions">
                {may(Permission::Administer).then(|| view! {
                    <Form action=tried class="inline-form">
                        <Hidden name="zone" value=tried_name/>
                        <Button small=true icon="check" title="Puts a record into the zone and takes it out again">"Test"</Button>
                    </Form>
                    <Form action=remove class="inline-form">
                        <Hidden name="zone" value=name/>
                        <Button small=true variant=Variant::Danger icon="trash">"Remove"</Button>
                    </Form>
                })}
            </div>
        </li>
    }
}

/// The form for a zone with the fields of the host that was chosen. The choice is a part of the address, so that it
/// survives a form that came back with a problem.
#[component]
fn KeepForm() -> impl IntoView {
    let keep = Submission::to::<KeepZone>();
    refresh_after(keep, Topic::Certificates);
    let query = use_query_map();
    let chosen = move || {
        let word = query.with(|query| query.get("dns").unwrap_or_default());
        word.parse().unwrap_or(DnsHost::Cloudflare)
    };
    let link = move |host: DnsHost| {
        let current = move || (chosen() == host).then_some("true");
        let href = format!("/certificates?dns={host}");
        view! { <a class="tab" href=href aria-current=current>{host.name()}</a> }
    };
    view! {
        <Tabs label="Who keeps the zone">{DnsHost::ALL.iter().copied().map(link).collect_view()}</Tabs>
        {move || view! { <FieldsOf host=chosen() keep/> }}
    }
}

#[component]
fn FieldsOf(host: DnsHost, keep: Submission) -> impl IntoView {
    let needs = host.needs().iter().map(|need| view! { <NeedField need=*need host/> }).collect_view();
    view! {
        <Form action=keep>
            <Hidden name="kind" value=host.as_str()/>
            <div class="field-row">
                <TextField name="zone" label="Zone" placeholder="example.com" mono=true autocomplete="off"
                    hint="The certificate is for all names below it. The host may keep it as a part of a zone above."/>
                {needs}
            </div>
            <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Order a wildcard"</Button></div>
        </Form>
    }
}

#[component]
fn NeedField(need: Need, host: DnsHost) -> impl IntoView {
    let options: Vec<&str> = match (need.field, host) {
        ("algorithm", _) => TsigAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect(),
        ("server", DnsHost::Ovh) => OVH_PLACES.to_vec(),
        _ => Vec::new(),
    };
    if !options.is_empty() {
        let options = options.into_iter().map(|word| (word.to_owned(), word.to_owned())).collect::<Vec<_>>();
        return view! { <SelectField name=need.field label=need.label options hint=need.hint/> }.into_any();
    }
    let kind = if matches!(need.field, "token" | "consumer_key") { "password" } else { "text" };
    view! {
        <TextField name=need.field label=need.label hint=need.hint kind mono=true optional=need.optional autocomplete="off"/>
    }
    .into_any()
}
