//! The webhook of a service.

use super::{
    extract::{Ask, At, By},
    places::InService,
};
use crate::http::{App, Refusal};
use axum::Json;
use berth_domain::{
    page::{Page, PageQuery},
    webhook::{DeliveryView, WebhookSecret, WebhookView},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_webhook))
        .routes(routes!(rotate_webhook_secret))
        .routes(routes!(list_deliveries))
}

/// Show where a git host should send pushes, and the last deliveries
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/webhook",
    tag = "Webhooks", params(InService),
    responses((status = 200, description = "The webhook", body = WebhookView)))]
async fn show_webhook(By(acting): By, At(place): At<InService>) -> Result<Json<WebhookView>, Refusal> {
    Ok(Json(acting.webhook(&place.service()).await?))
}

/// Make a fresh secret
///
/// It is in this answer and never again; the former one ends.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/webhook/secret",
    tag = "Webhooks", params(InService),
    responses((status = 200, description = "The secret", body = WebhookSecret)))]
async fn rotate_webhook_secret(
    By(acting): By,
    At(place): At<InService>,
) -> Result<Json<WebhookSecret>, Refusal> {
    Ok(Json(acting.rotate_webhook_secret(&place.service()).await?))
}

/// List deliveries with their verdicts, newest first
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/webhook/deliveries",
    tag = "Webhooks", params(InService, PageQuery),
    responses((status = 200, description = "A part of the list", body = Page<DeliveryView>)))]
async fn list_deliveries(
    By(acting): By,
    At(place): At<InService>,
    Ask(query): Ask<PageQuery>,
) -> Result<Json<Page<DeliveryView>>, Refusal> {
    Ok(Json(acting.deliveries(&place.service(), query).await?))
}
