//! Verbs about deployments.

use super::Acting;
use crate::Result;
use berth_domain::{
    deployment::{DeployRequest, DeploymentView, RollbackRequest},
    page::{Page, PageQuery},
    release::RollbackPreview,
    service::ServicePath,
};

impl Acting {
    /// Queues a deployment of the service's source as it is now.
    pub async fn deploy(&self, _path: &ServicePath, _request: DeployRequest) -> Result<DeploymentView> {
        todo!()
    }

    /// A service's deployments, newest first.
    pub async fn deployments(&self, _path: &ServicePath, _query: PageQuery) -> Result<Page<DeploymentView>> {
        todo!()
    }

    /// One deployment by its number.
    pub async fn deployment(&self, _path: &ServicePath, _number: u64) -> Result<DeploymentView> {
        todo!()
    }

    /// Stops a deployment that has not moved the traffic yet.
    pub async fn cancel_deployment(&self, _path: &ServicePath, _number: u64) -> Result<DeploymentView> {
        todo!()
    }

    /// What going back to the release of an earlier deployment would change.
    pub async fn preview_rollback(&self, _path: &ServicePath, _to: u64) -> Result<RollbackPreview> {
        todo!()
    }

    /// Queues a deployment of an earlier release.
    pub async fn roll_back(&self, _path: &ServicePath, _request: RollbackRequest) -> Result<DeploymentView> {
        todo!()
    }
}
