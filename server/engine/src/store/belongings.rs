//! What goes with a service when it is deleted, as numbers.

use super::{
    Scoped, StoreResult,
    entities::{deliveries, deployments, domains, published_ports, releases, services, variables},
};
use berth_domain::ids::ServiceId;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Select};
use uuid::Uuid;

/// How many rows belong to some services.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Belongings {
    pub services: u64,
    pub deployments: u64,
    pub releases: u64,
    pub variables: u64,
    pub domains: u64,
    pub ports: u64,
    pub deliveries: u64,
}

impl Scoped<'_> {
    /// Counts what belongs to these services of this organisation.
    pub async fn belongings(&self, services: &[ServiceId]) -> StoreResult<Belongings> {
        let ids: Vec<Uuid> = services.iter().map(|id| id.0).collect();
        macro_rules! count {
            ($table:ident) => {
                self.count(
                    $table::Entity::find()
                        .filter($table::Column::OrganisationId.eq(self.scope.0.0))
                        .filter($table::Column::ServiceId.is_in(ids.iter().copied())),
                )
                .await?
            };
        }
        let there = services::Entity::find()
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::Id.is_in(ids.iter().copied()));
        Ok(Belongings {
            services: self.count(there).await?,
            deployments: count!(deployments),
            releases: count!(releases),
            variables: count!(variables),
            domains: count!(domains),
            ports: count!(published_ports),
            deliveries: count!(deliveries),
        })
    }

    async fn count<E>(&self, select: Select<E>) -> StoreResult<u64>
    where
        E: EntityTrait,
        E::Model: Sync,
    {
        Ok(select.count(&self.db).await?)
    }
}
