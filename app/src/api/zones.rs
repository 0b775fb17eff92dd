//! Zones whose names share one certificate.

use super::PanelError;
#[cfg(feature = "ssr")]
use berth_domain::zone::DnsHost;
use berth_domain::zone::ZoneView;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who keeps a zone, as a form has it: only the fields that the host needs are there.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ZoneForm {
    pub zone: String,
    pub token: String,
    pub key_name: String,
    pub consumer_key: String,
    pub server: String,
    pub algorithm: String,
}

impl fmt::Debug for ZoneForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneForm").field("zone", &self.zone).finish_non_exhaustive()
    }
}

/// The zones.
#[server(prefix = "/panel", endpoint = "zones")]
pub async fn load_zones() -> Result<Vec<ZoneView>, PanelError> {
    Ok(super::acting().await?.zones().await?)
}

/// Sets who keeps a zone.
#[server(prefix = "/panel", endpoint = "zone_keep")]
pub async fn keep_zone(kind: String, #[server(flatten)] form: ZoneForm) -> Result<(), PanelError> {
    use berth_domain::zone::KeepZone;
    let acting = super::acting().await?;
    let host: DnsHost = kind.parse().map_err(|why: String| PanelError::invalid("kind", why))?;
    let zone = form.zone.trim().parse().map_err(|why: String| PanelError::invalid("zone", why))?;
    let algorithm = match form.algorithm.as_str() {
        "" => None,
        word => Some(word.parse().map_err(|why: String| PanelError::invalid("algorithm", why))?),
    };
    let ZoneForm { token, key_name, consumer_key, server, .. } = form;
    acting.keep_zone(zone, KeepZone { host, token, key_name, consumer_key, server, algorithm }).await?;
    super::done("/certificates", "zone-kept");
    Ok(())
}

/// Puts a record into a zone and takes it out again.
#[server(prefix = "/panel", endpoint = "zone_try")]
pub async fn try_zone(zone: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let zone = zone.trim().parse().map_err(|why: String| PanelError::invalid("zone", why))?;
    let tried = acting.try_zone(&zone).await?;
    if !tried.seen {
        let why = "A record was put there and taken out again, but the DNS did not show it within ten seconds. Some \
            hosts take longer; else look whether the domain's name servers are theirs.";
        return Err(PanelError::invalid("zone", why));
    }
    super::done("/certificates", "zone-tried");
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
