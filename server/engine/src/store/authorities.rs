//! Accounts at the authorities that give certificates, and the orders that count towards their limits.

use super::{
    Scoped, Store, StoreResult, Write, Writing,
    entities::{acme_accounts, acme_orders},
    now,
};
use berth_domain::ids::{CertificateId, OrganisationId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

/// An account at an authority.
#[derive(Debug, Clone)]
pub struct AccountRow {
    pub id: Uuid,
    pub organisation: OrganisationId,
    pub directory: String,
    pub sealed: Vec<u8>,
}

/// An order that an authority was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    pub certificate: CertificateId,
    /// The domain that somebody registered, below which the names are.
    pub registered: String,
    /// There was a certificate for these names before.
    pub renewal: bool,
    /// Whether a certificate came of it; none while it is open.
    pub given: Option<bool>,
    pub begun_at: DateTime<Utc>,
}

impl Store {
    /// The account of an organisation at an authority.
    pub async fn acme_account(
        &self,
        organisation: OrganisationId,
        directory: &str,
    ) -> StoreResult<Option<AccountRow>> {
        let found = acme_accounts::Entity::find()
            .filter(acme_accounts::Column::OrganisationId.eq(organisation.0))
            .filter(acme_accounts::Column::Directory.eq(directory))
            .one(&self.reads)
            .await?;
        Ok(found.map(|row| AccountRow {
            id: row.id,
            organisation: OrganisationId(row.organisation_id),
            directory: row.directory,
            sealed: row.sealed,
        }))
    }
}

impl Scoped<'_> {
    /// The orders that an authority was asked for since a moment, the oldest first.
    pub async fn orders_since(&self, directory: &str, since: DateTime<Utc>) -> StoreResult<Vec<OrderRow>> {
        use acme_orders::{Column, Entity};
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Directory.eq(directory))
            .filter(Column::BegunAt.gt(since))
            .order_by_asc(Column::BegunAt)
            .all(&self.db)
            .await?;
        let order = |row: acme_orders::Model| OrderRow {
            certificate: CertificateId(row.certificate_id),
            registered: row.registered,
            renewal: row.renewal,
            given: row.given,
            begun_at: row.begun_at,
        };
        Ok(rows.into_iter().map(order).collect())
    }
}

impl Writing<'_> {
    /// Counts an order, before the authority is asked for it.
    pub async fn insert_order(&self, directory: &str, order: &OrderRow) -> StoreResult<()> {
        let row = acme_orders::ActiveModel {
            id: Set(Uuid::now_v7()),
            organisation_id: Set(self.scope.0.0),
            directory: Set(directory.to_owned()),
            certificate_id: Set(order.certificate.0),
            registered: Set(order.registered.clone()),
            renewal: Set(order.renewal),
            given: Set(order.given),
            begun_at: Set(order.begun_at),
        };
        acme_orders::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes down whether a certificate came of the orders for it that were open.
    pub async fn close_orders(&self, certificate: CertificateId, given: bool) -> StoreResult<()> {
        use acme_orders::{Column, Entity};
        let update = Entity::update_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::CertificateId.eq(certificate.0))
            .filter(Column::Given.is_null())
            .col_expr(Column::Given, Expr::value(Some(given)));
        update.exec(&self.db).await?;
        Ok(())
    }

    /// Forgets orders that count towards no limit any more.
    pub async fn forget_orders(&self, before: DateTime<Utc>) -> StoreResult<()> {
        use acme_orders::{Column, Entity};
        let old = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::BegunAt.lt(before));
        old.exec(&self.db).await?;
        Ok(())
    }
}

impl Write {
    /// Keeps an account over what was there for the same authority.
    pub async fn keep_acme_account(&self, account: &AccountRow) -> StoreResult<()> {
        use acme_accounts::{ActiveModel, Column, Entity};
        let row = ActiveModel {
            id: Set(account.id),
            organisation_id: Set(account.organisation.0),
            directory: Set(account.directory.clone()),
            sealed: Set(account.sealed.clone()),
            created_at: Set(now()),
        };
        let over = OnConflict::columns([Column::OrganisationId, Column::Directory])
            .update_columns([Column::Id, Column::Sealed])
            .to_owned();
        Entity::insert(row).on_conflict(over).exec_without_returning(&self.transaction).await?;
        Ok(())
    }
}
