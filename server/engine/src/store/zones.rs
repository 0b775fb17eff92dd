//! Zones of the DNS in which Berth may put proofs.

use super::{
    Scoped, Store, StoreResult, Writing,
    entities::dns_zones::{ActiveModel, Column, Entity, Model},
    json::At,
};
use berth_domain::{
    domain_name::HostName,
    ids::OrganisationId,
    zone::{DnsHost, ZoneView},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};
use uuid::Uuid;

/// A zone, with the sealed token of who keeps it.
#[derive(Debug, Clone)]
pub struct ZoneRow {
    pub id: Uuid,
    pub organisation: OrganisationId,
    pub zone: HostName,
    pub host: DnsHost,
    pub sealed_token: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

impl ZoneRow {
    /// The name that its certificate is for.
    pub fn wildcard(&self) -> String {
        format!("*.{}", self.zone)
    }

    /// The row as people see it.
    pub fn view(&self) -> ZoneView {
        ZoneView { zone: self.zone.clone(), host: self.host, created_at: self.created_at }
    }
}

impl Store {
    /// Every zone of every organisation.
    pub async fn zones_everywhere(&self) -> StoreResult<Vec<ZoneRow>> {
        Entity::find().all(&self.reads).await?.into_iter().map(row).collect()
    }
}

impl Scoped<'_> {
    /// The zones of the organisation, by name.
    pub async fn zones(&self) -> StoreResult<Vec<ZoneRow>> {
        let rows =
            Entity::find().filter(Column::OrganisationId.eq(self.scope.0.0)).order_by_asc(Column::Zone);
        rows.all(&self.db).await?.into_iter().map(row).collect()
    }
}

impl Writing<'_> {
    /// Keeps a zone over what was there.
    pub async fn keep_zone(&self, zone: &ZoneRow) -> StoreResult<()> {
        let row = ActiveModel {
            id: Set(zone.id),
            organisation_id: Set(self.scope.0.0),
            zone: Set(zone.zone.to_string()),
            host: Set(zone.host.to_string()),
            sealed_token: Set(zone.sealed_token.clone()),
            created_at: Set(zone.created_at),
        };
        let over = OnConflict::columns([Column::OrganisationId, Column::Zone])
            .update_columns([Column::Id, Column::Host, Column::SealedToken])
            .to_owned();
        Entity::insert(row).on_conflict(over).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Removes a zone; answers whether it was there.
    pub async fn delete_zone(&self, zone: &HostName) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Zone.eq(zone.as_str()));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

fn row(row: Model) -> StoreResult<ZoneRow> {
    let at = At { table: "dns_zones", id: row.id };
    Ok(ZoneRow {
        id: row.id,
        organisation: OrganisationId(row.organisation_id),
        zone: at.text("zone", &row.zone)?,
        host: at.text("host", &row.host)?,
        sealed_token: row.sealed_token,
        created_at: row.created_at,
    })
}
