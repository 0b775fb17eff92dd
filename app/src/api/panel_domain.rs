//! The panel's own host name.

use super::PanelError;
use berth_domain::panel_domain::PanelDomainView;
use leptos::prelude::*;

/// Where the panel is reached.
#[server(prefix = "/panel", endpoint = "panel_domain")]
pub async fn load_panel_domain() -> Result<PanelDomainView, PanelError> {
    Ok(super::acting().await?.panel_domain().await?)
}

/// Gives the panel a host name.
#[server(prefix = "/panel", endpoint = "panel_domain_set")]
pub async fn set_panel_domain(host: String) -> Result<(), PanelError> {
    use berth_domain::panel_domain::SetPanelDomain;
    let acting = super::acting().await?;
    let host = host.trim().parse().map_err(|why: String| PanelError::invalid("host", why))?;
    acting.set_panel_domain(SetPanelDomain { host }).await?;
    super::done("/certificates", "panel-domain-set");
    Ok(())
}

/// Takes the panel's host name away.
#[server(prefix = "/panel", endpoint = "panel_domain_remove")]
pub async fn remove_panel_domain() -> Result<(), PanelError> {
    super::acting().await?.remove_panel_domain().await?;
    super::done("/certificates", "panel-domain-removed");
    Ok(())
}
