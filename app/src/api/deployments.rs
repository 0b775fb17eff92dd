//! Deployments: listed, previewed, asked for, promoted, cancelled, rolled back.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{
    builder::BuildPlan, deployment::DeploymentView, page::Page, plan::PlanPreview, release::RollbackPreview,
    service::ServicePath,
};
use leptos::prelude::*;

/// Rows of the history on one page.
#[cfg(feature = "ssr")]
const ROWS: u16 = 25;

/// A part of a service's deployments, newest first.
#[server(prefix = "/panel", endpoint = "deployments")]
pub async fn load_deployments(
    path: ServicePath,
    #[server(default)] after: Option<String>,
) -> Result<Page<DeploymentView>, PanelError> {
    use berth_domain::page::PageQuery;
    let query = PageQuery { after, limit: Some(ROWS), search: None };
    Ok(super::acting().await?.deployments(&path, query).await?)
}

/// One deployment.
#[server(prefix = "/panel", endpoint = "deployment")]
pub async fn load_deployment(path: ServicePath, number: u64) -> Result<DeploymentView, PanelError> {
    Ok(super::acting().await?.deployment(&path, number).await?)
}

/// Queues a deployment and goes to its page.
#[server(prefix = "/panel", endpoint = "deploy")]
pub async fn deploy(
    path: String,
    /// `restart` for the same commit and image with the present configuration.
    #[server(default)]
    how: String,
    #[server(default)] commit: String,
    #[server(default)] no_cache: String,
) -> Result<(), PanelError> {
    use berth_domain::deployment::DeployRequest;
    let path = forms::path(&path)?;
    let request = DeployRequest {
        commit: forms::optional(&commit).map(str::to_owned),
        no_cache: !no_cache.is_empty(),
        restart: how == "restart",
        ..DeployRequest::default()
    };
    let deployment = super::acting().await?.deploy(&path, request).await?;
    leptos_axum::redirect(&format!("/projects/{path}/deployments/{}", deployment.number));
    Ok(())
}

/// Stops a deployment that has not moved the traffic yet.
#[server(prefix = "/panel", endpoint = "deployment_cancel")]
pub async fn cancel_deployment(path: String, number: u64) -> Result<DeploymentView, PanelError> {
    let path = forms::path(&path)?;
    let deployment = super::acting().await?.cancel_deployment(&path, number).await?;
    super::done(&format!("/projects/{path}/deployments/{number}"), "deployment-cancelled");
    Ok(deployment)
}

/// Lets a canary go on to all requests.
#[server(prefix = "/panel", endpoint = "deployment_promote")]
pub async fn promote_deployment(path: String, number: u64) -> Result<DeploymentView, PanelError> {
    let path = forms::path(&path)?;
    let deployment = super::acting().await?.promote_deployment(&path, number).await?;
    super::done(&format!("/projects/{path}/deployments/{number}"), "deployment-promoted");
    Ok(deployment)
}

/// What a deployment would do now, step by step.
#[server(prefix = "/panel", endpoint = "deployment_preview")]
pub async fn preview_deployment(path: ServicePath) -> Result<PlanPreview, PanelError> {
    Ok(super::acting().await?.preview_deployment(&path).await?)
}

/// What a deployment would build now; the source is fetched and looked at.
#[server(prefix = "/panel", endpoint = "build_preview")]
pub async fn preview_build(path: ServicePath) -> Result<BuildPlan, PanelError> {
    Ok(super::acting().await?.preview_build(&path).await?)
}

/// What going back would change.
#[server(prefix = "/panel", endpoint = "rollback_preview")]
pub async fn preview_rollback(path: ServicePath, to: u64) -> Result<RollbackPreview, PanelError> {
    Ok(super::acting().await?.preview_rollback(&path, to).await?)
}

/// Goes back to the release of an earlier deployment, and to the page of the new one.
#[server(prefix = "/panel", endpoint = "rollback")]
pub async fn roll_back(
    path: String,
    to: u64,
    #[server(default)] keep_variables: String,
) -> Result<(), PanelError> {
    use berth_domain::deployment::RollbackRequest;
    let path = forms::path(&path)?;
    let request = RollbackRequest { to, keep_variables: !keep_variables.is_empty() };
    let deployment = super::acting().await?.roll_back(&path, request).await?;
    leptos_axum::redirect(&format!("/projects/{path}/deployments/{}", deployment.number));
    Ok(())
}
