//! Verbs about deployments.

use std::time::Duration;

use super::{Acting, reach::conflict_with_hint};
use crate::{
    Actor, Engine, Error, Result,
    store::{
        Scope,
        deployments::{DeploymentRow, Kept, NewDeployment},
    },
};
use berth_domain::{
    deployment::{Cause, DeployRequest, DeploymentView, RollbackRequest, Status},
    ids::{ReleaseId, ServiceId},
    page::{Page, PageQuery},
    permission::Permission,
    plan::PlanPreview,
    problem::{Problem, ProblemKind},
    release::{RollbackPreview, difference},
    service::ServicePath,
};

impl Acting {
    /// Queues a deployment of the service's source as it is now.
    pub async fn deploy(&self, path: &ServicePath, request: DeployRequest) -> Result<DeploymentView> {
        self.require(Permission::Deploy)?;
        check_commit(request.commit.as_deref())?;
        if request.upload.is_some() {
            return Err(Error::invalid(
                "upload",
                "Send the tarball itself, to \u{201c}deployments/upload\u{201d}.",
            ));
        }
        if let Some(image) = &request.image {
            self.take_image(path, image, &request).await?;
        }
        let service = self.service_id(path).await?;
        if request.restart && self.engine.parts.store.live_release(service).await?.is_none() {
            return Err(conflict_with_hint(format!("Nothing of {path} was ever live."), "Deploy it first."));
        }
        let cause = if request.restart { Cause::Restart } else { Cause::Manual };
        self.engine.enqueue(&self.actor, service, path, cause, request).await
    }

    /// A service's deployments, newest first.
    pub async fn deployments(&self, path: &ServicePath, query: PageQuery) -> Result<Page<DeploymentView>> {
        self.require(Permission::Read)?;
        let service = self.service_id(path).await?;
        let before = query.after.as_deref().map(str::parse).transpose();
        let before =
            before.map_err(|_| Error::invalid("after", "The cursor is not one of a former answer."))?;
        let limit = query.rows();
        let mut rows = self.scoped().deployments(service, before, limit + 1).await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let next = more.then(|| rows.last().map(|row| row.number.to_string())).flatten();
        let kept = self.engine.parts.store.kept(service, self.engine.config().releases_kept).await?;
        let items = rows.into_iter().map(|row| view(row, path, &kept)).collect();
        Ok(Page { items, next })
    }

    /// One deployment by its number.
    pub async fn deployment(&self, path: &ServicePath, number: u64) -> Result<DeploymentView> {
        self.require(Permission::Read)?;
        let row = self.deployment_row(path, number).await?;
        self.engine.deployment_view(path, row).await
    }

    /// Stops a deployment that has not moved the traffic yet.
    pub async fn cancel_deployment(&self, path: &ServicePath, number: u64) -> Result<DeploymentView> {
        self.require(Permission::Deploy)?;
        let row = self.deployment_row(path, number).await?;
        if row.state.cancel().is_err()
            || !self.engine.parts.store.request_cancel(&self.actor, path, &row).await?
        {
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!("Deployment #{number} cannot be cancelled any more: it is {}.", row.state.status()),
            )
            .with_hint("Roll back to an earlier release instead.")
            .into());
        }
        if let Some(running) = self.engine.parts.running.get(&row.id) {
            running.cancel.cancel();
        }
        self.deployment(path, number).await
    }

    /// Lets a canary go on before its time: all traffic moves to it.
    pub async fn promote_deployment(&self, path: &ServicePath, number: u64) -> Result<DeploymentView> {
        self.require(Permission::Deploy)?;
        let row = self.deployment_row(path, number).await?;
        if !self.engine.parts.store.promote(&self.actor, path, &row).await? {
            let status = row.state.status();
            return Err(conflict_with_hint(
                format!("Deployment #{number} shares no traffic now: it is {status}."),
                "Only a canary that is at its switch can be promoted.",
            ));
        }
        if let Some(running) = self.engine.parts.running.get(&row.id) {
            running.promote.cancel();
        }
        self.deployment(path, number).await
    }

    /// What a deployment would do now.
    pub async fn preview_deployment(&self, path: &ServicePath) -> Result<PlanPreview> {
        self.require(Permission::Read)?;
        let service = self.service_id(path).await?;
        let job =
            self.engine.parts.store.next_job(service).await?.ok_or_else(|| Error::not_found("service"))?;
        self.engine.preview(job).await
    }

    /// What going back to the release of an earlier deployment would change.
    pub async fn preview_rollback(&self, path: &ServicePath, to: u64) -> Result<RollbackPreview> {
        self.require(Permission::Read)?;
        let row = self.deployment_row(path, to).await?;
        let release = self.release_of(&row).await?;
        let store = &self.engine.parts.store;
        let mut target = store.release(release).await?.ok_or_else(|| Error::not_found("release"))?;
        let changes = match store.live_release(row.service).await? {
            Some(mut live) => {
                live.spec.domains = store.domains_of(row.service).await?;
                live.spec.published = store.ports_of(row.service).await?;
                target.spec.keep_domains_of(&live.spec);
                difference(&live.spec, &target.spec)
            }
            None => Vec::new(),
        };
        let mut not_restored =
            vec!["Domains and published ports that were added since: they stay.".to_owned()];
        if !target.spec.settings.volumes.is_empty() {
            not_restored.push("Data in volumes, and what migrations did to databases.".to_owned());
        }
        let image_available = self.engine.has_image(&target.spec.image_id).await;
        Ok(RollbackPreview { to, changes, image_available, not_restored })
    }

    /// Queues a deployment of an earlier release.
    pub async fn roll_back(&self, path: &ServicePath, request: RollbackRequest) -> Result<DeploymentView> {
        self.require(Permission::Deploy)?;
        let row = self.deployment_row(path, request.to).await?;
        let release = self.release_of(&row).await?;
        let new = NewDeployment {
            id: self.engine.parts.ids.deployment(),
            service: row.service,
            path: path.clone(),
            cause: Cause::Rollback,
            request: DeployRequest::default(),
            release: Some((release, request.to)),
            keep_variables: request.keep_variables,
            at: self.engine.now(),
        };
        self.engine.put_in_queue(&self.actor, new).await
    }

    async fn deployment_row(&self, path: &ServicePath, number: u64) -> Result<DeploymentRow> {
        let service = self.service_id(path).await?;
        let row = self.scoped().deployment(service, number).await?;
        row.ok_or_else(|| Error::not_found("deployment"))
    }

    /// The release that a deployment made live.
    async fn release_of(&self, row: &DeploymentRow) -> Result<ReleaseId> {
        let served = matches!(row.state.status(), Status::Live | Status::Superseded | Status::Removed);
        row.release.filter(|_| served).ok_or_else(|| {
            Error::conflict(format!(
                "Deployment #{} was never live, so there is nothing to go back to.",
                row.number
            ))
        })
    }

    async fn service_id(&self, path: &ServicePath) -> Result<ServiceId> {
        self.scoped().service_id(path).await?.ok_or_else(|| Error::not_found("service"))
    }

    fn scoped(&self) -> crate::store::Scoped<'_> {
        self.engine.parts.store.scoped(Scope(self.actor.organisation))
    }
}

impl Engine {
    /// Queues a deployment of a service's source for an actor whose permission was checked.
    pub(crate) async fn enqueue(
        &self,
        actor: &Actor,
        service: ServiceId,
        path: &ServicePath,
        cause: Cause,
        request: DeployRequest,
    ) -> Result<DeploymentView> {
        let request = self.pinned(actor, service, request).await?;
        let new = NewDeployment {
            id: self.parts.ids.deployment(),
            service,
            path: path.clone(),
            cause,
            request,
            release: None,
            keep_variables: false,
            at: self.now(),
        };
        self.put_in_queue(actor, new).await
    }

    /// Queues a deployment for an actor whose permission was checked.
    pub(crate) async fn put_in_queue(&self, actor: &Actor, new: NewDeployment) -> Result<DeploymentView> {
        let (path, service) = (new.path.clone(), new.service);
        let row = self.parts.store.enqueue(actor, new).await?.ok_or_else(|| Error::not_found("service"))?;
        self.parts.queue.notify_one();
        self.look_at(service);
        self.deployment_view(&path, row).await
    }

    /// Whether Docker has an image. What cannot be known within half a second is taken for there: the deployment finds
    /// out and says so.
    async fn has_image(&self, id: &str) -> bool {
        let asked = async { self.docker().await.ok()?.inspect_image(id).await.ok() };
        !matches!(tokio::time::timeout(Duration::from_millis(500), asked).await, Ok(Some(None)))
    }

    /// A deployment as people see it.
    pub(crate) async fn deployment_view(
        &self,
        path: &ServicePath,
        row: DeploymentRow,
    ) -> Result<DeploymentView> {
        // Only a former live one can be gone back to: the others need no look at the history.
        let former = matches!(row.state.status(), Status::Superseded | Status::Removed);
        let kept = match former {
            true => self.parts.store.kept(row.service, self.config().releases_kept).await?,
            false => Kept::default(),
        };
        let percent = match row.state.status() {
            Status::Running => {
                self.parts.store.traffic(row.service).await?.of(row.id).map(|share| share.percent)
            }
            _ => None,
        };
        Ok(DeploymentView { percent, ..view(row, path, &kept) })
    }
}

fn check_commit(commit: Option<&str>) -> Result<()> {
    match commit {
        Some(id) if !(7..=64).contains(&id.len()) || !id.chars().all(|c| c.is_ascii_hexdigit()) => {
            Err(Error::invalid("commit", format!("{id:?} is not the id of a commit.")))
        }
        _ => Ok(()),
    }
}

fn view(row: DeploymentRow, path: &ServicePath, kept: &Kept) -> DeploymentView {
    let status = row.state.status();
    let can_roll_back =
        status != Status::Live && row.release.is_some() && kept.releases.contains(&row.number);
    DeploymentView {
        id: row.id,
        number: row.number,
        service: path.clone(),
        status,
        phase: row.state.phase(),
        phases: row.phases,
        cause: row.cause,
        actor: row.actor,
        commit: row.commit,
        image: row.image,
        release: row.release,
        rolls_back_to: row.rolls_back_to,
        reason: row.reason,
        last_lines: row.last_lines,
        percent: None,
        promoted: row.promoted,
        measured: row.measured,
        can_roll_back,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
    }
}
