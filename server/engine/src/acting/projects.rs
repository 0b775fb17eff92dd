//! Verbs about projects and environments.

use super::Acting;
use crate::Result;
use berth_domain::{
    name::Name,
    page::{Page, PageQuery},
    project::{CreateEnvironment, CreateProject, EnvironmentView, ProjectSummary, ProjectView},
    service::{ConfirmDeletion, DeletionPreview, Rename},
};

impl Acting {
    /// Lists projects by name; the search also matches the names of services in them.
    pub async fn list_projects(&self, _query: PageQuery) -> Result<Page<ProjectSummary>> {
        todo!()
    }

    /// Makes a project with an environment `production`.
    pub async fn create_project(&self, _request: CreateProject) -> Result<ProjectView> {
        todo!()
    }

    /// A project with its environments and services.
    pub async fn project(&self, _project: &Name) -> Result<ProjectView> {
        todo!()
    }

    /// Gives a project another name.
    pub async fn rename_project(&self, _project: &Name, _request: Rename) -> Result<ProjectView> {
        todo!()
    }

    /// Lists what deleting the project takes with it.
    pub async fn preview_project_deletion(&self, _project: &Name) -> Result<DeletionPreview> {
        todo!()
    }

    /// Deletes a project and everything that runs in it; volumes stay.
    pub async fn delete_project(&self, _project: &Name, _request: ConfirmDeletion) -> Result<()> {
        todo!()
    }

    /// Makes an environment.
    pub async fn create_environment(
        &self,
        _project: &Name,
        _request: CreateEnvironment,
    ) -> Result<EnvironmentView> {
        todo!()
    }

    /// An environment with its services.
    pub async fn environment(&self, _project: &Name, _environment: &Name) -> Result<EnvironmentView> {
        todo!()
    }

    /// Gives an environment another name.
    pub async fn rename_environment(
        &self,
        _project: &Name,
        _environment: &Name,
        _request: Rename,
    ) -> Result<EnvironmentView> {
        todo!()
    }

    /// Lists what deleting the environment takes with it.
    pub async fn preview_environment_deletion(
        &self,
        _project: &Name,
        _environment: &Name,
    ) -> Result<DeletionPreview> {
        todo!()
    }

    /// Deletes an environment and everything that runs in it; volumes stay.
    pub async fn delete_environment(
        &self,
        _project: &Name,
        _environment: &Name,
        _request: ConfirmDeletion,
    ) -> Result<()> {
        todo!()
    }
}
