//! Projects and environments.

use super::PanelError;
use berth_domain::{
    page::Page,
    project::{ProjectSummary, ProjectView},
    service::{DeletionPreview, ServiceSummary},
};
#[cfg(feature = "ssr")]
use berth_domain::{page::PageQuery, project as projects, service as services};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
fn filled(text: String) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// How many projects a page of the list has: what fits a screen.
#[cfg(feature = "ssr")]
const ON_A_PAGE: u16 = 12;

/// Lists projects; the search also matches the names of services in them.
#[server(prefix = "/panel", endpoint = "projects/list")]
pub async fn list(
    #[server(default)] search: String,
    #[server(default)] after: String,
) -> Result<Page<ProjectSummary>, PanelError> {
    let query = PageQuery { after: filled(after), limit: Some(ON_A_PAGE), search: filled(search) };
    Ok(super::acting().await?.list_projects(query).await?)
}

/// Finds services of all projects by a part of their path.
#[server(prefix = "/panel", endpoint = "services/search")]
pub async fn search_services(search: String) -> Result<Page<ServiceSummary>, PanelError> {
    let query = PageQuery { after: None, limit: Some(50), search: filled(search) };
    Ok(super::acting().await?.search_services(query).await?)
}

/// A project with its environments and services.
#[server(prefix = "/panel", endpoint = "projects/show")]
pub async fn show(project: String) -> Result<ProjectView, PanelError> {
    let project = super::error::known(&project, "project")?;
    Ok(super::acting().await?.project(&project).await?)
}

/// Makes a project.
#[server(prefix = "/panel", endpoint = "projects/create")]
pub async fn create(name: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let project =
        acting.create_project(projects::CreateProject { name: super::name("name", &name)? }).await?;
    super::done(&format!("/projects/{}", project.name), "project-created");
    Ok(())
}

/// Gives a project another name.
#[server(prefix = "/panel", endpoint = "projects/rename")]
pub async fn rename(project: String, name: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let project = super::error::known(&project, "project")?;
    let renamed =
        acting.rename_project(&project, services::Rename { name: super::name("name", &name)? }).await?;
    super::done(&format!("/projects/{}", renamed.name), "project-renamed");
    Ok(())
}

/// Lists what deleting a project takes with it.
#[server(prefix = "/panel", endpoint = "projects/deletion")]
pub async fn deletion(project: String) -> Result<DeletionPreview, PanelError> {
    let project = super::error::known(&project, "project")?;
    Ok(super::acting().await?.preview_project_deletion(&project).await?)
}

/// Deletes a project.
#[server(prefix = "/panel", endpoint = "projects/delete")]
pub async fn delete(project: String, confirm: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let project = super::error::known(&project, "project")?;
    acting.delete_project(&project, services::ConfirmDeletion { confirm }).await?;
    super::done("/projects", "project-deleted");
    Ok(())
}

/// Makes an environment.
#[server(prefix = "/panel", endpoint = "environments/create")]
pub async fn create_environment(project: String, name: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let project = super::error::known(&project, "project")?;
    acting
        .create_environment(&project, projects::CreateEnvironment { name: super::name("name", &name)? })
        .await?;
    super::done(&format!("/projects/{project}"), "environment-created");
    Ok(())
}

/// Gives an environment another name.
#[server(prefix = "/panel", endpoint = "environments/rename")]
pub async fn rename_environment(
    project: String,
    environment: String,
    name: String,
) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let project = super::error::known(&project, "project")?;
    let environment = super::error::known(&environment, "environment")?;
    acting
        .rename_environment(&project, &environment, services::Rename { name: super::name("name", &name)? })
        .await?;
    super::done(&format!("/projects/{project}"), "environment-renamed");
    Ok(())
}

/// Lists what deleting an environment takes with it.
#[server(prefix = "/panel", endpoint = "environments/deletion")]
pub async fn environment_deletion(
    project: String,
    environment: String,
) -> Result<DeletionPreview, PanelError> {
    let project = super::error::known(&project, "project")?;
    let environment = super::error::known(&environment, "environment")?;
    Ok(super::acting().await?.preview_environment_deletion(&project, &environment).await?)
}

/// Deletes an environment.
#[server(prefix = "/panel", endpoint = "environments/delete")]
pub async fn delete_environment(
    project: String,
    environment: String,
    confirm: String,
) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    let project = super::error::known(&project, "project")?;
    let environment = super::error::known(&environment, "environment")?;
    acting.delete_environment(&project, &environment, services::ConfirmDeletion { confirm }).await?;
    super::done(&format!("/projects/{project}"), "environment-deleted");
    Ok(())
}
