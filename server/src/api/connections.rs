//! Connections to git hosts.

use super::{
    extract::{Ask, At, Body, By},
    places::{InConnection, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::connection::{
    AddConnection, AppManifest, BeginApp, ConnectionView, FinishApp, HostBranchesView, HostQuery,
    InstalledApp, RepositoriesView, WebhookRegistration,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_connections, add_connection))
        .routes(routes!(remove_connection))
        .routes(routes!(test_connection))
        .routes(routes!(list_repositories))
        .routes(routes!(list_repository_branches))
        .routes(routes!(note_installation))
        .routes(routes!(begin_app))
        .routes(routes!(finish_app))
        .routes(routes!(register_webhook))
}

/// List connections to git hosts
///
/// Without their tokens and keys.
#[utoipa::path(get, path = "/connections", tag = "Connections",
    responses((status = 200, description = "The connections", body = [ConnectionView])))]
async fn list_connections(By(acting): By) -> Result<Json<Vec<ConnectionView>>, Refusal> {
    Ok(Json(acting.connections().await?))
}

/// Add a connection by token
///
/// The host is asked whether it takes the token; only then it is kept.
#[utoipa::path(post, path = "/connections", tag = "Connections", request_body = AddConnection,
    responses((status = 201, description = "Added", body = ConnectionView)))]
async fn add_connection(
    By(acting): By,
    Body(request): Body<AddConnection>,
) -> Result<(StatusCode, Json<ConnectionView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.add_connection(request).await?)))
}

/// Remove a connection
///
/// Services whose source names it keep running; they cannot be fetched until they name another one.
#[utoipa::path(delete, path = "/connections/{connection}", tag = "Connections", params(InConnection),
    responses((status = 204, description = "Removed")))]
async fn remove_connection(By(acting): By, At(place): At<InConnection>) -> Result<StatusCode, Refusal> {
    acting.remove_connection(place.connection).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask the host whether it still takes the token
#[utoipa::path(post, path = "/connections/{connection}/test", tag = "Connections", params(InConnection),
    responses((status = 200, description = "It does", body = ConnectionView)))]
async fn test_connection(
    By(acting): By,
    At(place): At<InConnection>,
) -> Result<Json<ConnectionView>, Refusal> {
    Ok(Json(acting.test_connection(place.connection).await?))
}

/// List the repositories of a host
#[utoipa::path(get, path = "/connections/{connection}/repositories", tag = "Connections",
    params(InConnection, HostQuery),
    responses((status = 200, description = "A part of them", body = RepositoriesView)))]
async fn list_repositories(
    By(acting): By,
    At(place): At<InConnection>,
    Ask(query): Ask<HostQuery>,
) -> Result<Json<RepositoriesView>, Refusal> {
    Ok(Json(acting.host_repositories(place.connection, query).await?))
}

/// List the branches of a repository at a host
#[utoipa::path(get, path = "/connections/{connection}/branches", tag = "Connections",
    params(InConnection, HostQuery),
    responses((status = 200, description = "A part of them", body = HostBranchesView)))]
async fn list_repository_branches(
    By(acting): By,
    At(place): At<InConnection>,
    Ask(query): Ask<HostQuery>,
) -> Result<Json<HostBranchesView>, Refusal> {
    Ok(Json(acting.host_branches(place.connection, query).await?))
}

/// Note where an App is installed
///
/// GitHub is asked whether that is so.
#[utoipa::path(post, path = "/connections/{connection}/installation", tag = "Connections", params(InConnection),
    request_body = InstalledApp, responses((status = 200, description = "Noted", body = ConnectionView)))]
async fn note_installation(
    By(acting): By,
    At(place): At<InConnection>,
    Body(request): Body<InstalledApp>,
) -> Result<Json<ConnectionView>, Refusal> {
    Ok(Json(acting.app_installed(place.connection, request).await?))
}

/// Begin to make an App at GitHub
///
/// A browser posts the manifest to the address as the field `manifest` of a form.
#[utoipa::path(post, path = "/connections/github-app", tag = "Connections", request_body = BeginApp,
    responses((status = 200, description = "What to post, and where", body = AppManifest)))]
async fn begin_app(By(acting): By, Body(request): Body<BeginApp>) -> Result<Json<AppManifest>, Refusal> {
    Ok(Json(acting.begin_app(request).await?))
}

/// Keep the App that GitHub made
#[utoipa::path(post, path = "/connections/github-app/conversion", tag = "Connections", request_body = FinishApp,
    responses((status = 201, description = "Kept", body = ConnectionView)))]
async fn finish_app(
    By(acting): By,
    Body(request): Body<FinishApp>,
) -> Result<(StatusCode, Json<ConnectionView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.finish_app(request).await?)))
}

/// Have the git host send a service's pushes
///
/// By the interface of its connection's host, with a secret that is made when there is none.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/webhook/register",
    tag = "Webhooks", params(InService),
    responses((status = 200, description = "Whether it was done", body = WebhookRegistration)))]
async fn register_webhook(
    By(acting): By,
    At(place): At<InService>,
) -> Result<Json<WebhookRegistration>, Refusal> {
    Ok(Json(acting.register_webhook(&place.service()).await?))
}
