//! Connections to git hosts; their tokens and keys are sealed before they come here.

use super::{
    Scoped, Store, StoreResult, Writing,
    entities::connections::{ActiveModel, Column, Entity, Model},
    json::{At, clean},
    now,
    services::{Joined, service, with_path},
};
use crate::store::{ServiceRow, entities::services};
use berth_domain::{
    connection::ConnectionKind,
    ids::{ConnectionId, OrganisationId},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};

/// A connection as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    pub id: ConnectionId,
    pub organisation: OrganisationId,
    pub kind: ConnectionKind,
    pub url: String,
    pub account: String,
    /// Sealed for `connections.sealed` of this row.
    pub sealed: Vec<u8>,
    /// Where the App is installed.
    pub installation: Option<u64>,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// A connection of any organisation: for an App's webhook, which knows nothing but the id.
    pub async fn connection_anywhere(&self, id: ConnectionId) -> StoreResult<Option<ConnectionRow>> {
        Entity::find_by_id(id.0).one(&self.reads).await?.map(row).transpose()
    }
}

impl Scoped<'_> {
    /// The connections, by host.
    pub async fn connections(&self) -> StoreResult<Vec<ConnectionRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .order_by_asc(Column::Url)
            .order_by_asc(Column::Account);
        rows.all(&self.db).await?.into_iter().map(row).collect()
    }

    /// The connection of that id.
    pub async fn connection(&self, id: ConnectionId) -> StoreResult<Option<ConnectionRow>> {
        let row_of =
            Entity::find().filter(Column::OrganisationId.eq(self.scope.0.0)).filter(Column::Id.eq(id.0));
        row_of.one(&self.db).await?.map(row).transpose()
    }

    /// Every service of the organisation.
    pub async fn all_services(&self) -> StoreResult<Vec<ServiceRow>> {
        let all = with_path().filter(services::Column::OrganisationId.eq(self.scope.0.0));
        let all = all.order_by_asc(services::Column::Id);
        all.into_model::<Joined>().all(&self.db).await?.into_iter().map(service).collect()
    }
}

impl Writing<'_> {
    /// Makes a connection; refused when there is one of this kind, host and account.
    pub async fn insert_connection(&self, new: &ConnectionRow) -> StoreResult<()> {
        let row = ActiveModel {
            id: Set(new.id.0),
            organisation_id: Set(self.scope.0.0),
            kind: Set(new.kind.to_string()),
            url: Set(clean(&new.url)),
            account: Set(clean(&new.account)),
            sealed: Set(new.sealed.clone()),
            installation: Set(new.installation.map(u64::cast_signed)),
            changed_by: Set(clean(&new.changed_by)),
            changed_at: Set(now()),
        };
        Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Notes where an App is installed.
    pub async fn note_installation(&self, id: ConnectionId, installation: Option<u64>) -> StoreResult<bool> {
        let update = Entity::update_many()
            .col_expr(Column::Installation, Expr::value(installation.map(u64::cast_signed)))
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Id.eq(id.0));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Removes a connection; answers whether it was there.
    pub async fn delete_connection(&self, id: ConnectionId) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

fn row(row: Model) -> StoreResult<ConnectionRow> {
    let at = At { table: "connections", id: row.id };
    Ok(ConnectionRow {
        id: row.id.into(),
        organisation: row.organisation_id.into(),
        kind: at.text("kind", &row.kind)?,
        url: row.url,
        account: row.account,
        sealed: row.sealed,
        installation: row.installation.map(i64::cast_unsigned),
        changed_by: row.changed_by,
        changed_at: row.changed_at,
    })
}
