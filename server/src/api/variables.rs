//! Variables of a service.

use super::{
    extract::{At, Body, By},
    places::{InService, InVariable},
};
use crate::http::{App, Refusal};
use axum::Json;
use berth_domain::variable::{
    ExportedVariables, ImportVariables, RevealedVariable, SetVariable, VariablesView,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_variables))
        .routes(routes!(set_variable, delete_variable))
        .routes(routes!(reveal_variable))
        .routes(routes!(import_variables))
        .routes(routes!(export_variables))
}

/// List variables
///
/// The values of plain ones only; each with how it stands against what runs.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/variables",
    tag = "Variables", params(InService),
    responses((status = 200, description = "The variables", body = VariablesView)))]
async fn list_variables(By(acting): By, At(place): At<InService>) -> Result<Json<VariablesView>, Refusal> {
    Ok(Json(acting.variables(&place.service()).await?))
}

/// Set a variable
#[utoipa::path(put, path = "/projects/{project}/environments/{environment}/services/{service}/variables/{key}",
    tag = "Variables", params(InVariable), request_body = SetVariable,
    responses((status = 200, description = "All variables", body = VariablesView)))]
async fn set_variable(
    By(acting): By,
    At(place): At<InVariable>,
    Body(request): Body<SetVariable>,
) -> Result<Json<VariablesView>, Refusal> {
    Ok(Json(acting.set_variable(&place.service(), &place.key, request).await?))
}

/// Remove a variable
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/variables/{key}",
    tag = "Variables", params(InVariable),
    responses((status = 200, description = "The other variables", body = VariablesView)))]
async fn delete_variable(By(acting): By, At(place): At<InVariable>) -> Result<Json<VariablesView>, Refusal> {
    Ok(Json(acting.delete_variable(&place.service(), &place.key).await?))
}

/// Show the value of one variable
///
/// Also of a secret one. The reading is in the audit trail.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/variables/{key}/reveal",
    tag = "Variables", params(InVariable),
    responses((status = 200, description = "The value", body = RevealedVariable)))]
async fn reveal_variable(
    By(acting): By,
    At(place): At<InVariable>,
) -> Result<Json<RevealedVariable>, Refusal> {
    Ok(Json(acting.reveal_variable(&place.service(), &place.key).await?))
}

/// Read a dotenv text into the service
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/variables/import",
    tag = "Variables", params(InService), request_body = ImportVariables,
    responses((status = 200, description = "All variables", body = VariablesView)))]
async fn import_variables(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<ImportVariables>,
) -> Result<Json<VariablesView>, Refusal> {
    Ok(Json(acting.import_variables(&place.service(), request).await?))
}

/// Show all values as a dotenv text
///
/// Also of secret ones. The reading is in the audit trail.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/variables/export",
    tag = "Variables", params(InService),
    responses((status = 200, description = "The dotenv text", body = ExportedVariables)))]
async fn export_variables(
    By(acting): By,
    At(place): At<InService>,
) -> Result<Json<ExportedVariables>, Refusal> {
    Ok(Json(acting.export_variables(&place.service()).await?))
}
