//! How a deployment stands, without the rest of it.

use super::{Scoped, Store, StoreResult, entities::deployments, json::At};
use berth_domain::{
    deployment::Status,
    ids::{DeploymentId, ServiceId},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashSet;
use uuid::Uuid;

/// How many ids are asked for at once.
const BATCH: usize = 500;

impl Store {
    /// Those of these deployments, of whatever organisation, that are no more.
    pub async fn deleted_deployments(&self, ids: &[DeploymentId]) -> StoreResult<Vec<DeploymentId>> {
        let mut there = HashSet::new();
        for batch in ids.chunks(BATCH) {
            let found: Vec<Uuid> = deployments::Entity::find()
                .select_only()
                .column(deployments::Column::Id)
                .filter(deployments::Column::Id.is_in(batch.iter().map(|id| id.0)))
                .into_tuple()
                .all(&self.reads)
                .await?;
            there.extend(found);
        }
        Ok(ids.iter().copied().filter(|id| !there.contains(&id.0)).collect())
    }

    /// How many deployments of all organisations there are, by how they stand. For the operator's metrics.
    pub async fn deployments_by_status(&self) -> StoreResult<Vec<(Status, u64)>> {
        let counted: Vec<(String, i64)> = deployments::Entity::find()
            .select_only()
            .column(deployments::Column::Status)
            .column_as(deployments::Column::Id.count(), "count")
            .group_by(deployments::Column::Status)
            .into_tuple()
            .all(&self.reads)
            .await?;
        let at = At { table: "deployments", id: Uuid::nil() };
        let each = |(status, count): (String, i64)| Ok((at.text("status", &status)?, count.unsigned_abs()));
        counted.into_iter().map(each).collect()
    }
}

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
