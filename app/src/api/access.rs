//! How Berth gets at a service's repository.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{
    access::{AccessView, BranchesView},
    service::ServicePath,
};
use leptos::prelude::*;

/// What is kept to get at the repository, as far as it may be shown.
#[server(prefix = "/panel", endpoint = "access")]
pub async fn load_access(path: ServicePath) -> Result<AccessView, PanelError> {
    Ok(super::acting().await?.access(&path).await?)
}

/// Makes a key pair; its private half takes the place of the credential.
#[server(prefix = "/panel", endpoint = "deploy_key")]
pub async fn make_deploy_key(path: String) -> Result<AccessView, PanelError> {
    let path = forms::path(&path)?;
    let made = super::acting().await?.make_deploy_key(&path).await?;
    super::done(&format!("/projects/{path}/settings"), "deploy-key-made");
    Ok(made)
}

/// Forgets the SSH key of the repository's host.
#[server(prefix = "/panel", endpoint = "host_key_forget")]
pub async fn forget_host_key(path: String) -> Result<(), PanelError> {
    let path = forms::path(&path)?;
    super::acting().await?.forget_host_key(&path).await?;
    super::done(&format!("/projects/{path}/settings"), "host-key-forgotten");
    Ok(())
}

/// Asks the repository for its branches.
#[server(prefix = "/panel", endpoint = "branches")]
pub async fn ask_branches(path: String) -> Result<BranchesView, PanelError> {
    let path = forms::path(&path)?;
    let branches = super::acting().await?.branches(&path).await?;
    super::done(&format!("/projects/{path}/settings"), "repository-answers");
    Ok(branches)
}

/// Deploys another branch from now on.
#[server(prefix = "/panel", endpoint = "service_branch")]
pub async fn set_branch(path: String, branch: String) -> Result<(), PanelError> {
    use berth_domain::{service::UpdateService, source::Source};
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    let mut source = acting.service(&path).await?.source;
    match &mut source {
        Source::Git(git) => git.branch = branch,
        Source::Pushed(pushed) => pushed.branch = branch,
        Source::Image(_) => return Err(forms::invalid("branch", "An image has no branches.")),
    }
    let request = UpdateService { source: Some(source), ..UpdateService::default() };
    acting.update_service(&path, request).await?;
    super::done(&format!("/projects/{path}/settings"), "service-changed");
    Ok(())
}
