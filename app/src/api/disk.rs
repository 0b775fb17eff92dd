//! What uses the disk, and what nobody wants.

use super::PanelError;
use berth_domain::disk::{DiskView, OrphanReport};
use leptos::prelude::*;

/// What uses the disk, as it was last measured.
#[server(prefix = "/panel", endpoint = "disk")]
pub async fn load_disk() -> Result<DiskView, PanelError> {
    Ok(super::acting().await?.disk().await?)
}

/// Measures the disk now.
#[server(prefix = "/panel", endpoint = "disk_measure")]
pub async fn measure_disk() -> Result<(), PanelError> {
    super::acting().await?.measure_disk().await?;
    super::done("/disk", "disk-measured");
    Ok(())
}

/// What nobody wants, as it was last seen.
#[server(prefix = "/panel", endpoint = "orphans")]
pub async fn load_orphans() -> Result<OrphanReport, PanelError> {
    Ok(super::acting().await?.orphans().await?)
}

/// Removes something that nobody wants; a volume after its time to reconsider.
#[server(prefix = "/panel", endpoint = "orphan_remove")]
pub async fn remove_orphan(
    kind: String,
    name: String,
    #[server(default)] confirm: String,
) -> Result<(), PanelError> {
    use berth_domain::disk::{OrphanKind, RemoveOrphan};
    let acting = super::acting().await?;
    let kind: OrphanKind = kind.parse().map_err(|why: String| PanelError::invalid("kind", why))?;
    acting.remove_orphan(RemoveOrphan { kind, name, confirm }).await?;
    let flash = if kind == OrphanKind::Volume { "volume-marked" } else { "orphan-removed" };
    super::done("/disk/orphans", flash);
    Ok(())
}

/// Keeps a volume of a deleted service that is to be deleted.
#[server(prefix = "/panel", endpoint = "orphan_keep")]
pub async fn keep_orphan(kind: String, name: String) -> Result<(), PanelError> {
    use berth_domain::disk::{OrphanKind, OrphanName};
    let acting = super::acting().await?;
    let kind: OrphanKind = kind.parse().map_err(|why: String| PanelError::invalid("kind", why))?;
    acting.keep_orphan(OrphanName { kind, name }).await?;
    super::done("/disk/orphans", "volume-kept");
    Ok(())
}
