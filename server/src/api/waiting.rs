//! Maintenance and pauses of a service.

use super::{
    extract::{At, Body, By, Perhaps},
    places::InService,
};
use crate::http::{App, Refusal};
use axum::Json;
use berth_domain::{
    service::ServiceView,
    waiting::{PauseRequest, SetMaintenance},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(begin_maintenance, end_maintenance))
        .routes(routes!(pause_traffic, resume_traffic))
}

/// Begin maintenance, or change what visitors read
///
/// The service's addresses answer 503 with the message. Its instances keep running, and deployments work and do not end
/// it. The answer comes when the proxy has confirmed it.
#[utoipa::path(put, path = "/projects/{project}/environments/{environment}/services/{service}/maintenance",
    tag = "Services", params(InService), request_body = SetMaintenance,
    responses((status = 200, description = "In effect", body = ServiceView)))]
async fn begin_maintenance(
    By(acting): By,
    At(place): At<InService>,
    Perhaps(request): Perhaps<SetMaintenance>,
) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.begin_maintenance(&place.service(), request).await?))
}

/// End maintenance
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/maintenance",
    tag = "Services", params(InService), responses((status = 200, description = "Ended", body = ServiceView)))]
async fn end_maintenance(By(acting): By, At(place): At<InService>) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.end_maintenance(&place.service()).await?))
}

/// Let requests wait for a while
///
/// They go to the instances when the time is over or the pause is ended; too many get 503 with Retry-After. The answer
/// comes when the proxy has confirmed that they wait.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/pause",
    tag = "Services", params(InService), request_body = PauseRequest,
    responses((status = 200, description = "In effect", body = ServiceView)))]
async fn pause_traffic(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<PauseRequest>,
) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.pause_traffic(&place.service(), request).await?))
}

/// Let waiting requests go on
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/pause",
    tag = "Services", params(InService), responses((status = 200, description = "Ended", body = ServiceView)))]
async fn resume_traffic(By(acting): By, At(place): At<InService>) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.resume_traffic(&place.service()).await?))
}
