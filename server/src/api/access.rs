//! How Berth gets at a service's repository.

use super::{
    extract::{At, By},
    places::InService,
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::access::{AccessView, BranchesView};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_access))
        .routes(routes!(make_deploy_key))
        .routes(routes!(forget_host_key))
        .routes(routes!(list_branches))
}

/// Show how Berth gets at the repository
///
/// The kind of credential, the public half of a key, and the SSH key of the host that is trusted.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/access",
    tag = "Services", params(InService), responses((status = 200, description = "The access", body = AccessView)))]
async fn show_access(By(acting): By, At(place): At<InService>) -> Result<Json<AccessView>, Refusal> {
    Ok(Json(acting.access(&place.service()).await?))
}

/// Make a deploy key
///
/// A fresh ed25519 pair. Its private half is sealed and takes the place of the credential; give the public half to the git
/// host.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/access/deploy-key",
    tag = "Services", params(InService), responses((status = 201, description = "Made", body = AccessView)))]
async fn make_deploy_key(
    By(acting): By,
    At(place): At<InService>,
) -> Result<(StatusCode, Json<AccessView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.make_deploy_key(&place.service()).await?)))
}

/// Forget the SSH key of the repository's host
///
/// The next one that it shows is trusted, for every service that is fetched from that host. A key that the host publishes
/// and Berth knows stays.
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/access/host-key",
    tag = "Services", params(InService), responses((status = 204, description = "Forgotten")))]
async fn forget_host_key(By(acting): By, At(place): At<InService>) -> Result<StatusCode, Refusal> {
    acting.forget_host_key(&place.service()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the branches of the repository
///
/// Asks the git host, with the credential that is kept.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/access/branches",
    tag = "Services", params(InService), responses((status = 200, description = "The branches", body = BranchesView)))]
async fn list_branches(By(acting): By, At(place): At<InService>) -> Result<Json<BranchesView>, Refusal> {
    Ok(Json(acting.branches(&place.service()).await?))
}
