//! Projects.

use super::{
    extract::{Ask, At, Body, By},
    places::InProject,
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::{
    page::{Page, PageQuery},
    project::{CreateProject, ProjectSummary, ProjectView},
    service::{ConfirmDeletion, DeletionPreview, Rename},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_projects, create_project))
        .routes(routes!(show_project, rename_project, delete_project))
        .routes(routes!(preview_project_deletion))
}

/// List projects
///
/// By name; the search also matches the names of the services in them.
#[utoipa::path(get, path = "/projects", tag = "Projects", params(PageQuery),
    responses((status = 200, description = "A part of the list", body = Page<ProjectSummary>)))]
async fn list_projects(
    By(acting): By,
    Ask(query): Ask<PageQuery>,
) -> Result<Json<Page<ProjectSummary>>, Refusal> {
    Ok(Json(acting.list_projects(query).await?))
}

/// Make a project
///
/// It comes with an environment `production`.
#[utoipa::path(post, path = "/projects", tag = "Projects", request_body = CreateProject,
    responses((status = 201, description = "Made", body = ProjectView)))]
async fn create_project(
    By(acting): By,
    Body(request): Body<CreateProject>,
) -> Result<(StatusCode, Json<ProjectView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.create_project(request).await?)))
}

/// Show a project with its environments and services
#[utoipa::path(get, path = "/projects/{project}", tag = "Projects", params(InProject),
    responses((status = 200, description = "The project", body = ProjectView)))]
async fn show_project(By(acting): By, At(place): At<InProject>) -> Result<Json<ProjectView>, Refusal> {
    Ok(Json(acting.project(&place.project).await?))
}

/// Rename a project
#[utoipa::path(patch, path = "/projects/{project}", tag = "Projects", params(InProject), request_body = Rename,
    responses((status = 200, description = "Renamed", body = ProjectView)))]
async fn rename_project(
    By(acting): By,
    At(place): At<InProject>,
    Body(request): Body<Rename>,
) -> Result<Json<ProjectView>, Refusal> {
    Ok(Json(acting.rename_project(&place.project, request).await?))
}

/// List what deleting the project takes with it
#[utoipa::path(get, path = "/projects/{project}/deletion", tag = "Projects", params(InProject),
    responses((status = 200, description = "What goes and what stays", body = DeletionPreview)))]
async fn preview_project_deletion(
    By(acting): By,
    At(place): At<InProject>,
) -> Result<Json<DeletionPreview>, Refusal> {
    Ok(Json(acting.preview_project_deletion(&place.project).await?))
}

/// Delete a project
///
/// And everything that runs in it; volumes stay. Confirmed by the project's name.
#[utoipa::path(delete, path = "/projects/{project}", tag = "Projects", params(InProject), request_body = ConfirmDeletion,
    responses((status = 204, description = "Deleted")))]
async fn delete_project(
    By(acting): By,
    At(place): At<InProject>,
    Body(request): Body<ConfirmDeletion>,
) -> Result<StatusCode, Refusal> {
    acting.delete_project(&place.project, request).await?;
    Ok(StatusCode::NO_CONTENT)
}
