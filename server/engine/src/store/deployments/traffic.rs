//! Who gets a service's requests, as it is written down.

use super::{
    super::{
        NewEvent, Store, StoreResult, Subject,
        entities::{deployments, services},
        json::{At, to_json},
        now,
    },
    DeploymentRow, Job,
    queue::{event, gone, job, live_before, open_row},
};
use crate::Actor;
use berth_domain::{
    deployment::{Cause, DeployRequest, Phase, State, Status},
    event::EventKind,
    ids::{DeploymentId, ServiceId},
    service::ServicePath,
    traffic::Traffic,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};

impl Store {
    /// Who gets a service's requests: nobody while it is stopped.
    pub async fn traffic(&self, service: ServiceId) -> StoreResult<Traffic> {
        let row = services::Entity::find_by_id(service.0).one(&self.reads).await?;
        let Some(row) = row.filter(|row| row.wanted == "running") else { return Ok(Traffic::default()) };
        let at = At { table: "services", id: row.id };
        Ok(row.traffic.map(|traffic| at.json("traffic", traffic)).transpose()?.unwrap_or_default())
    }

    /// The deployment that is written down as the one with all the traffic.
    pub async fn live_deployment(&self, service: ServiceId) -> StoreResult<Option<DeploymentId>> {
        let row = services::Entity::find_by_id(service.0).one(&self.reads).await?;
        Ok(row.and_then(|row| row.live_deployment_id).map(DeploymentId))
    }

    /// Keeps who gets the requests from now on. When that is one deployment alone, it is the one that the service wants.
    pub async fn move_traffic(&self, job: &Job, traffic: &Traffic) -> StoreResult<()> {
        let mut write = self.begin().await?;
        if job.state.is_open() {
            open_row(&write, job).await?;
        }
        let service = services::Entity::find_by_id(job.service.0).one(&write.transaction).await?;
        let Some(service) = service else { return Err(gone(job)) };
        let mut change = service.into_active_model();
        change.traffic = Set(Some(to_json(traffic)));
        if let [share] = &traffic.shares[..]
            && share.deployment == job.id
        {
            change.live_deployment_id = Set(Some(job.id.0));
            change.detected_port = Set(share.port.map(i32::from));
            change.wanted = Set("running".into());
        }
        change.changed_at = Set(now());
        change.update(&write.transaction).await?;
        if let Some(share) = traffic.of(job.id).filter(|share| share.percent < 100) {
            let message = format!("{} % of the requests go to deployment #{}.", share.percent, job.number);
            write.record(event(job, EventKind::DeploymentAdvanced, message));
        }
        write.commit().await
    }

    /// The live deployment of a service, as its rollout would take it up; `None` while it is wanted stopped.
    pub async fn live_job(&self, service: ServiceId) -> StoreResult<Option<Job>> {
        let write = self.begin().await?;
        let row = services::Entity::find_by_id(service.0).one(&write.transaction).await?;
        let Some(live) = row.filter(|row| row.wanted == "running").and_then(|row| row.live_deployment_id)
        else {
            return Ok(None);
        };
        match deployments::Entity::find_by_id(live).one(&write.transaction).await? {
            Some(row) if row.status == Status::Live.as_str() => Ok(Some(job(&write, row.try_into()?).await?)),
            _ => Ok(None),
        }
    }

    /// The deployment that was live before this one, and is until this one is; `None` when it was stopped on purpose.
    pub async fn former_job(&self, of: &Job) -> StoreResult<Option<Job>> {
        let write = self.begin().await?;
        let service = services::Entity::find_by_id(of.service.0).one(&write.transaction).await?;
        if service.is_none_or(|service| service.wanted != "running") {
            return Ok(None);
        }
        match live_before(&write, of).await?.into_iter().next() {
            Some(row) => Ok(Some(job(&write, row.try_into()?).await?)),
            None => Ok(None),
        }
    }

    /// The next deployment of a service, as its rollout would take it up.
    pub async fn next_job(&self, service: ServiceId) -> StoreResult<Option<Job>> {
        let write = self.begin().await?;
        let Some(row) = services::Entity::find_by_id(service.0).one(&write.transaction).await? else {
            return Ok(None);
        };
        let number = At { table: "services", id: row.id }.number("next_number", row.next_number)?;
        let next = DeploymentRow {
            id: DeploymentId(uuid::Uuid::nil()),
            organisation: row.organisation_id.into(),
            service,
            number,
            state: State::Queued,
            phases: Vec::new(),
            cause: Cause::Manual,
            actor: String::new(),
            request: DeployRequest::default(),
            commit: None,
            image: None,
            release: None,
            rolls_back_to: None,
            keep_variables: false,
            reason: None,
            last_lines: Vec::new(),
            cancel_requested: false,
            promoted: false,
            measured: None,
            created_at: now(),
            started_at: None,
            ended_at: None,
        };
        Ok(Some(job(&write, next).await?))
    }

    /// Lets a canary go on; `false` when the deployment moves no traffic now.
    pub async fn promote(&self, actor: &Actor, path: &ServicePath, row: &DeploymentRow) -> StoreResult<bool> {
        let mut write = self.begin().await?;
        let Some(model) = deployments::Entity::find_by_id(row.id.0).one(&write.transaction).await? else {
            return Ok(false);
        };
        let switching = model.phase.as_deref() == Some(Phase::Switch.as_str());
        if model.status != Status::Running.as_str() || !switching {
            return Ok(false);
        }
        let mut change = model.into_active_model();
        change.promoted = Set(true);
        change.update(&write.transaction).await?;
        let subject = Subject::deployment(row.service, path, row.number);
        let message = format!("Deployment #{} of {path} was promoted: all traffic moves to it.", row.number);
        write.record(NewEvent::new(actor, EventKind::DeploymentPromoted, subject, message));
        write.commit().await?;
        Ok(true)
    }
}
