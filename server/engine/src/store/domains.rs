//! Domains.

use super::entities::services;
use super::{
    Scoped, Store, StoreResult, Writing,
    entities::domains::{ActiveModel, Column, Entity, Model},
    json::{At, to_json},
    now,
    services::{Joined, service, with_path},
};
use berth_domain::{
    domain_name::{HostName, PathPrefix},
    domain_settings::DomainSettings,
    ids::{DomainId, OrganisationId, ServiceId},
    release::ReleaseDomain,
    service::ServicePath,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

/// A host and path that lead to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRow {
    pub id: DomainId,
    pub service: ServiceId,
    pub host: HostName,
    pub path: PathPrefix,
    pub port: Option<u16>,
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub settings: DomainSettings,
    /// Sealed for `domains.logins` of this row.
    pub logins: Option<Vec<u8>>,
}

impl DomainRow {
    /// As a release keeps it.
    pub fn into_release(self) -> ReleaseDomain {
        ReleaseDomain { host: self.host, path: self.path, port: self.port, settings: self.settings }
    }
}

/// Who has a host and path already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A service of the same organisation.
    Ours(ServicePath),
    /// Somebody about whom nothing may be told.
    Another,
}

/// A domain that is about to be made.
#[derive(Debug, Clone)]
pub struct NewDomain {
    pub service: ServiceId,
    pub host: HostName,
    pub path: PathPrefix,
    pub port: Option<u16>,
    pub is_default: bool,
    pub settings: DomainSettings,
}

impl Scoped<'_> {
    /// The domains of a service: the ones that a person added first, each kind in the order of their making.
    pub async fn domains(&self, service: ServiceId) -> StoreResult<Vec<DomainRow>> {
        self.domains_of_all(&[service.0]).await
    }

    /// The domains of several services, in the order of [`Scoped::domains`].
    pub(super) async fn domains_of_all(&self, services: &[Uuid]) -> StoreResult<Vec<DomainRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.is_in(services.iter().copied()))
            .order_by_asc(Column::IsDefault)
            .order_by_asc(Column::CreatedAt)
            .all(&self.db)
            .await?;
        rows.into_iter().map(domain).collect()
    }

    /// Who has that host and path, in any organisation.
    pub async fn holder(&self, host: &HostName, path: &PathPrefix) -> StoreResult<Option<Holder>> {
        let row = Entity::find()
            .filter(Column::Host.eq(host.as_str()))
            .filter(Column::Path.eq(path.as_str()))
            .one(&self.db)
            .await?;
        self.holder_in(row).await
    }

    /// Who has any path of that host, in any organisation.
    pub async fn holder_of_host(&self, host: &HostName) -> StoreResult<Option<Holder>> {
        let row = Entity::find().filter(Column::Host.eq(host.as_str())).one(&self.db).await?;
        self.holder_in(row).await
    }

    async fn holder_in(&self, row: Option<Model>) -> StoreResult<Option<Holder>> {
        let Some(row) = row else { return Ok(None) };
        if OrganisationId(row.organisation_id) != self.scope.0 {
            return Ok(Some(Holder::Another));
        }
        let named = with_path()
            .filter(services::Column::Id.eq(row.service_id))
            .into_model::<Joined>()
            .one(&self.db)
            .await?;
        Ok(Some(match named {
            Some(named) => Holder::Ours(service(named)?.path),
            None => Holder::Another,
        }))
    }
}

impl Writing<'_> {
    /// Makes a domain; refused when host and path are taken, by whomever.
    pub async fn insert_domain(&self, new: NewDomain) -> StoreResult<DomainRow> {
        let (row, made) = self.prepare(new);
        Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(made)
    }

    /// Makes a domain unless host and path are taken, by a service or by the panel.
    pub async fn try_insert_domain(&self, new: NewDomain) -> StoreResult<Option<DomainRow>> {
        if self.panel_domain().await?.as_ref() == Some(&new.host) {
            return Ok(None);
        }
        let (row, made) = self.prepare(new);
        let skip = OnConflict::columns([Column::Host, Column::Path]).do_nothing().to_owned();
        let inserted = Entity::insert(row).on_conflict(skip).exec_without_returning(&self.db).await?;
        Ok((inserted == 1).then_some(made))
    }

    fn prepare(&self, new: NewDomain) -> (ActiveModel, DomainRow) {
        let (id, at) = (Uuid::now_v7(), now());
        let row = ActiveModel {
            id: Set(id),
            organisation_id: Set(self.scope.0.0),
            service_id: Set(new.service.0),
            host: Set(new.host.to_string()),
            path: Set(new.path.to_string()),
            port: Set(new.port.map(i32::from)),
            is_default: Set(new.is_default),
            created_at: Set(at),
            settings: Set(Some(to_json(&new.settings))),
            logins: Set(None),
        };
        let NewDomain { service, host, path, port, is_default, settings } = new;
        let (id, logins) = (DomainId(id), None);
        (row, DomainRow { id, service, host, path, port, is_default, created_at: at, settings, logins })
    }

    /// Changes what a domain does, as the row says; answers whether it was there.
    pub async fn change_domain(&self, row: &DomainRow) -> StoreResult<bool> {
        let update = Entity::update_many()
            .col_expr(Column::Port, Expr::value(row.port.map(i32::from)))
            .col_expr(Column::Settings, Expr::value(to_json(&row.settings)))
            .col_expr(Column::Logins, Expr::value(row.logins.clone()))
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(row.service.0))
            .filter(Column::Id.eq(row.id.0));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Removes a domain of a service; answers whether it was there.
    pub async fn delete_domain(&self, service: ServiceId, id: DomainId) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(service.0))
            .filter(Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

impl Store {
    /// All domains of a service, for whoever writes its routes.
    pub async fn routed_domains(&self, service: ServiceId) -> StoreResult<Vec<DomainRow>> {
        let rows = Entity::find().filter(Column::ServiceId.eq(service.0)).all(&self.reads).await?;
        rows.into_iter().map(domain).collect()
    }
}

fn domain(row: Model) -> StoreResult<DomainRow> {
    let at = At { table: "domains", id: row.id };
    Ok(DomainRow {
        id: DomainId(row.id),
        service: ServiceId(row.service_id),
        host: at.text("host", &row.host)?,
        path: at.text("path", &row.path)?,
        port: row.port.map(|port| at.number("port", port)).transpose()?,
        is_default: row.is_default,
        created_at: row.created_at,
        settings: row.settings.map(|settings| at.json("settings", settings)).transpose()?.unwrap_or_default(),
        logins: row.logins,
    })
}
