use super::Icon;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What was done, as a word in the address (`?flash=project-created`): it works before the browser's part has loaded, and
/// nobody can make the panel say something else by a link.
const MESSAGES: &[(&str, &str)] = &[
    ("already-claimed", "This Berth has its owner already. Sign in."),
    ("claimed", "This Berth is yours. Make a first project to go on."),
    ("signed-out", "You are signed out."),
    ("signed-out-everywhere", "Every session of your account has ended. Sign in again."),
    ("password-changed", "Your password is changed, and every session has ended. Sign in with the new one."),
    ("session-ended", "The session has ended."),
    ("token-created", "The token is made. Copy it now: it is not shown again."),
    ("token-revoked", "The token is revoked."),
    ("key-added", "The SSH key is added."),
    ("key-removed", "The SSH key is removed."),
    ("registry-kept", "The registry has taken the password, and it is kept."),
    ("registry-deleted", "The registry is removed."),
    ("connection-added", "The host has taken the token, and the connection is kept."),
    ("connection-works", "The host takes the token."),
    ("connection-removed", "The connection is removed."),
    ("app-made", "The App is kept. Install it for the repositories that it is for."),
    ("webhook-registered", "The git host sends its pushes here."),
    ("project-created", "The project is made."),
    ("project-renamed", "The project has its new name."),
    ("project-deleted", "The project is deleted."),
    ("environment-created", "The environment is made."),
    ("environment-renamed", "The environment has its new name."),
    ("environment-deleted", "The environment is deleted."),
    ("service-created", "The service is made. Deploy it when you are ready."),
    ("service-awaits-push", "The service is made. Push to it, and it is deployed."),
    ("service-changed", "Saved. What runs stays as it is until the next deployment."),
    ("service-deleted", "The service is deleted."),
    ("service-stopped", "The service is stopped."),
    ("service-started", "The service is starting."),
    ("maintenance-began", "Visitors are told to come back."),
    ("maintenance-ended", "Visitors get in again."),
    ("traffic-paused", "Requests wait."),
    ("traffic-resumed", "Requests go to the instances again."),
    ("credential-set", "The credential is kept."),
    ("credential-removed", "The credential is removed."),
    ("deploy-key-made", "The deploy key is made. Give its public half to the git host."),
    ("host-key-forgotten", "The host's key is forgotten. The next one that it shows is trusted."),
    ("repository-answers", "The repository answers."),
    ("deployment-queued", "The deployment is queued."),
    ("deployment-cancelled", "The deployment is cancelled."),
    ("deployment-promoted", "The deployment is promoted: the rest of the requests goes over to it."),
    ("rollback-queued", "The rollback is queued."),
    ("variable-set", "The variable is saved. It takes effect with the next deployment or restart."),
    ("variable-deleted", "The variable is removed. It takes effect with the next deployment or restart."),
    ("variables-imported", "The variables are saved. They take effect with the next deployment or restart."),
    ("preview-approved", "The commit is approved, and its deployment is queued."),
    ("preview-queued", "The deployment of the preview is queued."),
    ("preview-removed", "The preview is being removed."),
    ("previews-checked", "The previews are compared with the git host."),
    ("previews-saved", "Saved."),
    ("preview-variable-set", "The variable is saved. A preview gets it with its next deployment."),
    ("preview-variable-deleted", "The variable is removed. A preview loses it with its next deployment."),
    ("domain-added", "The domain is added."),
    ("domain-changed", "The domain is changed, and the proxy answers so."),
    ("domain-removed", "The domain is removed."),
    ("port-published", "The port leads here."),
    ("port-closed", "The port is closed."),
    ("certificate-retried", "It is tried at once."),
    ("certificate-uploaded", "The certificate serves."),
    ("panel-domain-set", "The panel has its host name. Its certificate is looked after."),
    ("panel-domain-removed", "The panel is reached at its port alone."),
    ("zone-kept", "The zone is kept, and its certificate is ordered."),
    ("zone-tried", "The record was put there, seen in the DNS, and taken out again."),
    ("zone-removed", "The zone is removed."),
    ("certificate-removed", "The certificate is removed."),
    ("volume-marked", "The volume will be deleted. Until then you can keep it."),
    ("volume-kept", "The volume is kept."),
    ("disk-measured", "The disk is measured."),
    ("orphan-removed", "It is removed."),
    ("file-set", "The file is saved. It takes effect with the next deployment or restart."),
    ("file-deleted", "The file is removed. It takes effect with the next deployment or restart."),
    ("delivery-replayed", "The delivery was judged again. Its verdict is on top of the list."),
    ("webhook-secret", "The secret is made. Copy it now: it is not shown again."),
];

fn message(code: &str) -> Option<&'static str> {
    MESSAGES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text)
}

/// Says what the last form did.
#[component]
pub fn FlashMessage() -> impl IntoView {
    let query = use_query_map();
    let text = move || query.with(|query| query.get_str("flash").and_then(message));
    view! {
        <div class="flash-region" role="status" aria-live="polite">
            {move || text().map(|text| view! {
                <p class="flash"><Icon name="check"/><span>{text}</span></p>
            })}
        </div>
    }
}
