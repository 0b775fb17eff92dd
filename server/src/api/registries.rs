//! Registries of images.

use super::{
    extract::{At, Body, By},
    places::InRegistry,
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::registry::{RegistryView, SetRegistry};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_registries, add_registry))
        .routes(routes!(change_registry, delete_registry))
}

/// List registries
///
/// Without their passwords.
#[utoipa::path(get, path = "/registries", tag = "Registries",
    responses((status = 200, description = "The registries", body = [RegistryView])))]
async fn list_registries(By(acting): By) -> Result<Json<Vec<RegistryView>>, Refusal> {
    Ok(Json(acting.registries().await?))
}

/// Add a registry
///
/// It is asked whether it takes the credentials; only then they are kept. Images below its address and prefix are pulled
/// with them, base images of builds too.
#[utoipa::path(post, path = "/registries", tag = "Registries", request_body = SetRegistry,
    responses((status = 201, description = "Added", body = RegistryView)))]
async fn add_registry(
    By(acting): By,
    Body(request): Body<SetRegistry>,
) -> Result<(StatusCode, Json<RegistryView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.add_registry(request).await?)))
}

/// Change a registry
///
/// It is asked again. An empty secret keeps the present one, as long as address and user stay.
#[utoipa::path(put, path = "/registries/{registry}", tag = "Registries", params(InRegistry),
    request_body = SetRegistry, responses((status = 200, description = "Changed", body = RegistryView)))]
async fn change_registry(
    By(acting): By,
    At(place): At<InRegistry>,
    Body(request): Body<SetRegistry>,
) -> Result<Json<RegistryView>, Refusal> {
    Ok(Json(acting.change_registry(place.registry, request).await?))
}

/// Remove a registry; what was pulled from it stays
#[utoipa::path(delete, path = "/registries/{registry}", tag = "Registries", params(InRegistry),
    responses((status = 204, description = "Removed")))]
async fn delete_registry(By(acting): By, At(place): At<InRegistry>) -> Result<StatusCode, Refusal> {
    acting.delete_registry(place.registry).await?;
    Ok(StatusCode::NO_CONTENT)
}
