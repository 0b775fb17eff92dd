//! Services.

use super::{
    extract::{Ask, At, Body, By},
    places::{InEnvironment, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::{
    page::{Page, PageQuery},
    remote::RemoteView,
    service::{
        ConfirmDeletion, CreateService, DeletionPreview, ServiceSummary, ServiceView, SetCredential,
        UpdateService,
    },
    traffic::ScaleRequest,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(search_services))
        .routes(routes!(create_service))
        .routes(routes!(show_service, update_service, delete_service))
        .routes(routes!(preview_service_deletion))
        .routes(routes!(set_credential))
        .routes(routes!(show_remote))
        .routes(routes!(scale_service))
        .routes(routes!(stop_service))
        .routes(routes!(start_service))
}

/// Find services of all projects
///
/// By a part of their path `project/environment/service`.
#[utoipa::path(get, path = "/services", tag = "Services", params(PageQuery),
    responses((status = 200, description = "A part of the list", body = Page<ServiceSummary>)))]
async fn search_services(
    By(acting): By,
    Ask(query): Ask<PageQuery>,
) -> Result<Json<Page<ServiceSummary>>, Refusal> {
    Ok(Json(acting.search_services(query).await?))
}

/// Make a service
///
/// From a git repository or an image, with a default domain. Nothing is deployed yet.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services", tag = "Services",
    params(InEnvironment), request_body = CreateService,
    responses((status = 201, description = "Made", body = ServiceView)))]
async fn create_service(
    By(acting): By,
    At(place): At<InEnvironment>,
    Body(request): Body<CreateService>,
) -> Result<(StatusCode, Json<ServiceView>), Refusal> {
    let made = acting.create_service(&place.project, &place.environment, request).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Show a service
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}", tag = "Services",
    params(InService), responses((status = 200, description = "The service", body = ServiceView)))]
async fn show_service(By(acting): By, At(place): At<InService>) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.service(&place.service()).await?))
}

/// Change a service's name, source or settings
///
/// What is absent stays. What runs stays as it is until the next deployment.
#[utoipa::path(patch, path = "/projects/{project}/environments/{environment}/services/{service}", tag = "Services",
    params(InService), request_body = UpdateService,
    responses((status = 200, description = "Changed", body = ServiceView)))]
async fn update_service(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<UpdateService>,
) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.update_service(&place.service(), request).await?))
}

/// List what deleting the service takes with it
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/deletion",
    tag = "Services", params(InService),
    responses((status = 200, description = "What goes and what stays", body = DeletionPreview)))]
async fn preview_service_deletion(
    By(acting): By,
    At(place): At<InService>,
) -> Result<Json<DeletionPreview>, Refusal> {
    Ok(Json(acting.preview_service_deletion(&place.service()).await?))
}

/// Delete a service
///
/// Volumes stay. Confirmed by the service's name.
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}", tag = "Services",
    params(InService), request_body = ConfirmDeletion, responses((status = 204, description = "Deleted")))]
async fn delete_service(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<ConfirmDeletion>,
) -> Result<StatusCode, Refusal> {
    acting.delete_service(&place.service(), request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keep a credential for the repository or registry
///
/// It is sealed and never shown again. An empty secret removes it.
#[utoipa::path(put, path = "/projects/{project}/environments/{environment}/services/{service}/credential",
    tag = "Services", params(InService), request_body = SetCredential,
    responses((status = 204, description = "Kept")))]
async fn set_credential(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<SetCredential>,
) -> Result<StatusCode, Refusal> {
    acting.set_credential(&place.service(), request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show where the service is pushed to
///
/// The addresses of the repository that Berth keeps for it. A push to its branch deploys, and is accepted when that is
/// live.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/remote",
    tag = "Services", params(InService), responses((status = 200, description = "The remote", body = RemoteView)))]
async fn show_remote(By(acting): By, At(place): At<InService>) -> Result<Json<RemoteView>, Refusal> {
    Ok(Json(acting.remote(&place.service()).await?))
}

/// Run more or fewer instances
///
/// Of the process that answers requests, or of another one. Without a deployment; new instances get requests once they
/// answer, and those that go finish theirs first.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/scale",
    tag = "Services", params(InService), request_body = ScaleRequest,
    responses((status = 200, description = "Being changed", body = ServiceView)))]
async fn scale_service(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<ScaleRequest>,
) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.scale(&place.service(), request).await?))
}

/// Stop a service
///
/// It stays stopped, over restarts too, until it is started or deployed.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/stop",
    tag = "Services", params(InService), responses((status = 200, description = "Stopped", body = ServiceView)))]
async fn stop_service(By(acting): By, At(place): At<InService>) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.stop_service(&place.service()).await?))
}

/// Start a stopped service with its last live release
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/start",
    tag = "Services", params(InService), responses((status = 200, description = "Starting", body = ServiceView)))]
async fn start_service(By(acting): By, At(place): At<InService>) -> Result<Json<ServiceView>, Refusal> {
    Ok(Json(acting.start_service(&place.service()).await?))
}
