//! The webhook of a service.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{
    service::ServicePath,
    webhook::{WebhookSecret, WebhookView},
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
    super::show_once("webhook-secret", &secret.secret);
    super::done(&format!("/projects/{path}/settings"), "webhook-secret");
    Ok(secret)
}
