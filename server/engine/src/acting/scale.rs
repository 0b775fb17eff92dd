//! How many instances there are of a process.

use super::{Acting, reach::service_in};
use crate::{Error, Result, store::Subject};
use berth_domain::{
    event::EventKind,
    permission::Permission,
    service::{ServicePath, ServiceSettings, ServiceView, WEB},
    traffic::ScaleRequest,
};

impl Acting {
    /// Sets how many instances there are of a process; what is live follows without a deployment.
    pub async fn scale(&self, path: &ServicePath, request: ScaleRequest) -> Result<ServiceView> {
        self.require(Permission::Deploy)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let held = service_in(&rows, path).await?;
        rows.hold_project(held.project).await?;
        rows.hold_service(held.id).await?;
        let service = service_in(&rows, path).await?;
        let mut settings = service.settings.clone();
        let process = request.process.as_ref().map_or(WEB, |name| name.as_str());
        let count = count_of(&mut settings, process)?;
        if *count == request.replicas {
            drop(write);
            return self.service_view(service).await;
        }
        let before = std::mem::replace(count, request.replicas);
        settings.check()?;
        rows.change_service(service.id, &path.service, &service.source, &settings).await?;
        let told = format!("{process} of {path} was scaled from {before} to {}.", request.replicas);
        write.record(self.tells(EventKind::ServiceScaled, Subject::service(service.id, path), told));
        write.commit().await?;
        self.engine.mend(service.id);
        self.service(path).await
    }
}

fn count_of<'a>(settings: &'a mut ServiceSettings, process: &str) -> Result<&'a mut u16> {
    if process == WEB {
        return Ok(&mut settings.replicas);
    }
    let found = settings.processes.iter_mut().find(|other| other.name.as_str() == process);
    let missing = || Error::invalid("process", format!("There is no process called {process}."));
    found.map(|process| &mut process.replicas).ok_or_else(missing)
}
