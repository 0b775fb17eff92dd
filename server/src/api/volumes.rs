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
    OpenApiRouter::new()
        .routes(routes!(list_volumes))
        .routes(routes!(delete_volume))
        .routes(routes!(keep_volume))
}

/// List volumes, as Docker has them
///
/// With the sizes that were last measured, and with the deletions that were asked for.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/volumes",
    tag = "Volumes", params(InService),
    responses((status = 200, description = "The volumes", body = [VolumeView])))]
async fn list_volumes(By(acting): By, At(place): At<InService>) -> Result<Json<Vec<VolumeView>>, Refusal> {
    Ok(Json(acting.volumes(&place.service()).await?))
}

/// Delete the data of a volume, after a time to reconsider
///
/// Only of one that no instance uses. Confirmed by the volume's name. Until the answer's `deletion.due_at` it can be kept.
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/volumes/{name}",
    tag = "Volumes", params(InVolume), request_body = ConfirmDeletion,
    responses((status = 202, description = "It will be deleted", body = VolumeView)))]
async fn delete_volume(
    By(acting): By,
    At(place): At<InVolume>,
    Body(request): Body<ConfirmDeletion>,
) -> Result<(StatusCode, Json<VolumeView>), Refusal> {
    let volume = acting.delete_volume(&place.service(), &place.name, request).await?;
    Ok((StatusCode::ACCEPTED, Json(volume)))
}

/// Keep a volume that is to be deleted
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/volumes/{name}/keep",
    tag = "Volumes", params(InVolume),
    responses((status = 200, description = "It stays", body = VolumeView)))]
async fn keep_volume(By(acting): By, At(place): At<InVolume>) -> Result<Json<VolumeView>, Refusal> {
    Ok(Json(acting.keep_volume(&place.service(), &place.name).await?))
}
