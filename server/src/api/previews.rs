//! Previews of pull requests.

use super::{
    extract::{At, Body, By},
    places::{InPullRequest, InService, InVariable},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::{
    preview::{ApprovePreview, PreviewView},
    variable::{SetVariable, VariableView},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_previews))
        .routes(routes!(check_previews))
        .routes(routes!(approve_preview))
        .routes(routes!(redeploy_preview))
        .routes(routes!(remove_preview))
        .routes(routes!(list_preview_variables))
        .routes(routes!(set_preview_variable, delete_preview_variable))
}

/// List pull requests with their previews, the newest first
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/previews",
    tag = "Previews", params(InService),
    responses((status = 200, description = "The previews", body = Vec<PreviewView>)))]
async fn list_previews(By(acting): By, At(place): At<InService>) -> Result<Json<Vec<PreviewView>>, Refusal> {
    Ok(Json(acting.previews(&place.service()).await?))
}

/// Compare the previews with the git host now
///
/// What is closed there goes, and commits that nobody told of are deployed. It happens by itself every
/// `BERTH_PREVIEW_CHECK`.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/previews/check",
    tag = "Previews", params(InService),
    responses((status = 200, description = "The previews after it", body = Vec<PreviewView>)))]
async fn check_previews(By(acting): By, At(place): At<InService>) -> Result<Json<Vec<PreviewView>>, Refusal> {
    Ok(Json(acting.check_previews(&place.service()).await?))
}

/// Let one commit of a pull request run
///
/// For a pull request from a fork or from somebody who is no member of the repository's owner. The commit is the one that
/// was looked at: when there is a newer one, it is refused.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/previews/{pull_request}/approve",
    tag = "Previews", params(InPullRequest), request_body = ApprovePreview,
    responses((status = 202, description = "Its deployment is queued", body = PreviewView)))]
async fn approve_preview(
    By(acting): By,
    At(place): At<InPullRequest>,
    Body(request): Body<ApprovePreview>,
) -> Result<(StatusCode, Json<PreviewView>), Refusal> {
    let view = acting.approve_preview(&place.service(), place.pull_request, request).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Deploy the newest commit of a pull request once more
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/previews/{pull_request}/redeploy",
    tag = "Previews", params(InPullRequest),
    responses((status = 202, description = "Its deployment is queued", body = PreviewView)))]
async fn redeploy_preview(
    By(acting): By,
    At(place): At<InPullRequest>,
) -> Result<(StatusCode, Json<PreviewView>), Refusal> {
    let view = acting.redeploy_preview(&place.service(), place.pull_request).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Remove a preview
///
/// Its environment goes with everything in it, also its volumes. A new commit makes another one.
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/previews/{pull_request}",
    tag = "Previews", params(InPullRequest), responses((status = 204, description = "Removed")))]
async fn remove_preview(By(acting): By, At(place): At<InPullRequest>) -> Result<StatusCode, Refusal> {
    acting.remove_preview(&place.service(), place.pull_request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the variables of previews
///
/// They are the only ones that a preview gets: never those of the service.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/previews/variables",
    tag = "Previews", params(InService),
    responses((status = 200, description = "The variables", body = Vec<VariableView>)))]
async fn list_preview_variables(
    By(acting): By,
    At(place): At<InService>,
) -> Result<Json<Vec<VariableView>>, Refusal> {
    Ok(Json(acting.preview_variables(&place.service()).await?))
}

/// Set a variable of previews
///
/// A preview gets it with its next deployment.
#[utoipa::path(put, path = "/projects/{project}/environments/{environment}/services/{service}/previews/variables/{key}",
    tag = "Previews", params(InVariable), request_body = SetVariable,
    responses((status = 200, description = "The variables after it", body = Vec<VariableView>)))]
async fn set_preview_variable(
    By(acting): By,
    At(place): At<InVariable>,
    Body(request): Body<SetVariable>,
) -> Result<Json<Vec<VariableView>>, Refusal> {
    Ok(Json(acting.set_preview_variable(&place.service(), &place.key, request).await?))
}

/// Remove a variable of previews
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/previews/variables/{key}",
    tag = "Previews", params(InVariable),
    responses((status = 200, description = "The variables after it", body = Vec<VariableView>)))]
async fn delete_preview_variable(
    By(acting): By,
    At(place): At<InVariable>,
) -> Result<Json<Vec<VariableView>>, Refusal> {
    Ok(Json(acting.delete_preview_variable(&place.service(), &place.key).await?))
}
