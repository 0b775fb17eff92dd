//! The webhook of a service.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use super::service::forms::TriggersForm;
use berth_domain::{
    service::ServicePath,
    webhook::{DeliveryView, WatchTrial, WebhookSecret, WebhookView},
};
use leptos::prelude::*;

/// Where a git host sends its pushes, and the last deliveries.
#[server(prefix = "/panel", endpoint = "webhook")]
pub async fn load_webhook(path: ServicePath) -> Result<WebhookView, PanelError> {
    Ok(super::acting().await?.webhook(&path).await?)
}

/// Makes a fresh secret; the only answer that ever has it.
#[server(prefix = "/panel", endpoint = "webhook_secret")]
pub async fn rotate_webhook_secret(path: String) -> Result<WebhookSecret, PanelError> {
    let path = forms::path(&path)?;
    let secret = super::acting().await?.rotate_webhook_secret(&path).await?;
    super::show_once("webhook-secret", &shown_once(&secret));
    super::done(&format!("/projects/{path}/settings"), "webhook-secret");
    Ok(secret)
}

/// The three forms of a secret in one value, for a page that is loaded anew: see [`read_once`].
#[cfg(feature = "ssr")]
fn shown_once(secret: &WebhookSecret) -> String {
    [secret.secret.as_str(), &secret.signing_token, &secret.registry_url].join("~")
}

/// Reads what was shown once.
pub fn read_once(text: &str) -> Option<WebhookSecret> {
    let mut parts = text.splitn(3, '~').map(str::to_owned);
    let (secret, signing_token, registry_url) = (parts.next()?, parts.next()?, parts.next()?);
    let url = registry_url.split('?').next().unwrap_or_default().to_owned();
    Some(WebhookSecret { url, secret, signing_token, registry_url })
}

/// Judges a stored delivery once more.
#[server(prefix = "/panel", endpoint = "webhook_replay")]
pub async fn replay_delivery(path: String, delivery: String) -> Result<DeliveryView, PanelError> {
    let path = forms::path(&path)?;
    let id = delivery.parse().map_err(|_| forms::invalid("delivery", "There is no such delivery."))?;
    let replayed = super::acting().await?.replay_delivery(&path, id).await?;
    super::done(&format!("/projects/{path}/settings"), "delivery-replayed");
    Ok(replayed)
}

/// Changes which pushes deploy and how often the repository is asked, or tries the patterns that were typed.
#[server(prefix = "/panel", endpoint = "service_triggers")]
pub async fn set_triggers(
    path: String,
    #[server(flatten)] form: TriggersForm,
) -> Result<Option<WatchTrial>, PanelError> {
    use berth_domain::service::UpdateService;
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    if form.then == "try" {
        return Ok(Some(acting.try_watch_paths(&path, form.watch()).await?));
    }
    let mut settings = acting.service(&path).await?.settings;
    (settings.watch, settings.poll_s) = (form.watch(), form.poll_s()?);
    let request = UpdateService { settings: Some(settings), ..UpdateService::default() };
    acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{path}/settings"), "service-changed");
    Ok(None)
}
