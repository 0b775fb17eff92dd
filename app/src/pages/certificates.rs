//! Certificates: what serves, until when, and why one is missing.

mod zones;

use super::may;
use crate::{
    api::certificates::{RemoveCertificate, RetryCertificate, UploadCertificate, load_certificates},
    components::{
        Badge, Button, Card, Disclosure, EmptyState, Form, Hidden, Icon, Load, Loadable, Page, Submission,
        TextArea, Time, Tone, Variant,
    },
    live::{Topic, use_clock},
    pages::service::follow::{follow, refresh_after},
};
use berth_domain::{
    Timestamp,
    certificate::{CertificateOrigin, CertificateState, CertificateView},
    permission::Permission,
};
use leptos::prelude::*;
use zones::Zones;

/// The certificates of the organisation.
#[component]
pub fn CertificatesPage() -> impl IntoView {
    let first: Loadable<Vec<CertificateView>> = Resource::new(|| (), |()| load_certificates());
    let subtitle = "Every domain gets its certificate by itself and has it renewed in time. What keeps one away stands \
        beside it.";
    view! {
        <Page title="Certificates" subtitle=view! { {subtitle} }.into_any()>
            <Load resource=first inside=true view=|all| view! { <All all/> }/>
            <Zones/>
        </Page>
    }
}

#[derive(Clone, Copy)]
struct Verbs {
    retry: Submission,
    remove: Submission,
}

#[component]
fn All(all: Vec<CertificateView>) -> impl IntoView {
    let all = follow(all, Topic::Certificates, load_certificates);
    let verbs =
        Verbs { retry: Submission::to::<RetryCertificate>(), remove: Submission::to::<RemoveCertificate>() };
    let upload = Submission::to::<UploadCertificate>();
    refresh_after(verbs.retry, Topic::Certificates);
    refresh_after(verbs.remove, Topic::Certificates);
    refresh_after(upload, Topic::Certificates);
    let none = Memo::new(move |_| all.with(Vec::is_empty));
    let key = |one: &CertificateView| {
        (one.id, one.state, one.serves, one.not_after, one.last_attempt_at, one.next_attempt_at)
    };
    view! {
        <Show when=move || none.get()>
            <EmptyState
                icon="lock" title="No certificate yet"
                text="Add a domain to a service: once its DNS record points here, Berth orders one."
            />
        </Show>
        <Show when=move || !none.get()>
            <Card flush=true>
                <ul class="orphans">
                    <For each=move || all.get() key=key let:one><Row one verbs/></For>
                </ul>
            </Card>
        </Show>
        {may(Permission::Configure).then(|| view! { <Upload upload/> })}
    }
}

#[component]
fn Row(one: CertificateView, verbs: Verbs) -> impl IntoView {
    let (word, tone) = standing(&one);
    let icon = if one.serves { "lock" } else { "warning" };
    let error = one.last_error.clone();
    view! {
        <li class="orphan">
            <Icon name=icon/>
            <div class="orphan-text">
                <p class="orphan-name">
                    <span class="mono breakable">{one.names.join(", ")}</span>
                    <Badge tone text=word/>
                    <Badge text=one.origin.as_str()/>
                </p>
                {error.map(|error| view! { <p class="field-error"><Icon name="error"/>{error}</p> })}
                {one.not_before.zip(one.not_after).map(|(from, to)| view! { <LifeBar from to/> })}
                <Facts one=one.clone()/>
            </div>
            <div class="orphan-actions"><Actions one verbs/></div>
        </li>
    }
}

/// How a certificate stands, in a word.
fn standing(one: &CertificateView) -> (&'static str, Tone) {
    match (one.serves, one.state) {
        (true, CertificateState::Failed) => ("serves, not renewed", Tone::Warn),
        (true, _) => ("serves", Tone::Good),
        (false, CertificateState::Ordering) => ("being ordered", Tone::Busy),
        (false, CertificateState::Failed) => ("none", Tone::Bad),
        (false, CertificateState::Waiting) => ("being looked at", Tone::Busy),
        (false, CertificateState::Issued) => ("not used", Tone::Neutral),
    }
}

/// How much of its life is over.
#[component]
fn LifeBar(from: Timestamp, to: Timestamp) -> impl IntoView {
    let now = use_clock();
    let share = move || spent(from, to, now.get());
    let label = move || format!("{:.0} % of its life is over", share());
    let class = move || if share() >= 80.0 { "size-scarce" } else { "size-instances" };
    view! {
        <svg class="size-bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=label>
            <rect class=class x="0" y="0" height="6" width=move || format!("{:.1}", share())></rect>
        </svg>
    }
}

fn spent(from: Timestamp, to: Timestamp, now: Timestamp) -> f64 {
    let whole = (to - from).num_seconds().max(1) as f64;
    ((now - from).num_seconds() as f64 * 100.0 / whole).clamp(0.5, 100.0)
}

#[component]
fn Facts(one: CertificateView) -> impl IntoView {
    view! {
        <p class="disk-facts">
            {one.issuer.map(|issuer| view! { <span>"by "{issuer}</span> })}
            {one.not_after.map(|at| view! { <span>"ends "<Time at/></span> })}
            {one.renew_at.map(|at| view! { <span>"renewed "<Time at/></span> })}
            {one.last_attempt_at.map(|at| view! { <span>"last tried "<Time at/></span> })}
            {one.next_attempt_at.map(|at| view! { <span class="fate">"tried again "<Time at/></span> })}
        </p>
    }
}

#[component]
fn Actions(one: CertificateView, verbs: Verbs) -> impl IntoView {
    let id = one.id.to_string();
    let chain = format!("/api/v1/certificates/{}/chain", one.id.0);
    let configures = may(Permission::Configure);
    let uploaded = one.origin == CertificateOrigin::Uploaded;
    let (retry_id, remove_id) = (id.clone(), id);
    let word = if one.not_after.is_some() { "Renew now" } else { "Try now" };
    view! {
        {one.not_after.is_some().then(|| view! {
            <a class="button small" href=chain download="chain.pem" rel="external"><Icon name="download"/>"Chain"</a>
        })}
        {(configures && !uploaded).then(|| view! {
            <Form action=verbs.retry class="inline-form">
                <Hidden name="certificate" value=retry_id/>
                <Button small=true icon="restart">{word}</Button>
            </Form>
        })}
        {(configures && uploaded).then(|| view! {
            <Disclosure summary="Remove" icon="trash">
                <Form action=verbs.remove>
                    <Hidden name="certificate" value=remove_id/>
                    <p>"HTTPS ends at once for its names, until Berth has ordered another one."</p>
                    <Button small=true variant=Variant::Danger icon="trash">"Remove it"</Button>
                </Form>
            </Disclosure>
        })}
    }
}

#[component]
fn Upload(upload: Submission) -> impl IntoView {
    view! {
        <Card title="Upload a certificate" text="For names that no public authority knows, or that have one already. It serves at once.">
            <Form action=upload>
                <TextArea name="chain" label="Chain" mono=true rows=5 placeholder="-----BEGIN CERTIFICATE-----"
                    hint="Its own certificate first, then those that vouch for it, in PEM."/>
                <TextArea name="key" label="Private key" mono=true secret=true rows=5 placeholder="-----BEGIN PRIVATE KEY-----"
                    hint="In PEM. It is sealed, and never shown again."/>
                <div class="form-actions"><Button variant=Variant::Primary icon="upload">"Upload"</Button></div>
            </Form>
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};

    #[test]
    fn the_bar_shows_how_much_of_the_life_is_over() {
        let from = DateTime::UNIX_EPOCH;
        let to = from + TimeDelta::days(90);
        assert_eq!(spent(from, to, from + TimeDelta::days(45)), 50.0);
        assert_eq!(spent(from, to, to + TimeDelta::days(1)), 100.0);
    }
}
