//! Where the webhook's address and secret are entered, host by host.

use leptos::prelude::*;

/// The steps for each host.
#[component]
pub fn HowTo() -> impl IntoView {
    view! {
        <h3>"GitHub"</h3>
        <ol>
            <li>"In the repository: Settings, Webhooks, Add webhook."</li>
            <li>"Payload URL: the address above. Content type: application/json. Secret: the secret."</li>
            <li>"Just the push event. GitHub sends a ping at once; it appears above."</li>
        </ol>
        <h3>"GitLab"</h3>
        <ol>
            <li>"In the project: Settings, Webhooks. URL: the address above. Trigger: push events."</li>
            <li>"Secret token: the secret. Where GitLab offers a signing token, take the one that starts with "<code>"whsec_"</code>" instead."</li>
        </ol>
        <h3>"Gitea, Forgejo"</h3>
        <ol>
            <li>"In the repository: Settings, Webhooks, Add webhook, Gitea or Forgejo."</li>
            <li>"Target URL: the address above. POST content type: application/json. Secret: the secret."</li>
        </ol>
        <h3>"Bitbucket"</h3>
        <ol>
            <li>"In the repository: Repository settings, Webhooks. URL: the address above. Secret: the secret. Trigger: push."</li>
        </ol>
        <Registries/>
        <h3>"Anything else"</h3>
        <ol>
            <li>"POST JSON to the address: "<code>r#"{"branch": "main", "commit": "<full id>"}"#</code>", for an image "<code>r#"{"image": "team/app:1"}"#</code>"."</li>
            <li>"Header "<code>"X-Berth-Signature: sha256=<hex>"</code>": the HMAC-SHA256 of the body, with the secret as its key."</li>
            <li>"An id of your own in "<code>"X-Berth-Delivery"</code>" makes a repeated call harmless."</li>
        </ol>
    }
}

#[component]
fn Registries() -> impl IntoView {
    view! {
        <h3>"Docker Hub, for a service from an image"</h3>
        <ol>
            <li>"In the repository: Webhooks. URL: the whole address that is shown with a new secret, with its "<code>"?token="</code>"."</li>
        </ol>
        <h3>"A registry of your own"</h3>
        <ol>
            <li>"In its configuration: "<code>"notifications.endpoints"</code>" with the address above and the header "<code>"Authorization: [Bearer <secret>]"</code>"."</li>
        </ol>
    }
}
