//! Verbs that send visitors to the waiting room: maintenance and pauses.

use super::{
    Acting,
    reach::{conflict_with_hint, service_in},
};
use crate::{
    Error, Result,
    store::{ServiceRow, Subject},
};
use berth_domain::{
    event::EventKind,
    permission::Permission,
    problem::{Problem, ProblemKind},
    service::{ServicePath, ServiceView},
    waiting::{Maintenance, PauseRequest, SetMaintenance},
};
use chrono::TimeDelta;

impl Acting {
    /// Begins maintenance, or changes what visitors read. Instances and deployments go on; the proxy has confirmed it.
    pub async fn begin_maintenance(
        &self,
        path: &ServicePath,
        request: SetMaintenance,
    ) -> Result<ServiceView> {
        self.require(Permission::Deploy)?;
        let message = request.words()?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        if service.maintenance.as_ref().is_some_and(|present| present.message == message) {
            drop(write);
            return self.led(&service, path).await;
        }
        let since = service.maintenance.as_ref().map_or_else(|| self.engine.now(), |present| present.since);
        let maintenance = Maintenance { message, by: self.actor.name.clone(), since };
        rows.maintain_service(service.id, Some(&maintenance)).await?;
        let told = match (&service.maintenance, &maintenance.message) {
            (Some(_), _) => format!("Visitors of {path} read something else during its maintenance."),
            (None, None) => format!("Maintenance of {path} began."),
            (None, Some(message)) => format!("Maintenance of {path} began. Visitors read: {message}"),
        };
        write.record(self.tells(EventKind::MaintenanceBegan, Subject::service(service.id, path), told));
        write.commit().await?;
        self.led(&service, path).await
    }

    /// Ends maintenance: the instances get requests again. Without any, it stays so.
    pub async fn end_maintenance(&self, path: &ServicePath) -> Result<ServiceView> {
        self.require(Permission::Deploy)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        if service.maintenance.is_none() {
            drop(write);
            return self.led(&service, path).await;
        }
        rows.maintain_service(service.id, None).await?;
        let told = format!("Maintenance of {path} ended.");
        write.record(self.tells(EventKind::MaintenanceEnded, Subject::service(service.id, path), told));
        write.commit().await?;
        self.led(&service, path).await
    }

    /// Lets requests wait for so long from now; then they go on by themselves.
    pub async fn pause_traffic(&self, path: &ServicePath, request: PauseRequest) -> Result<ServiceView> {
        self.require(Permission::Deploy)?;
        request.check()?;
        let service = self.service_row(path).await?;
        if self.engine.store().traffic(service.id).await?.shares.is_empty() {
            let words = format!("Nothing of {path} gets requests now, so there is nothing to pause.");
            return Err(conflict_with_hint(words, "Deploy it or start it first."));
        }
        let mut write = self.begin().await?;
        let until = self.engine.now() + TimeDelta::seconds(request.seconds.into());
        write.scoped(self.scope()).pause_service(service.id, Some(until)).await?;
        let told = format!("Requests to {path} wait for {} s.", request.seconds);
        write.record(self.tells(EventKind::TrafficPaused, Subject::service(service.id, path), told));
        write.commit().await?;
        self.engine.parts.waiting.signal.notify_one();
        self.led(&service, path).await
    }

    /// Ends a pause before its time: requests that wait go to the instances now. Without any, it stays so.
    pub async fn resume_traffic(&self, path: &ServicePath) -> Result<ServiceView> {
        self.require(Permission::Deploy)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        if service.paused_until.is_none() {
            drop(write);
            return self.led(&service, path).await;
        }
        rows.pause_service(service.id, None).await?;
        let told = format!("Requests to {path} go to its instances again.");
        write.record(self.tells(EventKind::TrafficResumed, Subject::service(service.id, path), told));
        write.commit().await?;
        self.engine.stir();
        self.led(&service, path).await
    }

    /// The service, once the proxy has confirmed where its requests go.
    async fn led(&self, service: &ServiceRow, path: &ServicePath) -> Result<ServiceView> {
        match self.engine.lead_now(service.id).await {
            Ok(()) => self.service(path).await,
            Err(error @ Error::Internal { .. }) => Err(error),
            Err(Error::Problem(problem)) => {
                // What is wanted is written down, and the routes follow it as soon as they can.
                self.engine.routes_changed(service.id);
                let words = format!("It is kept, but not in effect yet: {}", problem.message);
                Err(Problem::new(ProblemKind::Unavailable, words)
                    .with_hint("Berth goes on trying; look at the state of the proxy.")
                    .into())
            }
        }
    }
}
