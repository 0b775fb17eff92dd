//! Volumes: listed, mounted, taken away, and their data deleted.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::service::{ServicePath, VolumeView};
use leptos::prelude::*;

/// The volumes of a service as Docker has them.
#[server(prefix = "/panel", endpoint = "volumes")]
pub async fn load_volumes(path: ServicePath) -> Result<Vec<VolumeView>, PanelError> {
    Ok(super::acting().await?.volumes(&path).await?)
}

/// Mounts a volume from the next deployment on.
#[server(prefix = "/panel", endpoint = "volume_add")]
pub async fn add_volume(
    path: String,
    name: String,
    mount: String,
    #[server(default)] read_only: String,
) -> Result<(), PanelError> {
    use berth_domain::service::{UpdateService, VolumeMount};
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    let name = forms::name("name", &name)?;
    let mut settings = acting.service(&path).await?.settings;
    let read_only = !read_only.is_empty();
    settings.volumes.push(VolumeMount { name, path: mount.trim().to_owned(), read_only });
    settings
        .check()
        .map_err(|(field, why)| forms::invalid(if field == "volumes" { "mount" } else { field }, why))?;
    let request = UpdateService { settings: Some(settings), ..UpdateService::default() };
    acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{path}/volumes"), "service-changed");
    Ok(())
}

/// Takes a mount away from the next deployment on; the data stays.
#[server(prefix = "/panel", endpoint = "volume_unmount")]
pub async fn unmount_volume(path: String, name: String) -> Result<(), PanelError> {
    use berth_domain::service::UpdateService;
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    let mut settings = acting.service(&path).await?.settings;
    settings.volumes.retain(|volume| volume.name.as_str() != name);
    let request = UpdateService { settings: Some(settings), ..UpdateService::default() };
    acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{path}/volumes"), "service-changed");
    Ok(())
}

/// Deletes the data of a volume that no instance uses, after a time to reconsider.
#[server(prefix = "/panel", endpoint = "volume_delete")]
pub async fn delete_volume(path: String, name: String, confirm: String) -> Result<(), PanelError> {
    use berth_domain::service::ConfirmDeletion;
    let name = forms::name("name", &name)?;
    let request = ConfirmDeletion { confirm };
    let path = forms::path(&path)?;
    super::acting().await?.delete_volume(&path, &name, request).await?;
    super::done(&format!("/projects/{path}/volumes"), "volume-marked");
    Ok(())
}

/// Takes the deletion of a volume back.
#[server(prefix = "/panel", endpoint = "volume_keep")]
pub async fn keep_volume(path: String, name: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let name = forms::name("name", &name)?;
    let path = forms::path(&path)?;
    acting.keep_volume(&path, &name).await?;
    super::done(&format!("/projects/{path}/volumes"), "volume-kept");
    Ok(())
}
