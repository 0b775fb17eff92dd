//! Removes a preview: its environment with everything in it, by the same tombstones as any other deletion.

use crate::{
    Actor, Engine, Result,
    store::{NewEvent, PreviewRow, ServiceRow, Subject, Writing},
};
use berth_domain::{
    event::EventKind,
    ids::{DeploymentId, EnvironmentId, ServiceId},
    preview::PreviewState,
};

impl Engine {
    /// Removes a preview's environment. R-PRV-3: in Docker goes what carries its labels, and nothing else.
    pub(crate) async fn remove_preview(
        &self,
        actor: &Actor,
        row: &PreviewRow,
        state: PreviewState,
        why: &str,
    ) -> Result<()> {
        let mut write = self.store().begin().await?;
        let rows = write.scoped(row.scope());
        let Some(parent) = rows.service_by_id(row.service).await? else { return Ok(()) };
        rows.hold_project(parent.project).await?;
        // Somebody may have been faster.
        let Some(row) = rows.preview(row.service, row.number).await? else { return Ok(()) };
        let gone = match row.environment {
            Some(environment) => self.drop_preview(&rows, &parent, environment).await?,
            None => Gone::default(),
        };
        let row = PreviewRow { environment: None, child: None, state, reason: Some(why.to_owned()), ..row };
        rows.keep_preview(&row).await?;
        rows.touch_project(parent.project).await?;
        let told =
            format!("The preview of pull request {} of {} was removed: {why}", row.number, parent.path);
        let subject = Subject::service(parent.id, &parent.path);
        write.record(NewEvent::new(actor, EventKind::PreviewRemoved, subject, told));
        write.commit().await?;
        self.end(&gone);
        Ok(())
    }

    /// Removes every preview of a service.
    pub(crate) async fn close_previews(&self, actor: &Actor, service: ServiceId, why: &str) -> Result<()> {
        let turn = self.parts.hook_locks.of(service);
        let _held = turn.lock().await;
        let Some(parent) = self.store().service_anywhere(service).await? else { return Ok(()) };
        for row in self.store().scoped(parent.scope()).previews(service).await? {
            if row.state != PreviewState::Closed {
                self.remove_preview(actor, &row, PreviewState::Closed, why).await?;
            }
        }
        Ok(())
    }

    /// Deletes the environments of a service's previews, which goes itself; answers their services.
    pub(crate) async fn drop_previews_of(
        &self,
        rows: &Writing<'_>,
        parent: &ServiceRow,
    ) -> Result<Vec<ServiceRow>> {
        let mut services = Vec::new();
        for row in rows.previews(parent.id).await? {
            if let Some(environment) = row.environment {
                services.extend(self.drop_preview(rows, parent, environment).await?.services);
            }
        }
        Ok(services)
    }

    async fn drop_preview(
        &self,
        rows: &Writing<'_>,
        parent: &ServiceRow,
        environment: EnvironmentId,
    ) -> Result<Gone> {
        let mut environments = rows.environments(parent.project).await?;
        environments.retain(|row| row.id == environment);
        let services = rows.services_in(parent.project, Some(environment)).await?;
        let project = (parent.project, &parent.path.project);
        rows.bury(self.tombstones(rows, project, &environments, &services).await?).await?;
        let mut open = Vec::new();
        for service in &services {
            // One that runs and one that waits, at the most.
            for number in service.next_number.saturating_sub(2)..service.next_number {
                let found = rows.deployment(service.id, number).await?;
                open.extend(found.filter(|row| row.state.is_open()).map(|row| row.id));
            }
        }
        rows.delete_environment(environment).await?;
        Ok(Gone { services, open })
    }

    /// What a deployment made of a service that was deleted meanwhile goes at once, not at the next sweep.
    pub(crate) async fn sweep_after(&self, service: ServiceId) {
        if matches!(self.store().service_anywhere(service).await, Ok(None)) {
            self.parts.sweep.notify_one();
        }
    }

    fn end(&self, gone: &Gone) {
        for id in &gone.open {
            if let Some(running) = self.parts.running.get(id) {
                running.cancel.cancel();
            }
        }
        self.services_gone(&gone.services);
    }
}

/// What went with an environment.
#[derive(Default)]
struct Gone {
    services: Vec<ServiceRow>,
    /// Deployments that were on their way.
    open: Vec<DeploymentId>,
}
