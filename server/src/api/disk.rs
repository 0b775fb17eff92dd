//! What uses the disk, and what nobody wants.

use super::extract::{Body, By};
use crate::http::{App, Refusal};
use axum::Json;
use berth_domain::disk::{DiskView, OrphanName, OrphanReport, RemoveOrphan};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_disk))
        .routes(routes!(measure_disk))
        .routes(routes!(list_orphans))
        .routes(routes!(remove_orphan))
        .routes(routes!(keep_orphan))
}

/// Show what uses the disk
///
/// As it was last measured; when that is a while ago, another measurement begins, for which this does not wait.
#[utoipa::path(get, path = "/disk", tag = "Disk",
    responses((status = 200, description = "The last measurement", body = DiskView)))]
async fn show_disk(By(acting): By) -> Result<Json<DiskView>, Refusal> {
    Ok(Json(acting.disk().await?))
}

/// Measure the disk
///
/// Waits some seconds for it; an answer with `measuring` is the one before.
#[utoipa::path(post, path = "/disk/measure", tag = "Disk",
    responses((status = 200, description = "The newest measurement", body = DiskView)))]
async fn measure_disk(By(acting): By) -> Result<Json<DiskView>, Refusal> {
    Ok(Json(acting.measure_disk().await?))
}

/// List what nobody wants
///
/// Containers, networks, images and volumes with this Berth's label that no project, service or release refers to.
#[utoipa::path(get, path = "/orphans", tag = "Disk",
    responses((status = 200, description = "What was last seen", body = OrphanReport)))]
async fn list_orphans(By(acting): By) -> Result<Json<OrphanReport>, Refusal> {
    Ok(Json(acting.orphans().await?))
}

/// Remove something that nobody wants
///
/// At once. A volume takes its name once more in `confirm`, and goes after a time in which it can be kept.
#[utoipa::path(post, path = "/orphans/remove", tag = "Disk", request_body = RemoveOrphan,
    responses((status = 200, description = "What is left", body = OrphanReport)))]
async fn remove_orphan(
    By(acting): By,
    Body(request): Body<RemoveOrphan>,
) -> Result<Json<OrphanReport>, Refusal> {
    Ok(Json(acting.remove_orphan(request).await?))
}

/// Keep a volume that is to be deleted
#[utoipa::path(post, path = "/orphans/keep", tag = "Disk", request_body = OrphanName,
    responses((status = 200, description = "It stays; what nobody wants", body = OrphanReport)))]
async fn keep_orphan(By(acting): By, Body(request): Body<OrphanName>) -> Result<Json<OrphanReport>, Refusal> {
    Ok(Json(acting.keep_orphan(request).await?))
}
