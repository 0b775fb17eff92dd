//! Domains of a service.

use super::{
    extract::{At, Body, By},
    places::{InDomain, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::domain_name::{AddDomain, DomainView};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_domains, add_domain)).routes(routes!(remove_domain))
}

/// List domains
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/domains",
    tag = "Domains", params(InService),
    responses((status = 200, description = "The domains", body = [DomainView])))]
async fn list_domains(By(acting): By, At(place): At<InService>) -> Result<Json<Vec<DomainView>>, Refusal> {
    Ok(Json(acting.domains(&place.service()).await?))
}

/// Add a domain
///
/// Effective at once when the service is live; a host and path belong to one service only.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/domains",
    tag = "Domains", params(InService), request_body = AddDomain,
    responses((status = 201, description = "Added", body = DomainView)))]
async fn add_domain(
    By(acting): By,
    At(place): At<InService>,
    Body(request): Body<AddDomain>,
) -> Result<(StatusCode, Json<DomainView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.add_domain(&place.service(), request).await?)))
}

/// Remove a domain; effective at once
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/domains/{id}",
    tag = "Domains", params(InDomain), responses((status = 204, description = "Removed")))]
async fn remove_domain(By(acting): By, At(place): At<InDomain>) -> Result<StatusCode, Refusal> {
    acting.remove_domain(&place.service(), place.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
