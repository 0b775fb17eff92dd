//! Files of a service.

use super::{
    extract::{At, Body, By},
    places::{InFile, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::file::{FileView, FilesView, RevealedFile, SetFile};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_files, add_file))
        .routes(routes!(replace_file, delete_file))
        .routes(routes!(reveal_file))
}

/// List files
///
/// Without their contents; each with how it stands against what runs.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/files",
    tag = "Files", params(InService),
    responses((status = 200, description = "The files", body = FilesView)))]
async fn list_files(By(acting): By, At(place): At<InService>) -> Result<Json<FilesView>, Refusal> {
    Ok(Json(acting.files(&place.service()).await?))
}

/// Add a file
///
/// Instances find it at its path, read-only, from the next deployment or restart on.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/files",
    tag = "Files", params(InService), request_body = SetFile,
    responses((status = 201, description = "Added", body = FileView)))]
async fn add_file(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<SetFile>,
) -> Result<(StatusCode, Json<FileView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.add_file(&place.service(), request).await?)))
}

/// Replace a file
///
/// Its content, and its path when that is another.
#[utoipa::path(put, path = "/projects/{project}/environments/{environment}/services/{service}/files/{file}",
    tag = "Files", params(InFile), request_body = SetFile,
    responses((status = 200, description = "Replaced", body = FileView)))]
async fn replace_file(
    By(acting): By,
    At(place): At<InFile>,
    Body(request): Body<SetFile>,
) -> Result<Json<FileView>, Refusal> {
    Ok(Json(acting.replace_file(&place.service(), place.file, request).await?))
}

/// Remove a file; what runs has it until the next deployment or restart
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/files/{file}",
    tag = "Files", params(InFile), responses((status = 204, description = "Removed")))]
async fn delete_file(By(acting): By, At(place): At<InFile>) -> Result<StatusCode, Refusal> {
    acting.delete_file(&place.service(), place.file).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show the content of a file
///
/// The reading is in the audit trail.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/files/{file}/reveal",
    tag = "Files", params(InFile),
    responses((status = 200, description = "The content", body = RevealedFile)))]
async fn reveal_file(By(acting): By, At(place): At<InFile>) -> Result<Json<RevealedFile>, Refusal> {
    Ok(Json(acting.reveal_file(&place.service(), place.file).await?))
}
