//! The panel's own host name, and whether it answers there over HTTPS.

use crate::{
    api::panel_domain::{RemovePanelDomain, SetPanelDomain, load_panel_domain},
    components::{
        Badge, Button, Card, Disclosure, Form, Icon, Load, Loadable, Submission, TextField, Tone, Variant,
    },
    pages::may,
};
use berth_domain::{certificate::CertificateView, panel_domain::PanelDomainView, permission::Permission};
use leptos::prelude::*;

/// Where the panel is reached, and a form for who may change it.
#[component]
pub fn PanelDomain() -> impl IntoView {
    let first: Loadable<PanelDomainView> = Resource::new(|| (), |()| load_panel_domain());
    view! { <Load resource=first inside=true view=|panel| view! { <Loaded panel/> }/> }
}

#[component]
fn Loaded(panel: PanelDomainView) -> impl IntoView {
    let owns = may(Permission::Own);
    let host = panel.host.as_ref().map(ToString::to_string);
    (owns || host.is_some()).then(|| view! {
        <Card title="This panel" text="With a host name of its own it answers over HTTPS, too. Its port stays open beside it.">
            {host.clone().map(|host| view! { <Standing host certificate=panel.certificate/> })}
            {owns.then(|| view! { <SetForm host=host.clone().unwrap_or_default()/> })}
            {(owns && host.is_some()).then(|| view! { <RemoveForm/> })}
        </Card>
    })
}

#[component]
fn Standing(host: String, certificate: Option<CertificateView>) -> impl IntoView {
    let serves = certificate.as_ref().is_some_and(|one| one.serves);
    let error = certificate.and_then(|one| one.last_error).filter(|_| !serves);
    let (icon, tone, word) = match (serves, &error) {
        (true, _) => ("lock", Tone::Good, "HTTPS"),
        (false, Some(_)) => ("warning", Tone::Bad, "no certificate"),
        (false, None) => ("clock", Tone::Neutral, "plain HTTP so far"),
    };
    view! {
        <p class="orphan-name"><span class="mono breakable">{host}</span><Badge tone icon text=word/></p>
        {error.map(|error| view! { <p class="field-error"><Icon name="error"/>{error}</p> })}
    }
}

#[component]
fn SetForm(host: String) -> impl IntoView {
    let set = Submission::to::<SetPanelDomain>();
    let verb = if host.is_empty() { "Set it" } else { "Change it" };
    view! {
        <Form action=set>
            <TextField name="host" label="Host name of the panel" value=host placeholder="panel.example.com" mono=true
                autocomplete="off" hint="Its DNS record has to point at this machine. Links to webhooks, git and pages use it once it answers."/>
            <div class="form-actions"><Button variant=Variant::Primary icon="check">{verb}</Button></div>
        </Form>
    }
}

#[component]
fn RemoveForm() -> impl IntoView {
    let remove = Submission::to::<RemovePanelDomain>();
    view! {
        <Disclosure summary="Remove it" icon="trash">
            <Form action=remove>
                <p>"The panel is then reached at its port alone, and links that were given out before lead nowhere."</p>
                <Button small=true variant=Variant::Danger icon="trash">"Remove the host name"</Button>
            </Form>
        </Disclosure>
    }
}
