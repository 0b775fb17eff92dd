//! The webhook of a service: its address, its secret, and what came.

mod how_to;

use super::frame::{Here, may};
use crate::{
    api::webhooks::{ReplayDelivery, RotateWebhookSecret, load_webhook, read_once},
    boot::Boot,
    components::{
        Badge, Button, Card, CopyField, Disclosure, Form, Hidden, Load, Loadable, Notice, Submission, Table,
        Time, Tone,
    },
    live::{Topic, use_live},
};
use berth_domain::{
    permission::Permission,
    webhook::{DeliveryView, Provider, Verdict, WebhookSecret, WebhookView},
};
use how_to::HowTo;
use leptos::prelude::*;

/// The card on the settings page.
#[component]
pub fn WebhookCard(here: Here) -> impl IntoView {
    let rotate = Submission::to::<RotateWebhookSecret>();
    let (path, live) = (here.path.clone(), use_live());
    let topic = Topic::Service(path.clone());
    super::follow::refresh_after(rotate, topic.clone());
    let webhook: Loadable<WebhookView> =
        Resource::new(move || live.version(topic.clone()), move |_| load_webhook(path.clone()));
    let plain = Boot::once("webhook-secret").as_deref().and_then(read_once);
    let secret = Memo::new(move |_| rotate.output::<WebhookSecret>().or_else(|| plain.clone()));
    let replay = Submission::to::<ReplayDelivery>();
    super::follow::refresh_after(replay, Topic::Service(here.path.clone()));
    let shown = here.clone();
    let show = move |webhook: WebhookView| {
        let set = webhook.secret_set;
        view! {
            <p class="label">"Address"</p>
            <CopyField text=webhook.url what="the address"/>
            <p class="hint">{if set { "A secret is set. A call without it is rejected." } else { "No secret is set: every call is rejected." }}</p>
            <Deliveries deliveries=webhook.deliveries here=shown.clone() replay/>
        }
    };
    view! {
        <Card title="Webhook" text="A git host tells Berth of each push here, and a registry of each image.">
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
fn FreshSecret(secret: WebhookSecret) -> impl IntoView {
    view! {
        <Notice tone=Tone::Good title="The new secret">
            <p>"Copy it now: it is not shown again."</p>
            <CopyField text=secret.secret what="the secret"/>
            <p class="hint">"The same as a signing token of GitLab:"</p>
            <CopyField text=secret.signing_token what="the signing token"/>
            <p class="hint">"The whole address for Docker Hub, which cannot sign. It can only deploy this service's own image anew."</p>
            <CopyField text=secret.registry_url what="the address for Docker Hub"/>
        </Notice>
    }
}

#[component]
fn Deliveries(deliveries: Vec<DeliveryView>, here: Here, replay: Submission) -> impl IntoView {
    if deliveries.is_empty() {
        return view! { <p class="hint">"Nothing was delivered yet."</p> }.into_any();
    }
    let rows = deliveries
        .into_iter()
        .map(|delivery| view! { <Delivery delivery here=here.clone() replay/> })
        .collect_view();
    let head = vec!["When", "From", "Event", "Verdict", "Why", ""];
    view! { <Table head caption="Deliveries of the webhook">{rows}</Table> }.into_any()
}

#[component]
fn Delivery(delivery: DeliveryView, here: Here, replay: Submission) -> impl IntoView {
    let tone = match delivery.verdict {
        Verdict::Queued => Tone::Good,
        Verdict::Ignored => Tone::Neutral,
        Verdict::Rejected => Tone::Bad,
    };
    let base = here.base();
    let deployment = delivery
        .deployment
        .map(|number| view! { " "<a href=format!("{base}/deployments/{number}")>{format!("#{number}")}</a> });
    let again = delivery.can_replay && may(Permission::Deploy);
    view! {
        <tr>
            <td class="muted nowrap"><Time at=delivery.received_at/></td>
            <td class="nowrap">{delivery.provider.map(words)}</td>
            <td class="mono">{delivery.event}{delivery.replay_of.map(|_| " (replay)")}</td>
            <td><Badge tone text=delivery.verdict.to_string()/></td>
            <td>{delivery.reason}{deployment}</td>
            <td>{again.then(|| view! {
                <Form action=replay class="inline-form">
                    {here.hidden()}
                    <Hidden name="delivery" value=delivery.id.to_string()/>
                    <Button small=true icon="restart" title="Judge it once more, and deploy when the verdict says so">"Replay"</Button>
                </Form>
            })}</td>
        </tr>
    }
}

fn words(provider: Provider) -> &'static str {
    match provider {
        Provider::GitHub => "GitHub",
        Provider::GitLab => "GitLab",
        Provider::Gitea => "Gitea, Forgejo",
        Provider::Bitbucket => "Bitbucket",
        Provider::Registry => "Registry",
        Provider::Generic => "Program",
        Provider::Polling => "Berth asked",
    }
}
