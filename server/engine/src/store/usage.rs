//! What the reconcilers and the disk page need of all services at once, and the database's own size.

use super::{
    Scoped, Store, StoreResult,
    entities::{deployments, environments, projects, services},
    services::{path, to_environment, to_project},
};
use berth_domain::{
    ids::{DeploymentId, EnvironmentId, OrganisationId, ServiceId},
    service::ServicePath,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QuerySelect, Select,
    Statement,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// How many ids are asked for at once.
const BATCH: usize = 500;

/// A service with its organisation and the three names that lead to it.
type Named = (Uuid, Uuid, String, String, String);

fn named() -> Select<services::Entity> {
    services::Entity::find()
        .select_only()
        .columns([services::Column::Id, services::Column::OrganisationId])
        .column(projects::Column::Name)
        .column(environments::Column::Name)
        .column(services::Column::Name)
        .join(JoinType::InnerJoin, to_environment())
        .join(JoinType::InnerJoin, to_project())
}

impl Scoped<'_> {
    /// The names of every service of this organisation.
    pub async fn service_paths(&self) -> StoreResult<Vec<(ServiceId, ServicePath)>> {
        let select = named().filter(services::Column::OrganisationId.eq(self.scope.0.0));
        let rows: Vec<Named> = select.into_tuple().all(&self.db).await?;
        let path = |(id, _, project, environment, name): Named| {
            Ok((ServiceId(id), path(id, &project, &environment, &name)?))
        };
        rows.into_iter().map(path).collect()
    }
}

impl Store {
    /// Every service of every organisation with the names that lead to it.
    pub async fn service_paths_everywhere(
        &self,
    ) -> StoreResult<HashMap<ServiceId, (OrganisationId, ServicePath)>> {
        let rows: Vec<Named> = named().into_tuple().all(&self.reads).await?;
        let path = |(id, organisation, project, environment, name): Named| {
            Ok((ServiceId(id), (OrganisationId(organisation), path(id, &project, &environment, &name)?)))
        };
        rows.into_iter().map(path).collect()
    }

    /// Every environment of every organisation.
    pub async fn environment_ids(&self) -> StoreResult<HashSet<EnvironmentId>> {
        let ids: Vec<Uuid> = environments::Entity::find()
            .select_only()
            .column(environments::Column::Id)
            .into_tuple()
            .all(&self.reads)
            .await?;
        Ok(ids.into_iter().map(EnvironmentId).collect())
    }

    /// The services that these deployments belong to.
    pub async fn services_of(&self, ids: &[DeploymentId]) -> StoreResult<HashMap<DeploymentId, ServiceId>> {
        let mut found = HashMap::new();
        for batch in ids.chunks(BATCH) {
            let rows: Vec<(Uuid, Uuid)> = deployments::Entity::find()
                .select_only()
                .columns([deployments::Column::Id, deployments::Column::ServiceId])
                .filter(deployments::Column::Id.is_in(batch.iter().map(|id| id.0)))
                .into_tuple()
                .all(&self.reads)
                .await?;
            found.extend(rows.into_iter().map(|(id, service)| (DeploymentId(id), ServiceId(service))));
        }
        Ok(found)
    }

    /// What the database takes on disk, in bytes.
    pub async fn database_size(&self) -> StoreResult<u64> {
        let backend = self.reads.get_database_backend();
        let question = match backend {
            DbBackend::Postgres => "SELECT pg_database_size(current_database()) AS size",
            _ => "SELECT page_count * page_size AS size FROM pragma_page_count(), pragma_page_size()",
        };
        let row = self.reads.query_one_raw(Statement::from_string(backend, question)).await?;
        let size: i64 = row.map(|row| row.try_get("", "size")).transpose()?.unwrap_or_default();
        Ok(size.unsigned_abs())
    }
}
