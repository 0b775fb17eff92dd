//! The SSH keys of git hosts, as an organisation saw each at first.

use super::{
    Scoped, StoreResult, Writing,
    entities::known_hosts::{ActiveModel, Column, Entity},
    now,
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

/// The key of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHost {
    /// As `known_hosts` names it.
    pub host: String,
    /// `ssh-ed25519 AAAA...`
    pub key: String,
    pub seen_at: DateTime<Utc>,
}

impl Scoped<'_> {
    /// The key that a host had at the first connection.
    pub async fn known_host(&self, host: &str) -> StoreResult<Option<KnownHost>> {
        let found = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Host.eq(host))
            .one(&self.db)
            .await?;
        Ok(found.map(|row| KnownHost { host: row.host, key: row.keys, seen_at: row.seen_at }))
    }
}

impl Writing<'_> {
    /// Keeps the key of a host that has none yet.
    pub async fn keep_known_host(&self, host: &str, key: &str) -> StoreResult<()> {
        let row = ActiveModel {
            id: Set(Uuid::now_v7()),
            organisation_id: Set(self.scope.0.0),
            host: Set(host.to_owned()),
            keys: Set(key.to_owned()),
            seen_at: Set(now()),
        };
        let first = OnConflict::columns([Column::OrganisationId, Column::Host]).do_nothing().to_owned();
        Entity::insert(row).on_conflict(first).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Forgets the key of a host; answers whether there was one.
    pub async fn forget_known_host(&self, host: &str) -> StoreResult<bool> {
        let gone = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Host.eq(host))
            .exec(&self.db)
            .await?;
        Ok(gone.rows_affected == 1)
    }
}
