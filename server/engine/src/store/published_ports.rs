//! Ports of the machine that lead to services without HTTP.

use super::{
    Holder, Scoped, Store, StoreResult, Writing,
    deployments::Job,
    entities::{
        published_ports::{ActiveModel, Column, Entity, Model},
        services,
    },
    json::At,
    now,
    services::{Joined, service, with_path},
};
use berth_domain::{
    ids::{OrganisationId, PortId, ServiceId},
    published_port::{PublishedPort, PublishedPortView},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};
use uuid::Uuid;

/// A port of the machine that leads to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPortRow {
    pub id: PortId,
    pub service: ServiceId,
    pub published: PublishedPort,
    pub created_at: DateTime<Utc>,
}

impl From<PublishedPortRow> for PublishedPortView {
    fn from(row: PublishedPortRow) -> Self {
        let PublishedPort { protocol, port, target } = row.published;
        Self { id: row.id, protocol, port, target, created_at: row.created_at }
    }
}

impl Scoped<'_> {
    /// The published ports of a service, in order.
    pub async fn published_ports(&self, service: ServiceId) -> StoreResult<Vec<PublishedPortRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(service.0))
            .order_by_asc(Column::Port)
            .order_by_asc(Column::Protocol)
            .all(&self.db)
            .await?;
        rows.into_iter().map(row).collect()
    }

    /// To whom a port leads, in any organisation.
    pub async fn holder_of_port(&self, wanted: &PublishedPort) -> StoreResult<Option<Holder>> {
        let found = Entity::find()
            .filter(Column::Protocol.eq(wanted.protocol.as_str()))
            .filter(Column::Port.eq(i32::from(wanted.port)))
            .one(&self.db)
            .await?;
        let Some(found) = found else { return Ok(None) };
        if OrganisationId(found.organisation_id) != self.scope.0 {
            return Ok(Some(Holder::Another));
        }
        let named = with_path()
            .filter(services::Column::Id.eq(found.service_id))
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
    /// Has a port lead to a service, unless it leads to one.
    pub async fn try_publish_port(
        &self,
        service: ServiceId,
        published: PublishedPort,
    ) -> StoreResult<Option<PublishedPortRow>> {
        let made = PublishedPortRow { id: Uuid::now_v7().into(), service, published, created_at: now() };
        let row = ActiveModel {
            id: Set(made.id.0),
            organisation_id: Set(self.scope.0.0),
            service_id: Set(service.0),
            protocol: Set(published.protocol.to_string()),
            port: Set(published.port.into()),
            target: Set(published.target.into()),
            created_at: Set(made.created_at),
        };
        let skip = OnConflict::columns([Column::Protocol, Column::Port]).do_nothing().to_owned();
        let inserted = Entity::insert(row).on_conflict(skip).exec_without_returning(&self.db).await?;
        Ok((inserted == 1).then_some(made))
    }

    /// Has a port lead to its service no more; answers whether it did.
    pub async fn close_port(&self, service: ServiceId, id: PortId) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::ServiceId.eq(service.0))
            .filter(Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

impl Store {
    /// The published ports of a service, for whoever writes its routes and for its releases.
    pub async fn ports_of(&self, service: ServiceId) -> StoreResult<Vec<PublishedPort>> {
        let rows = Entity::find()
            .filter(Column::ServiceId.eq(service.0))
            .order_by_asc(Column::Port)
            .order_by_asc(Column::Protocol)
            .all(&self.reads)
            .await?;
        rows.into_iter().map(|found| row(found).map(|row| row.published)).collect()
    }

    /// The services that a port leads to.
    pub async fn services_with_ports(&self) -> StoreResult<Vec<ServiceId>> {
        let rows = Entity::find().all(&self.reads).await?;
        Ok(rows.into_iter().map(|row| ServiceId(row.service_id)).collect())
    }

    /// Publishes the ports of a release that lead to its service no more: those that came back, and those that lead to
    /// another one by now. Doing it again changes nothing.
    pub async fn bring_ports_back(
        &self,
        job: &Job,
        wanted: &[PublishedPort],
    ) -> StoreResult<(Vec<PublishedPort>, Vec<PublishedPort>)> {
        let present = self.ports_of(job.service).await?;
        let is_there = |one: &PublishedPort| present.iter().any(|own| own.address() == one.address());
        let mut write = self.begin().await?;
        let (mut back, mut taken) = (Vec::new(), Vec::new());
        for port in wanted.iter().filter(|one| !is_there(one)) {
            let made =
                write.scoped(super::Scope(job.organisation)).try_publish_port(job.service, *port).await?;
            if made.is_some() { back.push(*port) } else { taken.push(*port) }
        }
        for port in &back {
            write.record(port_is_back(job, port));
        }
        write.commit().await?;
        Ok((back, taken))
    }
}

fn port_is_back(job: &Job, port: &PublishedPort) -> super::NewEvent {
    let told = format!("Port {} leads to {} again.", port.address(), job.path);
    super::deployments::event(job, berth_domain::event::EventKind::PortPublished, told)
}

fn row(row: Model) -> StoreResult<PublishedPortRow> {
    let at = At { table: "published_ports", id: row.id };
    Ok(PublishedPortRow {
        id: row.id.into(),
        service: row.service_id.into(),
        published: PublishedPort {
            protocol: at.text("protocol", &row.protocol)?,
            port: at.number("port", row.port)?,
            target: at.number("target", row.target)?,
        },
        created_at: row.created_at,
    })
}
