//! The webhook of a service.

use super::{
    extract::{Ask, At, Body, By},
    places::{InDelivery, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::{
    page::{Page, PageQuery},
    webhook::{DeliveryView, Verdict, WatchPaths, WatchTrial, WebhookSecret, WebhookView},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_webhook))
        .routes(routes!(rotate_webhook_secret))
        .routes(routes!(list_deliveries))
        .routes(routes!(replay_delivery))
        .routes(routes!(try_watch_paths))
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

/// Judge a stored delivery once more, and deploy when the verdict says so
///
/// The same decision as the first time, with the service as it is now: what is queued or live already stays ignored. The
/// replay is a delivery of its own.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/webhook/deliveries/{delivery}/replay",
    tag = "Webhooks", params(InDelivery),
    responses((status = 202, description = "A deployment was queued", body = DeliveryView),
        (status = 200, description = "Ignored, for the reason in it", body = DeliveryView)))]
async fn replay_delivery(
    By(acting): By,
    At(place): At<InDelivery>,
) -> Result<(StatusCode, Json<DeliveryView>), Refusal> {
    let replayed = acting.replay_delivery(&place.service(), place.delivery).await?;
    let status = if replayed.verdict == Verdict::Queued { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(replayed)))
}

/// See which files of the branch's last commit these watch paths match
///
/// Nothing is saved: the paths are a part of the service's settings.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/webhook/watch",
    tag = "Webhooks", params(InService), request_body = WatchPaths,
    responses((status = 200, description = "The files", body = WatchTrial)))]
async fn try_watch_paths(
    By(acting): By,
    At(place): At<InService>,
    Body(paths): Body<WatchPaths>,
) -> Result<Json<WatchTrial>, Refusal> {
    Ok(Json(acting.try_watch_paths(&place.service(), paths).await?))
}
