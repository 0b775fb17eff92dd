//! Environments of a project.

use super::{
    extract::{At, Body, By},
    places::{InEnvironment, InProject},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::{
    project::{CreateEnvironment, EnvironmentView},
    service::{ConfirmDeletion, DeletionPreview, Rename},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_environment))
        .routes(routes!(show_environment, rename_environment, delete_environment))
        .routes(routes!(preview_environment_deletion))
}

/// Make an environment
#[utoipa::path(post, path = "/projects/{project}/environments", tag = "Environments", params(InProject),
    request_body = CreateEnvironment, responses((status = 201, description = "Made", body = EnvironmentView)))]
async fn create_environment(
    By(acting): By,
    At(place): At<InProject>,
    Body(request): Body<CreateEnvironment>,
) -> Result<(StatusCode, Json<EnvironmentView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.create_environment(&place.project, request).await?)))
}

/// Show an environment with its services
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}", tag = "Environments",
    params(InEnvironment), responses((status = 200, description = "The environment", body = EnvironmentView)))]
async fn show_environment(
    By(acting): By,
    At(place): At<InEnvironment>,
) -> Result<Json<EnvironmentView>, Refusal> {
    Ok(Json(acting.environment(&place.project, &place.environment).await?))
}

/// Rename an environment
#[utoipa::path(patch, path = "/projects/{project}/environments/{environment}", tag = "Environments",
    params(InEnvironment), request_body = Rename,
    responses((status = 200, description = "Renamed", body = EnvironmentView)))]
async fn rename_environment(
    By(acting): By,
    At(place): At<InEnvironment>,
    Body(request): Body<Rename>,
) -> Result<Json<EnvironmentView>, Refusal> {
    Ok(Json(acting.rename_environment(&place.project, &place.environment, request).await?))
}

/// List what deleting the environment takes with it
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/deletion", tag = "Environments",
    params(InEnvironment),
    responses((status = 200, description = "What goes and what stays", body = DeletionPreview)))]
async fn preview_environment_deletion(
    By(acting): By,
    At(place): At<InEnvironment>,
) -> Result<Json<DeletionPreview>, Refusal> {
    Ok(Json(acting.preview_environment_deletion(&place.project, &place.environment).await?))
}

/// Delete an environment
///
/// And everything that runs in it; volumes stay. Confirmed by the environment's name.
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}", tag = "Environments",
    params(InEnvironment), request_body = ConfirmDeletion, responses((status = 204, description = "Deleted")))]
async fn delete_environment(
    By(acting): By,
    At(place): At<InEnvironment>,
    Body(request): Body<ConfirmDeletion>,
) -> Result<StatusCode, Refusal> {
    acting.delete_environment(&place.project, &place.environment, request).await?;
    Ok(StatusCode::NO_CONTENT)
}
