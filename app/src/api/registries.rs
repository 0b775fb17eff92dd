//! Registries of images.

use super::PanelError;
use berth_domain::registry::RegistryView;
#[cfg(feature = "ssr")]
use berth_domain::registry::SetRegistry;
use leptos::prelude::*;

/// The registries, without their passwords.
#[server(prefix = "/panel", endpoint = "registries")]
pub async fn registries() -> Result<Vec<RegistryView>, PanelError> {
    Ok(super::acting().await?.registries().await?)
}

/// Adds a registry, or changes the one of this id, once it has taken the credentials.
#[server(prefix = "/panel", endpoint = "registries/keep")]
pub async fn keep_registry(
    /// Empty for a new one.
    #[server(default)]
    registry: String,
    address: String,
    #[server(default)] prefix: String,
    username: String,
    #[server(default)] secret: String,
    #[server(default)] push: bool,
) -> Result<RegistryView, PanelError> {
    let acting = super::acting().await?;
    let request = SetRegistry { address, prefix, username, secret: secret.trim().to_owned(), push };
    let kept = match registry.as_str() {
        "" => acting.add_registry(request).await?,
        id => acting.change_registry(known(id)?, request).await?,
    };
    super::done("/registries", "registry-kept");
    Ok(kept)
}

/// Removes a registry.
#[server(prefix = "/panel", endpoint = "registries/delete")]
pub async fn delete_registry(registry: String) -> Result<(), PanelError> {
    super::acting().await?.delete_registry(known(&registry)?).await?;
    super::done("/registries", "registry-deleted");
    Ok(())
}

#[cfg(feature = "ssr")]
fn known(id: &str) -> Result<berth_domain::ids::RegistryId, PanelError> {
    id.parse().map_err(|_| berth_domain::problem::Problem::not_found("registry").into())
}
