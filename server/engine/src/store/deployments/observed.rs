//! What the reconcilers compare with Docker and the proxy, and what they saw.

use super::super::{
    NewEvent, Store, StoreResult, Subject,
    entities::{deployments, domains, environments, events, projects, releases, services},
    json::{At, to_json},
};
use crate::Actor;
use berth_domain::{
    deployment::Status,
    domain_name::{HostName, PathPrefix},
    event::EventKind,
    ids::{DeploymentId, EnvironmentId, OrganisationId, ServiceId},
    release::ReleaseSpec,
    service::{InstanceView, ServicePath, ServiceState},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A host and path that lead to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    pub host: HostName,
    pub path: PathPrefix,
    pub port: Option<u16>,
}

/// The deployment that gets a service's traffic.
#[derive(Debug, Clone)]
pub struct Serving {
    pub deployment: DeploymentId,
    pub number: u64,
    pub port: u16,
}

/// What should run of a service.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub organisation: OrganisationId,
    pub service: ServiceId,
    /// It was stopped on purpose.
    pub stopped: bool,
    /// The number of the live deployment.
    pub live_number: Option<u64>,
    /// The image that it runs.
    pub image_id: Option<String>,
    /// A deployment is queued or running.
    pub deploying: bool,
    /// The newest deployment failed.
    pub last_failed: bool,
}

impl Store {
    /// The domains of a service.
    pub async fn domains_of(&self, service: ServiceId) -> StoreResult<Vec<Domain>> {
        let rows =
            domains::Entity::find().filter(domains::Column::ServiceId.eq(service.0)).all(&self.reads).await?;
        let domain = |row: domains::Model| {
            let at = At { table: "domains", id: row.id };
            Ok(Domain {
                host: at.text("host", &row.host)?,
                path: at.text("path", &row.path)?,
                port: row.port.map(|port| at.number("port", port)).transpose()?,
            })
        };
        rows.into_iter().map(domain).collect()
    }

    /// Who gets a service's traffic: nobody while it is stopped.
    pub async fn serving(&self, service: ServiceId) -> StoreResult<Option<Serving>> {
        let row = services::Entity::find_by_id(service.0).one(&self.reads).await?;
        let Some(row) = row.filter(|row| row.wanted == "running") else { return Ok(None) };
        let Some(live) = row.live_deployment_id else { return Ok(None) };
        let Some(live) = deployments::Entity::find_by_id(live).one(&self.reads).await? else {
            return Ok(None);
        };
        let at = At { table: "services", id: row.id };
        let release = match live.release_id {
            Some(id) => self.release(id.into()).await?,
            None => None,
        };
        let detected: Option<u16> =
            row.detected_port.map(|port| at.number("detected_port", port)).transpose()?;
        let port = release.and_then(|release| release.spec.port).or(detected);
        let number = at.number("live_deployment_id", live.number)?;
        Ok(port.map(|port| Serving { deployment: live.id.into(), number, port }))
    }

    /// Every service that has, or had, a live deployment.
    pub async fn services_with_traffic(&self) -> StoreResult<Vec<ServiceId>> {
        let rows = services::Entity::find()
            .filter(services::Column::LiveDeploymentId.is_not_null())
            .all(&self.reads)
            .await?;
        Ok(rows.into_iter().map(|row| row.id.into()).collect())
    }

    /// What should run: of one service, or of all.
    pub async fn wanted(&self, only: Option<ServiceId>) -> StoreResult<Vec<Wanted>> {
        let mut select = services::Entity::find();
        if let Some(service) = only {
            select = select.filter(services::Column::Id.eq(service.0));
        }
        let rows = select.all(&self.reads).await?;
        let context = Context::read(self, &rows, only).await?;
        rows.into_iter().map(|row| context.wanted(row)).collect()
    }

    /// Keeps what was seen of a service; a change of its state is an event.
    pub async fn observed(
        &self,
        wanted: &Wanted,
        state: ServiceState,
        reason: Option<String>,
        instances: &[InstanceView],
        at: DateTime<Utc>,
    ) -> StoreResult<()> {
        let seen = to_json(&instances);
        let Some(row) = services::Entity::find_by_id(wanted.service.0).one(&self.reads).await? else {
            return Ok(());
        };
        let changed = row.state != state.as_str() || row.state_reason != reason;
        let stale = row.observed_at.is_none_or(|before| at - before > chrono::TimeDelta::seconds(60));
        if !changed && row.instances == seen && !stale {
            return Ok(());
        }
        let mut write = self.begin().await?;
        if changed && let Some(path) = self.path_of(&row).await? {
            let message = match &reason {
                Some(reason) => format!("{path} is {state}: {reason}"),
                None => format!("{path} is {state}."),
            };
            let subject = Subject::service(wanted.service, &path);
            write.record(NewEvent::new(
                &Actor::system(wanted.organisation),
                EventKind::ServiceObserved,
                subject,
                message,
            ));
        }
        let mut change = services::ActiveModel { id: Set(row.id), ..Default::default() };
        change.state = Set(state.to_string());
        change.state_reason = Set(reason);
        change.instances = Set(seen);
        change.observed_at = Set(Some(at));
        change.update(&write.transaction).await?;
        write.commit().await
    }

    async fn path_of(&self, row: &services::Model) -> StoreResult<Option<ServicePath>> {
        let environment = environments::Entity::find_by_id(row.environment_id).one(&self.reads).await?;
        let project = projects::Entity::find_by_id(row.project_id).one(&self.reads).await?;
        let (Some(environment), Some(project)) = (environment, project) else { return Ok(None) };
        let at = At { table: "services", id: row.id };
        Ok(Some(ServicePath {
            project: at.text("project", &project.name)?,
            environment: at.text("environment", &environment.name)?,
            service: at.text("name", &row.name)?,
        }))
    }

    /// Of these services, the ones that a person deleted: gone from the table, with the event that says so.
    pub async fn deleted_services(&self, ids: &[ServiceId]) -> StoreResult<Vec<ServiceId>> {
        let all: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let there =
            services::Entity::find().filter(services::Column::Id.is_in(all.clone())).all(&self.reads).await?;
        let there: HashSet<Uuid> = there.into_iter().map(|row| row.id).collect();
        let gone: Vec<Uuid> = all.into_iter().filter(|id| !there.contains(id)).collect();
        let told = events::Entity::find()
            .filter(events::Column::Kind.eq(EventKind::ServiceDeleted.as_str()))
            .filter(events::Column::ServiceId.is_in(gone))
            .all(&self.reads)
            .await?;
        Ok(told.into_iter().filter_map(|event| event.service_id).map(ServiceId).collect())
    }

    /// Whether there is such an environment.
    pub async fn environment_exists(&self, id: EnvironmentId) -> StoreResult<bool> {
        Ok(environments::Entity::find_by_id(id.0).one(&self.reads).await?.is_some())
    }
}

/// The live and newest deployments beside the services.
struct Context {
    live: HashMap<Uuid, (i64, Option<String>)>,
    newest: HashMap<Uuid, (i64, Status)>,
}

impl Context {
    async fn read(store: &Store, rows: &[services::Model], only: Option<ServiceId>) -> StoreResult<Self> {
        let live = with_images(store, rows.iter().filter_map(|row| row.live_deployment_id).collect()).await?;
        let open = [Status::Queued, Status::Running, Status::Failed].map(Status::as_str);
        let mut recent = deployments::Entity::find().filter(deployments::Column::Status.is_in(open));
        if let Some(service) = only {
            recent = recent.filter(deployments::Column::ServiceId.eq(service.0));
        }
        let mut newest: HashMap<Uuid, (i64, Status)> = HashMap::new();
        for row in recent.all(&store.reads).await? {
            let status: Status = At { table: "deployments", id: row.id }.text("status", &row.status)?;
            let entry = newest.entry(row.service_id).or_insert((row.number, status));
            if row.number > entry.0 {
                *entry = (row.number, status);
            }
        }
        Ok(Self { live, newest })
    }

    fn wanted(&self, row: services::Model) -> StoreResult<Wanted> {
        let live = row.live_deployment_id.and_then(|id| self.live.get(&id));
        let newest = self.newest.get(&row.id).map(|(_, status)| *status);
        let at = At { table: "services", id: row.id };
        Ok(Wanted {
            organisation: row.organisation_id.into(),
            service: row.id.into(),
            stopped: row.wanted == "stopped",
            live_number: live.map(|(number, _)| at.number("live_deployment_id", *number)).transpose()?,
            image_id: live.and_then(|(_, image)| image.clone()),
            deploying: newest.is_some_and(|status| !status.is_settled()),
            last_failed: newest == Some(Status::Failed),
        })
    }
}

/// The number of each deployment, with the image that its release names.
async fn with_images(store: &Store, ids: Vec<Uuid>) -> StoreResult<HashMap<Uuid, (i64, Option<String>)>> {
    let rows =
        deployments::Entity::find().filter(deployments::Column::Id.is_in(ids)).all(&store.reads).await?;
    let releases_of = rows.iter().filter_map(|row| row.release_id);
    let specs =
        releases::Entity::find().filter(releases::Column::Id.is_in(releases_of)).all(&store.reads).await?;
    let mut images = HashMap::new();
    for release in specs {
        let spec: ReleaseSpec = At { table: "releases", id: release.id }.json("spec", release.spec)?;
        images.insert(release.id, spec.image_id);
    }
    let image = |release: Option<Uuid>| release.and_then(|id| images.get(&id).cloned());
    Ok(rows.iter().map(|row| (row.id, (row.number, image(row.release_id)))).collect())
}
