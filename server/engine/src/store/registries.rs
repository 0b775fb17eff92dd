//! Registries of images; their credentials are sealed before they come here.

use super::{
    Scoped, StoreResult, Writing,
    entities::registries::{ActiveModel, Column, Entity, Model},
    json::clean,
    now,
};
use berth_domain::ids::RegistryId;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};

/// A registry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRow {
    pub id: RegistryId,
    pub address: String,
    pub prefix: String,
    pub username: String,
    /// Sealed for `registries.sealed` of this row.
    pub sealed: Vec<u8>,
    pub push: bool,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

impl Scoped<'_> {
    /// The registries by address and prefix: shorter prefixes first.
    pub async fn registries(&self) -> StoreResult<Vec<RegistryRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .order_by_asc(Column::Address)
            .order_by_asc(Column::Prefix);
        Ok(rows.all(&self.db).await?.into_iter().map(row).collect())
    }
}

impl Writing<'_> {
    /// Makes a registry; refused when there is one of this address and prefix.
    pub async fn insert_registry(&self, new: &RegistryRow) -> StoreResult<()> {
        let row = ActiveModel {
            id: Set(new.id.0),
            organisation_id: Set(self.scope.0.0),
            address: Set(clean(&new.address)),
            prefix: Set(clean(&new.prefix)),
            username: Set(clean(&new.username)),
            sealed: Set(new.sealed.clone()),
            push: Set(new.push),
            changed_by: Set(clean(&new.changed_by)),
            changed_at: Set(now()),
        };
        Entity::insert(row).exec_without_returning(&self.db).await?;
        self.only_pushes_to(new).await
    }

    /// Writes over a registry of the same id; answers whether it was there.
    pub async fn replace_registry(&self, new: &RegistryRow) -> StoreResult<bool> {
        let update = Entity::update_many()
            .col_expr(Column::Address, Expr::value(clean(&new.address)))
            .col_expr(Column::Prefix, Expr::value(clean(&new.prefix)))
            .col_expr(Column::Username, Expr::value(clean(&new.username)))
            .col_expr(Column::Sealed, Expr::value(new.sealed.clone()))
            .col_expr(Column::Push, Expr::value(new.push))
            .col_expr(Column::ChangedBy, Expr::value(clean(&new.changed_by)))
            .col_expr(Column::ChangedAt, Expr::value(now()))
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Id.eq(new.id.0));
        let replaced = update.exec(&self.db).await?.rows_affected == 1;
        self.only_pushes_to(new).await?;
        Ok(replaced)
    }

    /// What is built goes to one registry at the most.
    async fn only_pushes_to(&self, new: &RegistryRow) -> StoreResult<()> {
        if new.push {
            let others = Entity::update_many()
                .col_expr(Column::Push, Expr::value(false))
                .filter(Column::OrganisationId.eq(self.scope.0.0))
                .filter(Column::Id.ne(new.id.0));
            others.exec(&self.db).await?;
        }
        Ok(())
    }

    /// Removes a registry; answers whether it was there.
    pub async fn delete_registry(&self, id: RegistryId) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

fn row(row: Model) -> RegistryRow {
    RegistryRow {
        id: RegistryId(row.id),
        address: row.address,
        prefix: row.prefix,
        username: row.username,
        sealed: row.sealed,
        push: row.push,
        changed_by: row.changed_by,
        changed_at: row.changed_at,
    }
}
