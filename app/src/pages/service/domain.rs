//! What one domain does with its requests.

use super::{
    follow::refresh_after,
    frame::{Here, ServiceFrame, may},
};
use crate::{
    api::{
        domains::{ChangeDomain, SetLogin, load_domain},
        service::forms::DomainForm,
    },
    components::{Button, Card, Form, Hidden, Load, Loadable, Notice, Submission, TextField, Tone, Variant},
    live::Topic,
    widgets::{DomainFields, UrlLink},
};
use berth_domain::{domain_name::DomainView, permission::Permission};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// The settings of a domain.
#[component]
pub fn DomainPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Loaded here/> }/> }
}

#[component]
fn Loaded(here: Here) -> impl IntoView {
    let path = here.path.clone();
    let params = use_params_map();
    let id =
        Memo::new(move |_| params.with(|params| params.get_str("domain").unwrap_or_default().to_owned()));
    let domain: Loadable<DomainView> =
        Resource::new(move || id.get(), move |domain| load_domain(path.clone(), domain));
    view! { <Load resource=domain inside=true view=move |domain| view! { <Domain domain here=here.clone()/> }/> }
}

#[component]
fn Domain(domain: DomainView, here: Here) -> impl IntoView {
    let back = format!("{}/domains", here.base());
    let head = view! { <p><a href=back>"All domains"</a>" / "<UrlLink url=domain.url.clone()/></p> };
    if !may(Permission::Configure) {
        return view! {
            {head}
            <Notice><p>"Your role allows looking at the domains, not changing them."</p></Notice>
        }
        .into_any();
    }
    view! {
        {head}
        <SettingsCard domain=domain.clone() here=here.clone()/>
        <UsersCard domain here/>
    }
    .into_any()
}

#[component]
fn SettingsCard(domain: DomainView, here: Here) -> impl IntoView {
    let change = Submission::to::<ChangeDomain>();
    refresh_after(change, Topic::Service(here.path.clone()));
    view! {
        <Card title="What it does" text="Effective at once, without a deployment. When the proxy does not answer with a change, what was before holds.">
            <Form action=change>
                {here.hidden()}
                <Hidden name="domain" value=domain.id.to_string()/>
                <DomainFields form=DomainForm::of(&domain)/>
                <div class="form-actions"><Button variant=Variant::Primary icon="check">"Save"</Button></div>
            </Form>
        </Card>
    }
}

#[component]
fn UsersCard(domain: DomainView, here: Here) -> impl IntoView {
    let set = Submission::to::<SetLogin>();
    refresh_after(set, Topic::Service(here.path.clone()));
    let gone = domain.passwords_gone;
    let shown = RwSignal::new(domain.settings.logins);
    // What the form did shows without loading the page anew.
    Effect::new(move |_| {
        if let Some(changed) = set.output::<DomainView>() {
            shown.set(changed.settings.logins);
        }
    });
    let id = domain.id.to_string();
    let (hidden, row_id) = (StoredValue::new(here), StoredValue::new(id.clone()));
    view! {
        <Card title="Users" text="With a user here, visitors are asked for a name and a password. Passwords are not shown again.">
            {gone.then(|| view! {
                <Notice tone=Tone::Warn title="Nobody comes in now">
                    <p>"A rollback brought this domain back without its passwords. Set one for each user below."</p>
                </Notice>
            })}
            <ul class="plain-list">
                <For each=move || shown.get() key=|name| name.clone() let:name>
                    <li>
                        <Form action=set class="inline-form">
                            {hidden.with_value(Here::hidden)}
                            <Hidden name="domain" value=row_id.get_value()/>
                            <Hidden name="username" value=name.clone()/>
                            <span class="mono breakable">{name.clone()}</span>
                            <Button small=true variant=Variant::Danger icon="trash">"Remove"</Button>
                        </Form>
                    </li>
                </For>
            </ul>
            <Form action=set>
                {hidden.with_value(Here::hidden)}
                <Hidden name="domain" value=id/>
                <div class="field-row">
                    <TextField name="username" label="User" mono=true autocomplete="off"/>
                    <TextField name="secret" label="Password" kind="password" autocomplete="new-password"/>
                </div>
                <div class="form-actions"><Button icon="plus">"Let this user in"</Button></div>
            </Form>
        </Card>
    }
}
