//! Verbs about previews of pull requests.

use super::{
    Acting,
    reach::{conflict_with_hint, service_in},
};
use crate::{
    Error, Result,
    previews::goes_at,
    store::{NewEvent, PreviewRow, ServiceRow, Subject},
};
use berth_domain::{
    event::EventKind,
    ids::{EnvironmentId, ProjectId, ServiceId},
    permission::Permission,
    preview::{ApprovePreview, PreviewOf, PreviewState, PreviewView},
    service::ServicePath,
};
use std::collections::HashMap;

impl Acting {
    /// The pull requests of a service with their previews, the newest first.
    pub async fn previews(&self, path: &ServicePath) -> Result<Vec<PreviewView>> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let mut views = Vec::new();
        for row in rows.previews(service.id).await? {
            if row.state != PreviewState::Closed {
                views.push(self.preview_view(&service, row).await?);
            }
        }
        Ok(views)
    }

    /// Lets one commit of a pull request run. R-SEC-11: it is the one that the member looked at, and no other.
    pub async fn approve_preview(
        &self,
        path: &ServicePath,
        number: u64,
        request: ApprovePreview,
    ) -> Result<PreviewView> {
        self.require(Permission::Deploy)?;
        let service = self.service_row(path).await?;
        let turn = self.engine.parts.hook_locks.of(service.id);
        let _held = turn.lock().await;
        let mut row = self.known_preview(&service, number).await?;
        if row.commit != request.commit.to_ascii_lowercase() {
            return Err(conflict_with_hint(
                format!("The newest commit of pull request {number} is another one by now."),
                "Look at it, and approve it then.",
            ));
        }
        if row.may_run() {
            return Err(Error::conflict(format!("Pull request {number} waits for no approval.")));
        }
        row.approved_commit = Some(row.commit.clone());
        row.approved_by = Some(self.actor.name.clone());
        let told = format!("Commit {} of pull request {number} of {path} was approved.", row.commit);
        let mut write = self.begin().await?;
        write.scoped(self.scope()).keep_preview(&row).await?;
        write.record(self.preview_event(EventKind::PreviewApproved, &service, told));
        write.commit().await?;
        self.engine.run_preview(&self.actor, &service, row).await?;
        self.one_preview(&service, number).await
    }

    /// Deploys the newest commit of a pull request once more; makes its environment when that is gone.
    pub async fn redeploy_preview(&self, path: &ServicePath, number: u64) -> Result<PreviewView> {
        self.require(Permission::Deploy)?;
        let service = self.service_row(path).await?;
        let turn = self.engine.parts.hook_locks.of(service.id);
        let _held = turn.lock().await;
        let mut row = self.known_preview(&service, number).await?;
        if !row.may_run() {
            return Err(conflict_with_hint(
                format!("The newest commit of pull request {number} is not approved."),
                "Look at it, and approve it first.",
            ));
        }
        // Its time begins anew.
        row.changed_at = self.engine.now();
        self.engine.deploy_preview(&self.actor, service.id, row).await?;
        self.one_preview(&service, number).await
    }

    /// Removes the environment of a preview, with its volumes; a new commit makes another one.
    pub async fn remove_preview(&self, path: &ServicePath, number: u64) -> Result<()> {
        self.require(Permission::Deploy)?;
        let service = self.service_row(path).await?;
        let turn = self.engine.parts.hook_locks.of(service.id);
        let _held = turn.lock().await;
        let row = self.known_preview(&service, number).await?;
        let why = format!("{} removed it.", self.actor.name);
        self.engine.remove_preview(&self.actor, &row, PreviewState::Removed, &why).await
    }

    /// Compares the previews of a service with its git host now.
    pub async fn check_previews(&self, path: &ServicePath) -> Result<Vec<PreviewView>> {
        self.require(Permission::Deploy)?;
        let service = self.service_row(path).await?;
        self.engine.check_previews(service.id).await?;
        self.previews(path).await
    }

    /// What follows from changed settings: switched off, all go; with other limits they are compared at once.
    pub(super) async fn previews_switched(&self, old: &ServiceRow, new: &ServiceRow) -> Result<()> {
        if old.settings.previews.on && !new.settings.previews.on {
            return self.engine.close_previews(&self.actor, new.id, "Previews were switched off.").await;
        }
        if old.settings.previews != new.settings.previews {
            self.engine.parts.previews.check.notify_one();
        }
        Ok(())
    }

    /// Which environments of a project are previews, and of what.
    pub(super) async fn preview_environments(
        &self,
        project: ProjectId,
    ) -> Result<HashMap<EnvironmentId, PreviewOf>> {
        let rows = self.rows();
        let (mut found, mut parents) = (HashMap::new(), HashMap::<ServiceId, ServicePath>::new());
        for row in rows.previews_in_project(project).await? {
            let service = match parents.get(&row.service) {
                Some(path) => path.clone(),
                None => match rows.service_by_id(row.service).await? {
                    Some(parent) => parents.entry(row.service).or_insert(parent.path).clone(),
                    None => continue,
                },
            };
            let PreviewRow { number, branch, commit, foreign, approved_by, .. } = row;
            let of = PreviewOf { service, number, branch, commit, foreign, approved_by };
            found.extend(row.environment.map(|environment| (environment, of)));
        }
        Ok(found)
    }

    async fn known_preview(&self, service: &ServiceRow, number: u64) -> Result<PreviewRow> {
        let row = self.rows().preview(service.id, number).await?;
        row.filter(|row| row.state != PreviewState::Closed).ok_or_else(|| Error::not_found("pull request"))
    }

    async fn one_preview(&self, service: &ServiceRow, number: u64) -> Result<PreviewView> {
        let row = self.known_preview(service, number).await?;
        self.preview_view(service, row).await
    }

    async fn preview_view(&self, service: &ServiceRow, row: PreviewRow) -> Result<PreviewView> {
        let child = self.engine.preview_service(&row).await?;
        let domains = match &child {
            Some(child) => self.rows().domains(child.id).await?,
            None => Vec::new(),
        };
        let ttl = service.settings.previews.ttl_h;
        Ok(PreviewView {
            goes_at: row.environment.map(|_| goes_at(&row, ttl)),
            link: domains.first().map(|domain| self.engine.address(&domain.host, &domain.path)),
            service_state: child.as_ref().map(|child| child.state),
            service: child.map(|child| child.path),
            number: row.number,
            title: row.title,
            author: row.author,
            branch: row.branch,
            commit: row.commit,
            url: row.url,
            foreign: row.foreign,
            approved_by: row.approved_by,
            state: row.state,
            reason: row.reason,
            created_at: row.created_at,
            changed_at: row.changed_at,
        })
    }

    fn preview_event(&self, kind: EventKind, service: &ServiceRow, told: String) -> NewEvent {
        self.tells(kind, Subject::service(service.id, &service.path), told)
    }
}
