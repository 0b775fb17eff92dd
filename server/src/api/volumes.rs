//! Volumes of a service.

use super::{
    extract::{At, Body, By},
    places::{InService, InVolume},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::service::{ConfirmDeletion, VolumeView};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_volumes)).routes(routes!(delete_volume))
}

/// List volumes, as Docker has them
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/volumes",
    tag = "Volumes", params(InService),
    responses((status = 200, description = "The volumes", body = [VolumeView])))]
async fn list_volumes(By(acting): By, At(place): At<InService>) -> Result<Json<Vec<VolumeView>>, Refusal> {
    Ok(Json(acting.volumes(&place.service()).await?))
}

/// Delete the data of a volume
///
/// Only of one that no instance uses. Confirmed by the volume's name.
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/volumes/{name}",
    tag = "Volumes", params(InVolume), request_body = ConfirmDeletion,
    responses((status = 204, description = "Deleted")))]
async fn delete_volume(
    By(acting): By,
    At(place): At<InVolume>,
    Body(request): Body<ConfirmDeletion>,
) -> Result<StatusCode, Refusal> {
    acting.delete_volume(&place.service(), &place.name, request).await?;
    Ok(StatusCode::NO_CONTENT)
}
