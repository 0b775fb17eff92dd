//! How a deployment stands, without the rest of it.

use super::{Scoped, StoreResult, entities::deployments, json::At};
use berth_domain::{
    deployment::Status,
    ids::{DeploymentId, ServiceId},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

impl Scoped<'_> {
    /// The deployment of that number, and how it stands.
    pub async fn deployment_status(
        &self,
        service: ServiceId,
        number: u64,
    ) -> StoreResult<Option<(DeploymentId, Status)>> {
        let Ok(number) = i64::try_from(number) else { return Ok(None) };
        let found: Option<(Uuid, String)> = deployments::Entity::find()
            .select_only()
            .columns([deployments::Column::Id, deployments::Column::Status])
            .filter(deployments::Column::OrganisationId.eq(self.scope.0.0))
            .filter(deployments::Column::ServiceId.eq(service.0))
            .filter(deployments::Column::Number.eq(number))
            .into_tuple()
            .one(&self.db)
            .await?;
        let status = |(id, status): (Uuid, String)| {
            let at = At { table: "deployments", id };
            Ok((DeploymentId(id), at.text("status", &status)?))
        };
        found.map(status).transpose()
    }
}
