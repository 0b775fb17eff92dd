//! Deployments and rollbacks of a service.

use super::{
    extract::{Ask, At, Body, By, Perhaps},
    places::{InDeployment, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::{
    deployment::{DeployRequest, DeploymentView, RollbackRequest},
    page::{Page, PageQuery},
    plan::PlanPreview,
    release::RollbackPreview,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_deployments, deploy))
        .routes(routes!(show_deployment))
        .routes(routes!(preview_deployment))
        .routes(routes!(promote_deployment))
        .routes(routes!(cancel_deployment))
        .routes(routes!(roll_back))
        .routes(routes!(preview_rollback))
}

/// List deployments, newest first
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/deployments",
    tag = "Deployments", params(InService, PageQuery),
    responses((status = 200, description = "A part of the list", body = Page<DeploymentView>)))]
async fn list_deployments(
    By(acting): By,
    At(place): At<InService>,
    Ask(query): Ask<PageQuery>,
) -> Result<Json<Page<DeploymentView>>, Refusal> {
    Ok(Json(acting.deployments(&place.service(), query).await?))
}

/// Deploy
///
/// Queues a deployment of the service's source as it is now; an empty body stands for the defaults.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/deployments",
    tag = "Deployments", params(InService), request_body = DeployRequest,
    responses((status = 202, description = "Queued", body = DeploymentView)))]
async fn deploy(
    By(acting): By,
    At(place): At<InService>,
    Perhaps(request): Perhaps<DeployRequest>,
) -> Result<(StatusCode, Json<DeploymentView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(acting.deploy(&place.service(), request).await?)))
}

/// Show a deployment
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/deployments/{number}",
    tag = "Deployments", params(InDeployment),
    responses((status = 200, description = "The deployment", body = DeploymentView)))]
async fn show_deployment(
    By(acting): By,
    At(place): At<InDeployment>,
) -> Result<Json<DeploymentView>, Refusal> {
    Ok(Json(acting.deployment(&place.service(), place.number).await?))
}

/// Show what a deployment would do now
///
/// The plan of a rollout from what runs to the present settings, step by step, and what a person should know before.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/plan",
    tag = "Deployments", params(InService),
    responses((status = 200, description = "The plan", body = PlanPreview)))]
async fn preview_deployment(By(acting): By, At(place): At<InService>) -> Result<Json<PlanPreview>, Refusal> {
    Ok(Json(acting.preview_deployment(&place.service()).await?))
}

/// Promote a canary
///
/// It gets all requests without waiting for the rest of its steps.
#[utoipa::path(post,
    path = "/projects/{project}/environments/{environment}/services/{service}/deployments/{number}/promote",
    tag = "Deployments", params(InDeployment),
    responses((status = 200, description = "Going on", body = DeploymentView)))]
async fn promote_deployment(
    By(acting): By,
    At(place): At<InDeployment>,
) -> Result<Json<DeploymentView>, Refusal> {
    Ok(Json(acting.promote_deployment(&place.service(), place.number).await?))
}

/// Cancel a deployment
///
/// As long as it has not moved the traffic; after that a rollback is the way.
#[utoipa::path(post,
    path = "/projects/{project}/environments/{environment}/services/{service}/deployments/{number}/cancel",
    tag = "Deployments", params(InDeployment),
    responses((status = 200, description = "Being cancelled", body = DeploymentView)))]
async fn cancel_deployment(
    By(acting): By,
    At(place): At<InDeployment>,
) -> Result<Json<DeploymentView>, Refusal> {
    Ok(Json(acting.cancel_deployment(&place.service(), place.number).await?))
}

/// Go back to the release of an earlier deployment
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/rollback",
    tag = "Deployments", params(InService), request_body = RollbackRequest,
    responses((status = 202, description = "Queued", body = DeploymentView)))]
async fn roll_back(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<RollbackRequest>,
) -> Result<(StatusCode, Json<DeploymentView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(acting.roll_back(&place.service(), request).await?)))
}

/// Show what going back would change
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/rollback/{number}",
    tag = "Deployments", params(InDeployment),
    responses((status = 200, description = "The difference to what is live", body = RollbackPreview)))]
async fn preview_rollback(
    By(acting): By,
    At(place): At<InDeployment>,
) -> Result<Json<RollbackPreview>, Refusal> {
    Ok(Json(acting.preview_rollback(&place.service(), place.number).await?))
}
