//! The deployments of a service as people see them, and how one is asked for.

use super::{
    super::{
        NewEvent, Scope, Scoped, Store, StoreResult, Subject, Write,
        entities::{
            deployments::{ActiveModel, Column, Entity, Model},
            environments, projects, services,
        },
        json::{At, to_json},
    },
    DeploymentRow, Lease,
};
use crate::Actor;
use berth_domain::{
    deployment::{Cause, DeployRequest, Status},
    event::EventKind,
    ids::{DeploymentId, ReleaseId, ServiceId},
    service::ServicePath,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::HashSet;

/// A deployment that is asked for.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    pub id: DeploymentId,
    pub service: ServiceId,
    pub path: ServicePath,
    pub cause: Cause,
    pub request: DeployRequest,
    /// An earlier release to deploy, with the number of its deployment.
    pub release: Option<(ReleaseId, u64)>,
    pub keep_variables: bool,
    pub at: DateTime<Utc>,
}

impl Store {
    /// Puts a deployment into the queue. One of the service that still waits is superseded: only the newest counts.
    pub async fn enqueue(&self, actor: &Actor, new: NewDeployment) -> StoreResult<Option<DeploymentRow>> {
        let mut write = self.begin().await?;
        let service = services::Entity::find_by_id(new.service.0)
            .filter(services::Column::OrganisationId.eq(actor.organisation.0))
            // Numbers are given one at a time (SQLite has one writer anyway).
            .lock_exclusive()
            .one(&write.transaction)
            .await?;
        let Some(service) = service else { return Ok(None) };
        let number = service.next_number;
        supersede_waiting(&mut write, actor, &new, number).await?;
        let mut change = service.into_active_model();
        change.next_number = Set(number + 1);
        change.changed_at = Set(new.at);
        change.update(&write.transaction).await?;
        let row = insert(&write, actor, &new, number).await?;
        let message = format!("Deployment #{number} of {} is queued ({}).", new.path, new.cause);
        let subject = Subject::deployment(new.service, &new.path, number.unsigned_abs());
        write.record(NewEvent::new(actor, EventKind::DeploymentQueued, subject, message));
        write.commit().await?;
        Ok(Some(row.try_into()?))
    }

    /// Asks a deployment to stop: one that waits is cancelled at once, one that runs is told. `None` when it has ended.
    pub async fn request_cancel(
        &self,
        actor: &Actor,
        path: &ServicePath,
        row: &DeploymentRow,
    ) -> StoreResult<bool> {
        let mut write = self.begin().await?;
        let Some(model) = Entity::find_by_id(row.id.0).one(&write.transaction).await? else {
            return Ok(false);
        };
        let status = model.status.clone();
        let mut change = model.into_active_model();
        change.cancel_requested = Set(true);
        let subject = Subject::deployment(row.service, path, row.number);
        let message = if status == Status::Queued.as_str() {
            change.status = Set(Status::Cancelled.to_string());
            change.ended_at = Set(Some(super::super::now()));
            change.reason = Set(Some("Cancelled before it began.".into()));
            format!("Deployment #{} was cancelled before it began.", row.number)
        } else if status == Status::Running.as_str() {
            format!("Deployment #{} is being cancelled.", row.number)
        } else {
            return Ok(false);
        };
        change.update(&write.transaction).await?;
        write.record(NewEvent::new(actor, EventKind::DeploymentCancelled, subject, message));
        write.commit().await?;
        Ok(true)
    }
}

/// Which of a service's deployments can be gone back to, and which images nobody needs.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Numbers of the newest deployments that were live.
    pub releases: HashSet<u64>,
    /// Numbers of deployments that wait or run.
    pub open: HashSet<u64>,
    /// Recent numbers whose images may go.
    pub beyond: Vec<u64>,
}

/// How far back images are looked for.
const RECENT: u64 = 100;

impl Store {
    /// Which releases of a service are kept, when `count` beside the live one are.
    pub async fn kept(&self, service: ServiceId, count: usize) -> StoreResult<Kept> {
        let recent = Entity::find()
            .filter(Column::ServiceId.eq(service.0))
            .order_by_desc(Column::Number)
            .limit(RECENT)
            .all(&self.reads)
            .await?;
        let mut kept = Kept::default();
        for row in recent {
            let number = row.number.unsigned_abs();
            let status: Status = At { table: "deployments", id: row.id }.text("status", &row.status)?;
            let was_live = row.release_id.is_some()
                && matches!(status, Status::Live | Status::Superseded | Status::Removed);
            if !status.is_settled() {
                kept.open.insert(number);
            } else if was_live && (status == Status::Live || kept.releases.len() <= count) {
                kept.releases.insert(number);
            } else {
                kept.beyond.push(number);
            }
        }
        Ok(kept)
    }
}

impl Scoped<'_> {
    /// The service that the names lead to.
    pub async fn service_id(&self, path: &ServicePath) -> StoreResult<Option<ServiceId>> {
        let Scope(organisation) = self.scope;
        let project = projects::Entity::find()
            .filter(projects::Column::OrganisationId.eq(organisation.0))
            .filter(projects::Column::Name.eq(path.project.as_str()));
        let Some(project) = project.one(&self.db).await? else { return Ok(None) };
        let environment = environments::Entity::find()
            .filter(environments::Column::ProjectId.eq(project.id))
            .filter(environments::Column::Name.eq(path.environment.as_str()));
        let Some(environment) = environment.one(&self.db).await? else { return Ok(None) };
        let service = services::Entity::find()
            .filter(services::Column::EnvironmentId.eq(environment.id))
            .filter(services::Column::Name.eq(path.service.as_str()));
        Ok(service.one(&self.db).await?.map(|service| service.id.into()))
    }

    /// A service's deployments, newest first, before a number.
    pub async fn deployments(
        &self,
        service: ServiceId,
        before: Option<u64>,
        limit: u64,
    ) -> StoreResult<Vec<DeploymentRow>> {
        let mut select = self.of(service);
        if let Some(before) = before {
            select = select.filter(Column::Number.lt(before as i64));
        }
        let rows = select.order_by_desc(Column::Number).limit(limit).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A service's deployment by its number.
    pub async fn deployment(&self, service: ServiceId, number: u64) -> StoreResult<Option<DeploymentRow>> {
        let Ok(number) = i64::try_from(number) else { return Ok(None) };
        let row = self.of(service).filter(Column::Number.eq(number)).one(&self.db).await?;
        row.map(TryInto::try_into).transpose()
    }

    fn of(&self, service: ServiceId) -> sea_orm::Select<Entity> {
        let Scope(organisation) = self.scope;
        Entity::find()
            .filter(Column::OrganisationId.eq(organisation.0))
            .filter(Column::ServiceId.eq(service.0))
    }
}

async fn supersede_waiting(
    write: &mut Write,
    actor: &Actor,
    new: &NewDeployment,
    by: i64,
) -> StoreResult<()> {
    let waiting = Entity::find()
        .filter(Column::ServiceId.eq(new.service.0))
        .filter(Column::Status.eq(Status::Queued.as_str()))
        .all(&write.transaction)
        .await?;
    for row in waiting {
        let number = row.number;
        let mut change = row.into_active_model();
        change.status = Set(Status::Superseded.to_string());
        change.ended_at = Set(Some(new.at));
        change.reason = Set(Some(format!("Superseded by #{by} before it began.")));
        change.update(&write.transaction).await?;
        let subject = Subject::deployment(new.service, &new.path, number.unsigned_abs());
        let message = format!("Deployment #{number} was superseded by #{by} before it began.");
        write.record(NewEvent::new(actor, EventKind::DeploymentSuperseded, subject, message));
    }
    Ok(())
}

async fn insert(write: &Write, actor: &Actor, new: &NewDeployment, number: i64) -> StoreResult<Model> {
    let row = ActiveModel {
        id: Set(new.id.0),
        organisation_id: Set(actor.organisation.0),
        service_id: Set(new.service.0),
        number: Set(number),
        status: Set(Status::Queued.to_string()),
        phase: Set(None),
        phases: Set(to_json(&Vec::<()>::new())),
        cause: Set(new.cause.to_string()),
        actor: Set(actor.name.clone()),
        request: Set(to_json(&new.request)),
        commit: Set(None),
        image: Set(None),
        release_id: Set(new.release.map(|(id, _)| id.0)),
        rolls_back_to: Set(new.release.map(|(_, number)| number as i64)),
        keep_variables: Set(new.keep_variables),
        reason: Set(None),
        last_lines: Set(to_json(&Vec::<String>::new())),
        cancel_requested: Set(false),
        promoted: Set(false),
        measured: Set(None),
        lease_owner: Set(None),
        lease_until: Set(None),
        created_at: Set(new.at),
        started_at: Set(None),
        ended_at: Set(None),
    };
    Ok(row.insert(&write.transaction).await?)
}

impl Lease {
    /// A lease for a process from now on.
    pub fn new(owner: &str, now: DateTime<Utc>) -> Self {
        Self { owner: owner.to_owned(), until: now + chrono::TimeDelta::seconds(20) }
    }
}
