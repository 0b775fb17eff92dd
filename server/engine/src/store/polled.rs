//! Where branches were when Berth last asked by itself.

use super::{StoreResult, Writing, entities::services, json::to_json};
use berth_domain::ids::ServiceId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};

/// Where a branch was when it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolledHead {
    pub url: String,
    pub branch: String,
    pub head: String,
}

impl Writing<'_> {
    /// Keeps where a branch was seen; answers whether the service is there.
    pub async fn keep_polled(&self, service: ServiceId, polled: &PolledHead) -> StoreResult<bool> {
        let update = services::Entity::update_many()
            .col_expr(services::Column::Polled, Expr::value(Some(to_json(polled))))
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::Id.eq(service.0));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }
}
