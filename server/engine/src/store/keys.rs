//! The public SSH keys of accounts. Each belongs to one account only, so that it says who comes.

use super::{
    Scope, Store, StoreResult, Write,
    entities::ssh_keys::{ActiveModel, Column, Entity, Model},
    json::clean,
};
use berth_domain::{
    account::KeyView,
    ids::{KeyId, OrganisationId, UserId},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr,
};

/// A key as it is kept.
#[derive(Debug, Clone)]
pub struct KeyRow {
    pub user: UserId,
    pub organisation: OrganisationId,
    /// `ssh-ed25519 AAAA...`
    pub public_key: String,
    pub view: KeyView,
}

impl Store {
    /// The key with this fingerprint, of whatever account: who comes is not known before.
    pub async fn key_by_fingerprint(&self, fingerprint: &str) -> StoreResult<Option<KeyRow>> {
        let found = Entity::find().filter(Column::Fingerprint.eq(fingerprint)).one(&self.reads).await?;
        Ok(found.map(row))
    }

    /// A person's keys, the newest first.
    pub async fn keys(&self, scope: Scope, user: UserId) -> StoreResult<Vec<KeyRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(scope.0.0))
            .filter(Column::UserId.eq(user.0))
            .order_by_desc(Column::CreatedAt);
        Ok(rows.all(&self.reads).await?.into_iter().map(row).collect())
    }

    /// Notes that a key was used.
    pub async fn touch_key(&self, id: KeyId, used_at: DateTime<Utc>) -> StoreResult<()> {
        Entity::update_many()
            .col_expr(Column::UsedAt, Expr::value(used_at))
            .filter(Column::Id.eq(id.0))
            .exec(&self.writes)
            .await?;
        Ok(())
    }
}

impl Write {
    /// Keeps a key; refused when an account has it already.
    pub async fn insert_key(&self, new: &KeyRow) -> StoreResult<()> {
        let row = ActiveModel {
            id: Set(new.view.id.0),
            organisation_id: Set(new.organisation.0),
            user_id: Set(new.user.0),
            name: Set(clean(&new.view.name)),
            kind: Set(new.view.kind.clone()),
            fingerprint: Set(new.view.fingerprint.clone()),
            public_key: Set(new.public_key.clone()),
            created_at: Set(new.view.created_at),
            used_at: Set(new.view.used_at),
        };
        Entity::insert(row).exec_without_returning(&self.transaction).await?;
        Ok(())
    }

    /// Removes a key of a person; answers its name when there was one.
    pub async fn delete_key(&self, scope: Scope, user: UserId, id: KeyId) -> StoreResult<Option<String>> {
        let its = Condition::all()
            .add(Column::Id.eq(id.0))
            .add(Column::OrganisationId.eq(scope.0.0))
            .add(Column::UserId.eq(user.0));
        let found = Entity::find().filter(its.clone()).one(&self.transaction).await?;
        let gone = Entity::delete_many().filter(its).exec(&self.transaction).await?;
        Ok(found.filter(|_| gone.rows_affected == 1).map(|row| row.name))
    }

    /// Removes every key of a person.
    pub(super) async fn delete_keys(&self, user: UserId) -> StoreResult<()> {
        Entity::delete_many().filter(Column::UserId.eq(user.0)).exec(&self.transaction).await?;
        Ok(())
    }
}

fn row(row: Model) -> KeyRow {
    let view = KeyView {
        id: row.id.into(),
        name: row.name,
        kind: row.kind,
        fingerprint: row.fingerprint,
        created_at: row.created_at,
        used_at: row.used_at,
    };
    KeyRow {
        user: row.user_id.into(),
        organisation: row.organisation_id.into(),
        public_key: row.public_key,
        view,
    }
}
