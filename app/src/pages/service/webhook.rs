//! The webhook of a service: its address, its secret, and what came.

use super::frame::{Here, may};
use crate::{
    api::webhooks::{RotateWebhookSecret, load_webhook},
    boot::Boot,
    components::{
        Badge, Button, Card, CopyField, Disclosure, Form, Load, Loadable, Notice, Table, Time, Tone,
    },
    live::{Topic, use_live},
};
use berth_domain::{
    permission::Permission,
    webhook::{DeliveryView, Verdict, WebhookView},
};
use leptos::prelude::*;

/// The card on the settings page.
#[component]
pub fn WebhookCard(here: Here) -> impl IntoView {
    let rotate = ServerAction::<RotateWebhookSecret>::new();
    let (path, live) = (here.path.clone(), use_live());
    let topic = Topic::Service(path.clone());
    super::follow::refresh_after(rotate.into(), topic.clone());
    let webhook: Loadable<WebhookView> =
        Resource::new(move || live.version(topic.clone()), move |_| load_webhook(path.clone()));
    let plain = Boot::once("webhook-secret");
    let secret = Memo::new(move |_| match rotate.value().get() {
        Some(Ok(made)) => Some(made.secret),
        _ => plain.clone(),
    });
    let base = here.base();
    let show = move |webhook: WebhookView| {
        let set = webhook.secret_set;
        view! {
            <p class="label">"Address"</p>
            <CopyField text=webhook.url what="the address"/>
            <p class="hint">{if set { "A secret is set. A call without its signature is rejected." } else { "No secret is set: every call is rejected." }}</p>
            <Deliveries deliveries=webhook.deliveries base=base.clone()/>
        }
    };
    view! {
        <Card title="Webhook" text="A git host tells Berth of each push here.">
            <Load resource=webhook inside=true view=show/>
            {move || secret.get().map(|secret| view! { <FreshSecret secret/> })}
            {may(Permission::Configure).then(|| view! {
                <Form action=rotate class="inline-form">
                    {here.hidden()}
                    <Button icon="key" title="The former secret stops working at once">"Make a new secret"</Button>
                </Form>
            })}
            <Disclosure summary="How to enter it" icon="book"><HowTo/></Disclosure>
        </Card>
    }
}

#[component]
fn FreshSecret(secret: String) -> impl IntoView {
    view! {
        <Notice tone=Tone::Good title="The new secret">
            <p>"Copy it now: it is not shown again."</p>
            <CopyField text=secret what="the secret"/>
        </Notice>
    }
}

#[component]
fn HowTo() -> impl IntoView {
    view! {
        <h3>"GitHub"</h3>
        <ol>
            <li>"In the repository: Settings, Webhooks, Add webhook."</li>
            <li>"Payload URL: the address above. Content type: application/json. Secret: the secret."</li>
            <li>"Just the push event. GitHub sends a ping at once; it appears above."</li>
        </ol>
        <h3>"Anything else"</h3>
        <ol>
            <li>"POST JSON to the address: "<code>r#"{"branch": "main", "commit": "<full id>"}"#</code>"."</li>
            <li>"Header "<code>"X-Berth-Signature: sha256=<hex>"</code>": the HMAC-SHA256 of the body, with the secret as its key."</li>
            <li>"An id of your own in "<code>"X-Berth-Delivery"</code>" makes a repeated call harmless."</li>
        </ol>
    }
}

#[component]
fn Deliveries(deliveries: Vec<DeliveryView>, base: String) -> impl IntoView {
    if deliveries.is_empty() {
        return view! { <p class="hint">"Nothing was delivered yet."</p> }.into_any();
    }
    let rows = deliveries
        .into_iter()
        .map(|delivery| view! { <Delivery delivery base=base.clone()/> })
        .collect_view();
    view! { <Table head=vec!["When", "Event", "Verdict", "Why"] caption="Deliveries of the webhook">{rows}</Table> }.into_any()
}

#[component]
fn Delivery(delivery: DeliveryView, base: String) -> impl IntoView {
    let tone = match delivery.verdict {
        Verdict::Queued => Tone::Good,
        Verdict::Ignored => Tone::Neutral,
        Verdict::Rejected => Tone::Bad,
    };
    let deployment = delivery
        .deployment
        .map(|number| view! { " "<a href=format!("{base}/deployments/{number}")>{format!("#{number}")}</a> });
    view! {
        <tr>
            <td class="muted nowrap"><Time at=delivery.received_at/></td>
            <td class="mono">{delivery.event}</td>
            <td><Badge tone text=delivery.verdict.to_string()/></td>
            <td>{delivery.reason}{deployment}</td>
        </tr>
    }
}
