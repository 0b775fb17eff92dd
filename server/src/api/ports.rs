//! Ports of the machine that lead to a service without HTTP.

use super::{
    extract::{At, Body, By},
    places::{InPort, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::published_port::{PublishedPort, PublishedPortView, PublishedPortsView};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_ports, publish_port)).routes(routes!(close_port))
}

/// List published ports
///
/// The ports of the machine that lead to the service over TCP or UDP, and the ports that `BERTH_PORTS` lets services have.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/ports",
    tag = "Published ports", params(InService),
    responses((status = 200, description = "The published ports", body = PublishedPortsView)))]
async fn list_ports(By(acting): By, At(place): At<InService>) -> Result<Json<PublishedPortsView>, Refusal> {
    Ok(Json(acting.published_ports(&place.service()).await?))
}

/// Publish a port
///
/// For what speaks no HTTP. Effective at once when the service is live; a port leads to one service only.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/ports",
    tag = "Published ports", params(InService), request_body = PublishedPort,
    responses((status = 201, description = "Published", body = PublishedPortView)))]
async fn publish_port(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<PublishedPort>,
) -> Result<(StatusCode, Json<PublishedPortView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.publish_port(&place.service(), request).await?)))
}

/// Close a published port; effective at once
#[utoipa::path(delete,
    path = "/projects/{project}/environments/{environment}/services/{service}/ports/{published}",
    tag = "Published ports", params(InPort), responses((status = 204, description = "Closed")))]
async fn close_port(By(acting): By, At(place): At<InPort>) -> Result<StatusCode, Refusal> {
    acting.close_port(&place.service(), place.published).await?;
    Ok(StatusCode::NO_CONTENT)
}
