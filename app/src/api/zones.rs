//! Zones whose names share one certificate.

use super::PanelError;
use berth_domain::certificate::ZoneView;
use leptos::prelude::*;

/// The zones.
#[server(prefix = "/panel", endpoint = "zones")]
pub async fn load_zones() -> Result<Vec<ZoneView>, PanelError> {
    Ok(super::acting().await?.zones().await?)
}

/// Sets who keeps a zone.
#[server(prefix = "/panel", endpoint = "zone_keep")]
pub async fn keep_zone(
    zone: String,
    kind: String,
    #[server(default)] token: String,
) -> Result<(), PanelError> {
    use berth_domain::certificate::KeepZone;
    let acting = super::acting().await?;
    let host = kind.parse().map_err(|why: String| PanelError::invalid("kind", why))?;
    let zone = zone.trim().parse().map_err(|why: String| PanelError::invalid("zone", why))?;
    acting.keep_zone(zone, KeepZone { host, token }).await?;
    super::done("/certificates", "zone-kept");
    Ok(())
}

/// Removes a zone.
#[server(prefix = "/panel", endpoint = "zone_remove")]
pub async fn remove_zone(zone: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let zone = zone.trim().parse().map_err(|why: String| PanelError::invalid("zone", why))?;
    acting.remove_zone(&zone).await?;
    super::done("/certificates", "zone-removed");
    Ok(())
}
