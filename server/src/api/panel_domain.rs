//! The panel's own host name.

use super::extract::{Body, By};
use crate::http::{App, Refusal};
use axum::{Json, http::StatusCode};
use berth_domain::panel_domain::{PanelDomainView, SetPanelDomain};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_panel_domain, set_panel_domain, remove_panel_domain))
}

/// Show where the panel is reached
#[utoipa::path(get, path = "/panel-domain", tag = "Certificates",
    responses((status = 200, description = "The panel's address", body = PanelDomainView)))]
async fn show_panel_domain(By(acting): By) -> Result<Json<PanelDomainView>, Refusal> {
    Ok(Json(acting.panel_domain().await?))
}

/// Give the panel a host name
///
/// The proxy leads it to the panel at once; its certificate is ordered like that of a service's domain. The panel's port
/// stays open.
#[utoipa::path(put, path = "/panel-domain", tag = "Certificates", request_body = SetPanelDomain,
    responses((status = 200, description = "Set", body = PanelDomainView)))]
async fn set_panel_domain(
    By(acting): By,
    Body(request): Body<SetPanelDomain>,
) -> Result<Json<PanelDomainView>, Refusal> {
    Ok(Json(acting.set_panel_domain(request).await?))
}

/// Take the panel's host name away
#[utoipa::path(delete, path = "/panel-domain", tag = "Certificates",
    responses((status = 204, description = "The panel is reached at its port alone")))]
async fn remove_panel_domain(By(acting): By) -> Result<StatusCode, Refusal> {
    acting.remove_panel_domain().await?;
    Ok(StatusCode::NO_CONTENT)
}
