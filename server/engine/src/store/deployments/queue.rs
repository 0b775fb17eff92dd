//! The queue: claims with a lease, progress, and the one end of each deployment.

use super::{
    super::{
        NewEvent, Store, StoreError, StoreResult, Subject, Write,
        entities::{
            deployments::{ActiveModel, Column, Entity, Model},
            environments, projects, releases, services,
        },
        json::{At, to_json},
    },
    DeploymentRow, Job,
};
use berth_domain::{
    deployment::{State, Status},
    event::EventKind,
    ids::{DeploymentId, ReleaseId},
    service::ServicePath,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use std::str::FromStr;

/// Who works on a deployment, and until when without another word.
#[derive(Debug, Clone)]
pub struct Lease {
    pub owner: String,
    pub until: DateTime<Utc>,
}

impl Store {
    /// Ends every lease: a process that holds the data folder is the only one, so all others are dead.
    pub async fn take_over_leases(&self) -> StoreResult<()> {
        let write = self.begin().await?;
        Entity::update_many()
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
            .filter(Column::LeaseOwner.is_not_null())
            .exec(&write.transaction)
            .await?;
        write.commit().await
    }

    /// Takes the next deployment that may run: first what was interrupted, then what waits, oldest first, and never two
    /// of one service.
    pub async fn claim(&self, lease: Lease, now: DateTime<Utc>) -> StoreResult<Option<Job>> {
        let mut write = self.begin().await?;
        let Some(row) = next(&write, now).await? else { return Ok(None) };
        let mut job = job(&write, row.clone().try_into()?).await?;
        let mut change = row.into_active_model();
        change.lease_owner = Set(Some(lease.owner));
        change.lease_until = Set(Some(lease.until));
        if job.state == State::Queued {
            let started =
                job.state.start().map_err(|why| StoreError::corrupt("deployments", "status", job.id, why))?;
            job.begin(started, now);
            change.started_at = Set(Some(now));
            write.record(event(
                &job,
                EventKind::DeploymentStarted,
                format!("Deployment #{} began.", job.number),
            ));
        }
        place(&mut change, &job);
        change.update(&write.transaction).await?;
        write.commit().await?;
        Ok(Some(job))
    }

    /// Says that the work goes on.
    pub async fn keep_lease(&self, id: DeploymentId, lease: Lease) -> StoreResult<()> {
        let write = self.begin().await?;
        Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::value(lease.until))
            .filter(Column::Id.eq(id.0))
            .filter(Column::LeaseOwner.eq(lease.owner))
            .exec(&write.transaction)
            .await?;
        write.commit().await
    }

    /// Keeps what the build has found out so far.
    pub async fn note_source(&self, job: &Job) -> StoreResult<()> {
        let mut write = self.begin().await?;
        let mut change = open_row(&write, job).await?.into_active_model();
        place(&mut change, job);
        change.update(&write.transaction).await?;
        let message =
            job.commit.as_ref().map(|c| format!("Building {} {}.", c.short(), c.title)).unwrap_or_default();
        write.record(event(job, EventKind::DeploymentAdvanced, message));
        write.commit().await
    }

    /// Keeps that a phase is done and the next one, or live, has begun.
    pub async fn advance(&self, job: &Job) -> StoreResult<()> {
        let mut write = self.begin().await?;
        let mut change = open_row(&write, job).await?.into_active_model();
        place(&mut change, job);
        change.update(&write.transaction).await?;
        if job.state == State::Live {
            supersede_live(&mut write, job).await?;
        }
        let (kind, message) = match job.state {
            State::Live => (EventKind::DeploymentLive, format!("Deployment #{} is live.", job.number)),
            _ => {
                let phase = job.state.phase().map(|p| p.to_string()).unwrap_or_default();
                (
                    EventKind::DeploymentAdvanced,
                    format!("Deployment #{} is at \u{201c}{phase}\u{201d}.", job.number),
                )
            }
        };
        write.record(event(job, kind, message));
        write.commit().await
    }

    /// Keeps a fact about a deployment's instances.
    pub async fn record_for(&self, job: &Job, kind: EventKind, message: String) -> StoreResult<()> {
        let mut write = self.begin().await?;
        write.record(event(job, kind, message));
        write.commit().await
    }

    /// Keeps how a deployment ended; a second end of the same deployment changes nothing.
    pub async fn settle(&self, job: &Job) -> StoreResult<()> {
        let mut write = self.begin().await?;
        let Some(row) = Entity::find_by_id(job.id.0).one(&write.transaction).await? else { return Ok(()) };
        if !DeploymentRow::try_from(row.clone())?.state.is_open() {
            return Ok(());
        }
        let mut change = row.into_active_model();
        place(&mut change, job);
        change.update(&write.transaction).await?;
        let kind = match job.state.status() {
            Status::Cancelled => EventKind::DeploymentCancelled,
            Status::Superseded => EventKind::DeploymentSuperseded,
            Status::Removed => EventKind::DeploymentRemoved,
            _ => EventKind::DeploymentFailed,
        };
        let reason = job.reason.as_deref().unwrap_or_default();
        write.record(event(
            job,
            kind,
            format!("Deployment #{} {}: {reason}", job.number, job.state.status()),
        ));
        write.commit().await
    }
}

/// The next row that may run.
async fn next(write: &Write, now: DateTime<Utc>) -> StoreResult<Option<Model>> {
    let free = Condition::any().add(Column::LeaseUntil.is_null()).add(Column::LeaseUntil.lt(now));
    let interrupted = Entity::find()
        .filter(Column::Status.eq(Status::Running.as_str()))
        .filter(free.clone())
        .order_by_asc(Column::CreatedAt)
        .one(&write.transaction)
        .await?;
    if interrupted.is_some() {
        return Ok(interrupted);
    }
    let busy = Query::select()
        .column(Column::ServiceId)
        .from(Entity)
        .and_where(Column::Status.eq(Status::Running.as_str()))
        .to_owned();
    let waiting = Entity::find()
        .filter(Column::Status.eq(Status::Queued.as_str()))
        .filter(Column::ServiceId.not_in_subquery(busy))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Number)
        .limit(1);
    Ok(waiting.one(&write.transaction).await?)
}

/// The row of a job that has not ended; an ended one is somebody else's word and stays.
pub(super) async fn open_row(write: &Write, job: &Job) -> StoreResult<Model> {
    match Entity::find_by_id(job.id.0).one(&write.transaction).await? {
        Some(row) if Status::from_str(&row.status).is_ok_and(|status| !status.is_settled()) => Ok(row),
        _ => Err(gone(job)),
    }
}

pub(super) fn gone(job: &Job) -> StoreError {
    StoreError::corrupt("deployments", "status", job.id, "the deployment ended or was removed meanwhile")
}

/// Copies what a rollout changes into the row.
fn place(change: &mut ActiveModel, job: &Job) {
    change.status = Set(job.state.status().to_string());
    change.phase = Set(job.state.phase().map(|phase| phase.to_string()));
    change.phases = Set(to_json(&job.phases));
    change.commit = Set(job.commit.as_ref().map(to_json));
    change.image = Set(job.image.clone());
    change.release_id = Set(job.release.as_ref().map(|release| release.id.0));
    change.reason = Set(job.reason.clone());
    change.last_lines = Set(to_json(&job.last_lines));
    change.measured = Set(job.measured.as_ref().map(to_json));
    change.ended_at = Set(job.ended_at);
    if !job.state.is_open() {
        change.lease_owner = Set(None);
        change.lease_until = Set(None);
    }
}

/// The other live deployments of the service: one while this one drains it.
pub(super) async fn live_before(write: &Write, job: &Job) -> StoreResult<Vec<Model>> {
    let others = Entity::find()
        .filter(Column::ServiceId.eq(job.service.0))
        .filter(Column::Status.eq(Status::Live.as_str()))
        .filter(Column::Id.ne(job.id.0))
        .order_by_desc(Column::Number);
    Ok(others.all(&write.transaction).await?)
}

async fn supersede_live(write: &mut Write, job: &Job) -> StoreResult<()> {
    for row in live_before(write, job).await? {
        let number = row.number;
        let mut change = row.into_active_model();
        change.status = Set(Status::Superseded.to_string());
        change.update(&write.transaction).await?;
        let message = format!("Deployment #{number} was superseded by #{}.", job.number);
        let subject = Subject::deployment(job.service, &job.path, number.unsigned_abs());
        write.record(NewEvent::new(&job.actor(), EventKind::DeploymentSuperseded, subject, message));
    }
    Ok(())
}

pub(in crate::store) fn event(job: &Job, kind: EventKind, message: String) -> NewEvent {
    NewEvent::new(&job.actor(), kind, Subject::deployment(job.service, &job.path, job.number), message)
}

/// The names that lead to a service.
async fn path_of(write: &Write, service: &services::Model) -> StoreResult<ServicePath> {
    let missing = |what| StoreError::corrupt("services", what, service.id, "it does not exist");
    let environment =
        environments::Entity::find_by_id(service.environment_id).one(&write.transaction).await?;
    let environment = environment.ok_or_else(|| missing("environment_id"))?;
    let project = projects::Entity::find_by_id(service.project_id).one(&write.transaction).await?;
    let project = project.ok_or_else(|| missing("project_id"))?;
    let at = At { table: "services", id: service.id };
    Ok(ServicePath {
        project: at.text("project", &project.name)?,
        environment: at.text("environment", &environment.name)?,
        service: at.text("name", &service.name)?,
    })
}

/// Gathers what the rollout needs of the service.
pub(super) async fn job(write: &Write, row: DeploymentRow) -> StoreResult<Job> {
    let missing = || StoreError::corrupt("deployments", "service_id", row.id, "it does not exist");
    let db = &write.transaction;
    let service = services::Entity::find_by_id(row.service.0).one(db).await?.ok_or_else(missing)?;
    let live = match service.live_deployment_id {
        Some(live) => Entity::find_by_id(live).one(db).await?,
        None => None,
    };
    let release = match row.release {
        Some(ReleaseId(id)) => releases::Entity::find_by_id(id).one(db).await?,
        None => None,
    };
    let at = At { table: "services", id: service.id };
    Ok(Job {
        id: row.id,
        organisation: row.organisation,
        project: service.project_id.into(),
        environment: service.environment_id.into(),
        service: row.service,
        path: path_of(write, &service).await?,
        number: row.number,
        state: row.state,
        phases: row.phases,
        cause: row.cause,
        actor: row.actor,
        request: row.request,
        commit: row.commit,
        image: row.image,
        release: release.map(TryInto::try_into).transpose()?,
        keep_variables: row.keep_variables,
        source: at.json("source", service.source)?,
        settings: at.json("settings", service.settings)?,
        credential: service.credential,
        live_number: live.map(|live| at.number("live_deployment_id", live.number)).transpose()?,
        detected_port: service.detected_port.map(|port| at.number("detected_port", port)).transpose()?,
        cancel_requested: row.cancel_requested,
        promoted: row.promoted,
        measured: row.measured,
        reason: row.reason,
        last_lines: row.last_lines,
        ended_at: row.ended_at,
    })
}
