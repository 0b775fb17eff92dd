//! Domains of a service.

use super::{
    extract::{At, Body, By},
    places::{InDomain, InService},
};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::{
    domain_name::{AddDomain, DomainView},
    domain_settings::ChangeDomain,
    proxy_view::ProxyView,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_domains, add_domain))
        .routes(routes!(show_domain, change_domain, remove_domain))
        .routes(routes!(seen_by_proxy))
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

/// Read a domain with its settings
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/domains/{id}",
    tag = "Domains", params(InDomain), responses((status = 200, description = "The domain", body = DomainView)))]
async fn show_domain(By(acting): By, At(place): At<InDomain>) -> Result<Json<DomainView>, Refusal> {
    Ok(Json(acting.domain(&place.service(), place.id).await?))
}

/// Change what a domain does
///
/// A field that is not there stays as it is, and null takes a setting away. Effective at once and without a deployment:
/// the answer comes when the proxy has confirmed it. When the proxy does not answer with the new settings, the former
/// ones hold.
#[utoipa::path(patch, path = "/projects/{project}/environments/{environment}/services/{service}/domains/{id}",
    tag = "Domains", params(InDomain), request_body = ChangeDomain,
    responses((status = 200, description = "In effect", body = DomainView)))]
async fn change_domain(
    By(acting): By,
    At(place): At<InDomain>,
    Body(change): Body<ChangeDomain>,
) -> Result<Json<DomainView>, Refusal> {
    Ok(Json(acting.change_domain(&place.service(), place.id, change).await?))
}

/// See a service as the proxy does
///
/// Its routers, services and middlewares, as Traefik's API tells them now; without passwords and keys.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/proxy",
    tag = "Domains", params(InService), responses((status = 200, description = "What Traefik has", body = ProxyView)))]
async fn seen_by_proxy(By(acting): By, At(place): At<InService>) -> Result<Json<ProxyView>, Refusal> {
    Ok(Json(acting.seen_by_proxy(&place.service()).await?))
}

/// Remove a domain; effective at once
#[utoipa::path(delete, path = "/projects/{project}/environments/{environment}/services/{service}/domains/{id}",
    tag = "Domains", params(InDomain), responses((status = 204, description = "Removed")))]
async fn remove_domain(By(acting): By, At(place): At<InDomain>) -> Result<StatusCode, Refusal> {
    acting.remove_domain(&place.service(), place.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
