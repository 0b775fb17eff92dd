//! Verbs about services.

use super::Acting;
use crate::Result;
use berth_domain::{
    name::Name,
    page::{Page, PageQuery},
    service::{
        ConfirmDeletion, CreateService, DeletionPreview, ServicePath, ServiceSummary, ServiceView,
        SetCredential, UpdateService,
    },
};

impl Acting {
    /// Finds services of all projects by a part of their path.
    pub async fn search_services(&self, _query: PageQuery) -> Result<Page<ServiceSummary>> {
        todo!()
    }

    /// Makes a service and its default domain; nothing is deployed yet.
    pub async fn create_service(
        &self,
        _project: &Name,
        _environment: &Name,
        _request: CreateService,
    ) -> Result<ServiceView> {
        todo!()
    }

    /// Everything that a service's pages show.
    pub async fn service(&self, _path: &ServicePath) -> Result<ServiceView> {
        todo!()
    }

    /// Changes name, source or settings; what runs stays as it is until the next deployment.
    pub async fn update_service(&self, _path: &ServicePath, _request: UpdateService) -> Result<ServiceView> {
        todo!()
    }

    /// Keeps a credential for the repository or registry, sealed; an empty secret removes it.
    pub async fn set_credential(&self, _path: &ServicePath, _request: SetCredential) -> Result<()> {
        todo!()
    }

    /// Lists what deleting the service takes with it.
    pub async fn preview_service_deletion(&self, _path: &ServicePath) -> Result<DeletionPreview> {
        todo!()
    }

    /// Deletes a service; volumes stay.
    pub async fn delete_service(&self, _path: &ServicePath, _request: ConfirmDeletion) -> Result<()> {
        todo!()
    }

    /// Stops a service on purpose; it stays stopped over restarts.
    pub async fn stop_service(&self, _path: &ServicePath) -> Result<ServiceView> {
        todo!()
    }

    /// Starts a stopped service with its last live release.
    pub async fn start_service(&self, _path: &ServicePath) -> Result<ServiceView> {
        todo!()
    }
}
