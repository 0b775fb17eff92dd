//! Variables; their values are sealed before they come here.

use super::{
    Scoped, StoreResult, Writing,
    entities::variables::{ActiveModel, Column, Entity, Model},
    json::clean,
    now,
};
use berth_domain::ids::{ServiceId, VariableId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};

/// A variable as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableRow {
    pub id: VariableId,
    pub service: ServiceId,
    pub key: String,
    pub secret: bool,
    /// Sealed for `variables.sealed` of this row.
    pub sealed: Vec<u8>,
    /// The keyed digest of the value.
    pub digest: String,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

/// What is written of a variable.
#[derive(Debug, Clone)]
pub struct NewVariable {
    pub id: VariableId,
    pub service: ServiceId,
    pub key: String,
    pub secret: bool,
    pub sealed: Vec<u8>,
    pub digest: String,
    pub changed_by: String,
}

impl Scoped<'_> {
    /// The variables of a service by key.
    pub async fn variables(&self, service: ServiceId) -> StoreResult<Vec<VariableRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(service.0))
            .order_by_asc(Column::Key)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(variable).collect())
    }

    /// One variable of a service.
    pub async fn variable(&self, service: ServiceId, key: &str) -> StoreResult<Option<VariableRow>> {
        let row = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(service.0))
            .filter(Column::Key.eq(clean(key)))
            .one(&self.db)
            .await?;
        Ok(row.map(variable))
    }
}

impl Writing<'_> {
    /// Makes a variable; refused when the key is taken.
    pub async fn insert_variable(&self, new: NewVariable) -> StoreResult<()> {
        let row = ActiveModel {
            id: Set(new.id.0),
            organisation_id: Set(self.scope.0.0),
            service_id: Set(new.service.0),
            key: Set(new.key),
            secret: Set(new.secret),
            sealed: Set(new.sealed),
            digest: Set(new.digest),
            changed_by: Set(new.changed_by),
            changed_at: Set(now()),
        };
        Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes over a variable of the same id; answers whether it was there.
    pub async fn replace_variable(&self, new: NewVariable) -> StoreResult<bool> {
        let update = Entity::update_many()
            .col_expr(Column::Secret, Expr::value(new.secret))
            .col_expr(Column::Sealed, Expr::value(new.sealed))
            .col_expr(Column::Digest, Expr::value(new.digest))
            .col_expr(Column::ChangedBy, Expr::value(new.changed_by))
            .col_expr(Column::ChangedAt, Expr::value(now()))
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(new.service.0))
            .filter(Column::Id.eq(new.id.0));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Removes a variable; answers whether it was there.
    pub async fn delete_variable(&self, service: ServiceId, key: &str) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(service.0))
            .filter(Column::Key.eq(clean(key)));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

fn variable(row: Model) -> VariableRow {
    VariableRow {
        id: VariableId(row.id),
        service: ServiceId(row.service_id),
        key: row.key,
        secret: row.secret,
        sealed: row.sealed,
        digest: row.digest,
        changed_by: row.changed_by,
        changed_at: row.changed_at,
    }
}
