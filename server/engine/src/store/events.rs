//! Events: the audit trail and the live feed in one table that only grows.

use super::{
    Scoped, Store, StoreResult,
    entities::events::{ActiveModel, Column, Entity, Model},
    json::{At, clean},
    now,
};
use crate::Actor;
use berth_domain::{
    event::{EventKind, EventQuery, EventView},
    ids::{OrganisationId, ServiceId},
    name::Name,
    service::ServicePath,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use tokio::sync::watch;

/// What an event is about.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    project: Option<String>,
    environment: Option<String>,
    service: Option<String>,
    service_id: Option<ServiceId>,
    deployment: Option<u64>,
}

impl Subject {
    /// The organisation as a whole.
    pub fn organisation() -> Self {
        Self::default()
    }

    /// A project.
    pub fn project(project: &Name) -> Self {
        Self { project: Some(project.to_string()), ..Self::default() }
    }

    /// An environment.
    pub fn environment(project: &Name, environment: &Name) -> Self {
        Self { environment: Some(environment.to_string()), ..Self::project(project) }
    }

    /// A service.
    pub fn service(id: ServiceId, path: &ServicePath) -> Self {
        Self {
            service: Some(path.service.to_string()),
            service_id: Some(id),
            ..Self::environment(&path.project, &path.environment)
        }
    }

    /// A deployment of a service.
    pub fn deployment(id: ServiceId, path: &ServicePath, number: u64) -> Self {
        Self { deployment: Some(number), ..Self::service(id, path) }
    }
}

/// A fact that is about to be appended.
#[derive(Debug, Clone)]
pub struct NewEvent {
    organisation: OrganisationId,
    actor: String,
    address: Option<String>,
    kind: EventKind,
    subject: Subject,
    message: String,
}

impl NewEvent {
    /// What an actor did to a subject, as a sentence.
    pub fn new(actor: &Actor, kind: EventKind, subject: Subject, message: impl Into<String>) -> Self {
        Self {
            organisation: actor.organisation,
            actor: actor.name.clone(),
            address: actor.address.clone(),
            kind,
            subject,
            message: message.into(),
        }
    }

    fn row(self) -> ActiveModel {
        ActiveModel {
            id: NotSet,
            organisation_id: Set(self.organisation.0),
            kind: Set(self.kind.to_string()),
            actor: Set(clean(&self.actor)),
            project: Set(self.subject.project),
            environment: Set(self.subject.environment),
            service: Set(self.subject.service),
            service_id: Set(self.subject.service_id.map(|id| id.0)),
            deployment: Set(self.subject.deployment.map(|number| number as i64)),
            message: Set(clean(&self.message)),
            address: Set(self.address.as_deref().map(clean)),
            at: Set(now()),
        }
    }
}

/// Appends events as the last thing of a transaction. PostgreSQL hands out ids before the commit: without the lock a
/// follower could see event 8 before event 7 and never come back for it.
pub(super) async fn append(transaction: &DatabaseTransaction, events: Vec<NewEvent>) -> StoreResult<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("SELECT pg_advisory_xact_lock(4838219474)").await?;
    }
    Entity::insert_many(events.into_iter().map(NewEvent::row)).exec_without_returning(transaction).await?;
    Ok(())
}

impl Scoped<'_> {
    /// Events that fit, newest first; one more than `limit` tells that there are more.
    pub async fn events(&self, query: &EventQuery, limit: u64) -> StoreResult<Vec<EventView>> {
        let mut select = Entity::find().filter(Column::OrganisationId.eq(self.scope.0.0));
        if let Some(before) = query.before {
            select = select.filter(Column::Id.lt(before));
        }
        if let Some(project) = &query.project {
            select = select.filter(Column::Project.eq(clean(project)));
        }
        if let Some(kind) = &query.kind {
            // Kinds are matched by the known words, so that no wildcard of a person reaches the database.
            let kinds = EventKind::ALL.iter().map(|k| k.as_str()).filter(|k| k.starts_with(kind.as_str()));
            select = select.filter(Column::Kind.is_in(kinds));
        }
        let rows = select.order_by_desc(Column::Id).limit(limit).all(&self.db).await?;
        rows.into_iter().map(view).collect()
    }

    /// Events after a cursor, oldest first.
    pub async fn events_after(&self, cursor: i64, limit: u64) -> StoreResult<Vec<EventView>> {
        let select = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::Id.gt(cursor))
            .order_by_asc(Column::Id)
            .limit(limit);
        select.all(&self.db).await?.into_iter().map(view).collect()
    }

    /// The id of the newest event; 0 when there is none.
    pub async fn last_event(&self) -> StoreResult<i64> {
        let newest = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .order_by_desc(Column::Id)
            .one(&self.db)
            .await?;
        Ok(newest.map_or(0, |event| event.id))
    }
}

impl Store {
    /// Forgets events that are older than that, the oldest first and at most `most` of them; answers how many went.
    /// Only the oldest are looked at: events stand in the order of time, so that nothing has to be searched for.
    pub async fn forget_events(&self, before: DateTime<Utc>, most: u64) -> StoreResult<u64> {
        let oldest: Vec<(i64, DateTime<Utc>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::At])
            .order_by_asc(Column::Id)
            .limit(most)
            .into_tuple()
            .all(&self.reads)
            .await?;
        let Some(last) = oldest.iter().take_while(|(_, at)| *at < before).last().map(|(id, _)| *id) else {
            return Ok(0);
        };
        let write = self.begin().await?;
        let delete = Entity::delete_many().filter(Column::Id.lte(last));
        let gone = delete.exec(&write.transaction).await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }

    /// Moves whenever events were appended by this process.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }
}

fn view(row: Model) -> StoreResult<EventView> {
    let at = At { table: "events", id: row.id };
    let name =
        |column, text: &Option<String>| text.as_deref().map(|t| at.text::<Name>(column, t)).transpose();
    let (project, environment, service) = (
        name("project", &row.project)?,
        name("environment", &row.environment)?,
        name("service", &row.service)?,
    );
    let path = match (project, environment, service) {
        (Some(project), Some(environment), Some(service)) => {
            Some(ServicePath { project, environment, service })
        }
        _ => None,
    };
    Ok(EventView {
        id: row.id,
        kind: at.text("kind", &row.kind)?,
        actor: row.actor,
        project: row.project,
        service: path,
        deployment: row.deployment.map(|number| at.number("deployment", number)).transpose()?,
        message: row.message,
        address: row.address,
        at: row.at,
    })
}

/// A change of a deployment, for what tells others of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldOfDeployment {
    /// The event's id; the cursor.
    pub event: i64,
    pub service: ServiceId,
    pub number: u64,
}

impl Store {
    /// The last event of all organisations.
    pub async fn last_event_anywhere(&self) -> StoreResult<i64> {
        let last = Entity::find().order_by_desc(Column::Id).one(&self.reads).await?;
        Ok(last.map_or(0, |event| event.id))
    }

    /// What happened to deployments of all organisations after an event: for background work.
    pub async fn told_of_deployments(&self, after: i64, limit: u64) -> StoreResult<Vec<ToldOfDeployment>> {
        let rows = Entity::find()
            .filter(Column::Id.gt(after))
            .filter(Column::Kind.starts_with("deployment."))
            .filter(Column::ServiceId.is_not_null())
            .order_by_asc(Column::Id)
            .limit(limit)
            .all(&self.reads)
            .await?;
        let told = |row: Model| {
            let (service, number) = (row.service_id?, row.deployment?);
            Some(ToldOfDeployment {
                event: row.id,
                service: ServiceId(service),
                number: number.unsigned_abs(),
            })
        };
        Ok(rows.into_iter().filter_map(told).collect())
    }
}
