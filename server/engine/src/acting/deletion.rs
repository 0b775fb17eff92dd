//! What a deletion takes with it, and what happens behind it.

use super::Acting;
use crate::{
    Engine, Result, orphans,
    store::{Belongings, EnvironmentRow, NewEvent, NewTombstone, Scoped, ServiceRow, Subject},
};
use berth_domain::{event::EventKind, ids::ProjectId, name::Name, service::DeletionPreview, source::Source};
use std::collections::HashSet;

/// More services than these are counted, not listed.
const LISTED: usize = 40;

/// What goes and what stays, one line each.
pub(super) struct Goes {
    goes: Vec<String>,
    stays: Vec<String>,
}

impl Goes {
    /// What goes with these services.
    pub async fn of(engine: &Engine, rows: &Scoped<'_>, services: &[ServiceRow]) -> Result<Self> {
        let mut goes: Vec<String> = services.iter().take(LISTED).map(service_line).collect();
        if services.len() > LISTED {
            goes.push(format!("and {} more services", services.len() - LISTED));
        }
        let ids: Vec<_> = services.iter().map(|service| service.id).collect();
        let mut domains: Vec<String> = Vec::new();
        for service in services.iter().take(LISTED) {
            domains.extend(rows.domains(service.id).await?.iter().map(|d| engine.address(&d.host, &d.path)));
        }
        goes.extend(belongings_lines(rows.belongings(&ids).await?, &domains));
        let pushed = services.iter().filter(|service| matches!(service.source, Source::Pushed(_)));
        goes.extend(
            pushed.map(|service| format!("the repository of {} with all that was pushed", service.path)),
        );
        let volumes = services.iter().flat_map(|service| {
            let docker = |volume: &berth_domain::service::VolumeMount| {
                let name = engine.parts.naming.volume(service.id, &volume.name);
                format!("volume {} of {} with its data (in Docker: {name})", volume.name, service.path)
            };
            service.settings.volumes.iter().map(docker).collect::<Vec<_>>()
        });
        Ok(Self { goes, stays: volumes.collect() })
    }

    /// Puts a line before the others.
    pub fn first(&mut self, line: String) {
        self.goes.insert(0, line);
    }

    /// For the one who confirms by typing that word.
    pub fn preview(self, confirm: &str) -> DeletionPreview {
        DeletionPreview { confirm: confirm.to_owned(), goes: self.goes, stays: self.stays }
    }
}

fn service_line(service: &ServiceRow) -> String {
    match service.instances.iter().filter(|instance| instance.running).count() {
        0 => format!("service {}", service.path),
        1 => format!("service {} and its running container", service.path),
        running => format!("service {} and its {running} running containers", service.path),
    }
}

fn belongings_lines(belongings: Belongings, domains: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |number: u64, one: &str, many: &str| match number {
        0 => {}
        1 => lines.push(format!("1 {one}")),
        number => lines.push(format!("{number} {many}")),
    };
    line(belongings.deployments, "deployment with its log", "deployments with their logs");
    line(belongings.releases, "release and its image", "releases and their images");
    line(belongings.ports, "published port", "published ports");
    line(belongings.variables, "variable", "variables");
    line(belongings.deliveries, "webhook delivery", "webhook deliveries");
    let named = domains.len() as u64;
    lines.extend(domains.iter().map(|domain| format!("domain {domain}")));
    if belongings.domains > named {
        lines.push(format!("and {} more domains", belongings.domains - named));
    }
    lines
}

impl Acting {
    /// The event that tells it.
    pub(super) fn tells_service_deleted(&self, service: &ServiceRow) -> NewEvent {
        let subject = Subject::service(service.id, &service.path);
        self.tells(EventKind::ServiceDeleted, subject, format!("Service {} was deleted.", service.path))
    }
}

/// What says that an environment's network may go.
fn tombstone_of(project: &Name, environment: &EnvironmentRow) -> NewTombstone {
    let path = format!("{project}/{}", environment.name);
    NewTombstone { id: environment.id.0, path, repository: None, with_data: false }
}

impl Engine {
    /// What says, from now on and for good, that what a service left in Docker may go.
    pub(crate) fn tombstone(&self, service: &ServiceRow) -> NewTombstone {
        NewTombstone {
            id: service.id.0,
            path: service.path.to_string(),
            repository: Some(orphans::repository(&self.parts.naming, service.id)),
            with_data: false,
        }
    }

    /// What says that these environments of a project, with these services, are deleted. What was a preview takes its
    /// volumes along.
    pub(crate) async fn tombstones(
        &self,
        rows: &Scoped<'_>,
        project: (ProjectId, &Name),
        environments: &[EnvironmentRow],
        services: &[ServiceRow],
    ) -> Result<Vec<NewTombstone>> {
        let previews = rows.previews_in_project(project.0).await?;
        let previews: HashSet<_> = previews.into_iter().filter_map(|preview| preview.environment).collect();
        let service = |service: &ServiceRow| NewTombstone {
            with_data: previews.contains(&service.environment),
            ..self.tombstone(service)
        };
        let environments = environments.iter().map(|environment| tombstone_of(project.1, environment));
        Ok(services.iter().map(service).chain(environments).collect())
    }

    /// Lets the reconcilers remove what runs of services that are deleted.
    pub(crate) fn services_gone(&self, services: &[ServiceRow]) {
        for service in services {
            self.remove_service_runtime(service.id);
            self.forget_repository(service);
        }
        // The network of an environment goes also when there was no service in it any more.
        self.parts.sweep.notify_one();
    }
}
