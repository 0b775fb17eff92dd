//! Previews of pull requests: listed, approved, deployed, removed, set up.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{
    preview::PreviewView,
    service::{ServicePath, ServiceView},
    variable::VariableView,
};
use leptos::prelude::*;

/// The pull requests of a service with their previews.
#[server(prefix = "/panel", endpoint = "previews")]
pub async fn load_previews(path: ServicePath) -> Result<Vec<PreviewView>, PanelError> {
    Ok(super::acting().await?.previews(&path).await?)
}

/// Lets the commit run that the member looked at.
#[server(prefix = "/panel", endpoint = "preview_approve")]
pub async fn approve_preview(path: String, number: u64, commit: String) -> Result<(), PanelError> {
    use berth_domain::preview::ApprovePreview;
    let path = forms::path(&path)?;
    super::acting().await?.approve_preview(&path, number, ApprovePreview { commit }).await?;
    super::done(&format!("/projects/{path}/previews"), "preview-approved");
    Ok(())
}

/// Deploys the newest commit once more.
#[server(prefix = "/panel", endpoint = "preview_redeploy")]
pub async fn redeploy_preview(path: String, number: u64) -> Result<(), PanelError> {
    let path = forms::path(&path)?;
    super::acting().await?.redeploy_preview(&path, number).await?;
    super::done(&format!("/projects/{path}/previews"), "preview-queued");
    Ok(())
}

/// Removes a preview with everything in it.
#[server(prefix = "/panel", endpoint = "preview_remove")]
pub async fn remove_preview(path: String, number: u64) -> Result<(), PanelError> {
    let path = forms::path(&path)?;
    super::acting().await?.remove_preview(&path, number).await?;
    super::done(&format!("/projects/{path}/previews"), "preview-removed");
    Ok(())
}

/// Compares the previews with the git host.
#[server(prefix = "/panel", endpoint = "previews_check")]
pub async fn check_previews(path: String) -> Result<(), PanelError> {
    let path = forms::path(&path)?;
    super::acting().await?.check_previews(&path).await?;
    super::done(&format!("/projects/{path}/previews"), "previews-checked");
    Ok(())
}

/// Turns previews on or off, and says how long and how many.
#[server(prefix = "/panel", endpoint = "previews_set")]
pub async fn set_previews(
    path: String,
    /// Anything here: previews are on.
    #[server(default)]
    on: String,
    /// Hours.
    #[server(default)]
    preview_ttl: String,
    #[server(default)] preview_most: String,
) -> Result<ServiceView, PanelError> {
    use berth_domain::{preview::PreviewSettings, service::UpdateService};
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    let mut settings = acting.service(&path).await?.settings;
    let number = |field, text: &str| {
        text.trim().parse::<u32>().map_err(|_| forms::invalid(field, format!("{text:?} is not a number.")))
    };
    let most = number("preview_most", &preview_most)?;
    settings.previews = PreviewSettings {
        on: !on.is_empty(),
        ttl_h: number("preview_ttl", &preview_ttl)?,
        most: u16::try_from(most).unwrap_or(u16::MAX),
    };
    let request = UpdateService { settings: Some(settings), ..UpdateService::default() };
    let service = acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{path}/previews"), "previews-saved");
    Ok(service)
}

/// The variables that previews get.
#[server(prefix = "/panel", endpoint = "preview_variables")]
pub async fn load_preview_variables(path: ServicePath) -> Result<Vec<VariableView>, PanelError> {
    Ok(super::acting().await?.preview_variables(&path).await?)
}

/// Sets a variable of previews.
#[server(prefix = "/panel", endpoint = "preview_variable_set")]
pub async fn set_preview_variable(
    path: String,
    key: String,
    #[server(default)] value: String,
    /// `plain` for a value that anybody who may read may see.
    #[server(default)]
    kind: String,
) -> Result<(), PanelError> {
    use berth_domain::variable::SetVariable;
    let request = SetVariable { value: forms::text_area(&value), secret: kind != "plain" };
    let path = forms::path(&path)?;
    super::acting().await?.set_preview_variable(&path, key.trim(), request).await?;
    super::done(&format!("/projects/{path}/previews"), "preview-variable-set");
    Ok(())
}

/// Removes a variable of previews.
#[server(prefix = "/panel", endpoint = "preview_variable_delete")]
pub async fn delete_preview_variable(path: String, key: String) -> Result<(), PanelError> {
    let path = forms::path(&path)?;
    super::acting().await?.delete_preview_variable(&path, &key).await?;
    super::done(&format!("/projects/{path}/previews"), "preview-variable-deleted");
    Ok(())
}
