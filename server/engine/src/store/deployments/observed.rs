//! What the reconcilers compare with Docker and the proxy, and what they saw.

use super::super::{
    DomainRow, NewEvent, Store, StoreResult, Subject,
    entities::{deployments, environments, projects, releases, services},
    json::{At, to_json},
};
use crate::Actor;
use berth_domain::{
    deployment::Status,
    event::EventKind,
    ids::{EnvironmentId, OrganisationId, ServiceId},
    release::{ReleaseDomain, ReleaseSpec},
    service::{InstanceView, ServicePath, ServiceSettings, ServiceState},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;
use uuid::Uuid;

/// The release of the live deployment.
#[derive(Debug, Clone)]
pub struct LiveRelease {
    pub number: u64,
    /// The image that it runs; absent when the release is not known.
    pub image_id: Option<String>,
    pub settings: ServiceSettings,
    /// The port that its requests go to, unless none is known.
    pub port: Option<u16>,
}

/// What should run of a service.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub organisation: OrganisationId,
    pub service: ServiceId,
    pub environment: EnvironmentId,
    /// It was stopped on purpose.
    pub stopped: bool,
    /// What runs of it.
    pub live: Option<LiveRelease>,
    /// How it is set to run now: how many instances there are follows from here.
    pub settings: ServiceSettings,
    /// A deployment is queued or running.
    pub deploying: bool,
    /// The newest deployment failed.
    pub last_failed: bool,
    /// Nobody gets its requests, as far as it is written down.
    pub unrouted: bool,
    /// What was written down when it was last looked at.
    pub before: Before,
}

/// What a former look at a service has written down.
#[derive(Debug, Clone, Default)]
pub struct Before {
    state: String,
    reason: Option<String>,
    instances: serde_json::Value,
    observed: bool,
}

impl Store {
    /// The domains of a service.
    pub async fn domains_of(&self, service: ServiceId) -> StoreResult<Vec<ReleaseDomain>> {
        let rows = self.routed_domains(service).await?.into_iter();
        Ok(rows.map(DomainRow::into_release).collect())
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
        let before = &wanted.before;
        let changed = before.state != state.as_str() || before.reason != reason;
        if !changed && before.instances == seen && before.observed {
            return Ok(());
        }
        let mut write = self.begin().await?;
        let Some(row) = services::Entity::find_by_id(wanted.service.0).one(&write.transaction).await? else {
            return Ok(());
        };
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

    /// Keeps a fact about the instances of a service's deployment.
    pub async fn record_of(
        &self,
        wanted: (OrganisationId, ServiceId),
        number: u64,
        kind: EventKind,
        message: String,
    ) -> StoreResult<()> {
        let (organisation, service) = wanted;
        let Some(row) = services::Entity::find_by_id(service.0).one(&self.reads).await? else {
            return Ok(());
        };
        let Some(path) = self.path_of(&row).await? else { return Ok(()) };
        let subject = Subject::deployment(service, &path, number);
        let mut write = self.begin().await?;
        write.record(NewEvent::new(&Actor::system(organisation), kind, subject, message));
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
}

/// The live and newest deployments beside the services.
struct Context {
    live: HashMap<Uuid, LiveRelease>,
    newest: HashMap<Uuid, (i64, Status)>,
}

impl Context {
    async fn read(store: &Store, rows: &[services::Model], only: Option<ServiceId>) -> StoreResult<Self> {
        let live =
            live_releases(store, rows.iter().filter_map(|row| row.live_deployment_id).collect()).await?;
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
        let live = row.live_deployment_id.and_then(|id| self.live.get(&id)).cloned();
        let newest = self.newest.get(&row.id).map(|(_, status)| *status);
        let at = At { table: "services", id: row.id };
        let detected = row.detected_port.map(|port| at.number("detected_port", port)).transpose()?;
        let live = live.map(|live| LiveRelease { port: live.port.or(detected), ..live });
        Ok(Wanted {
            organisation: row.organisation_id.into(),
            service: row.id.into(),
            environment: row.environment_id.into(),
            stopped: row.wanted == "stopped",
            live,
            settings: at.json("settings", row.settings)?,
            deploying: newest.is_some_and(|status| !status.is_settled()),
            last_failed: newest == Some(Status::Failed),
            unrouted: row.traffic.is_some_and(|traffic| is_nobody(&traffic)),
            before: Before {
                state: row.state,
                reason: row.state_reason,
                instances: row.instances,
                observed: row.observed_at.is_some(),
            },
        })
    }
}

/// Whether traffic as it is written down goes to nobody.
fn is_nobody(traffic: &serde_json::Value) -> bool {
    traffic.get("shares").and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
}

/// The release of each of these deployments.
async fn live_releases(store: &Store, ids: Vec<Uuid>) -> StoreResult<HashMap<Uuid, LiveRelease>> {
    let rows =
        deployments::Entity::find().filter(deployments::Column::Id.is_in(ids)).all(&store.reads).await?;
    let releases_of = rows.iter().filter_map(|row| row.release_id);
    let found =
        releases::Entity::find().filter(releases::Column::Id.is_in(releases_of)).all(&store.reads).await?;
    let mut specs = HashMap::new();
    for release in found {
        let spec: ReleaseSpec = At { table: "releases", id: release.id }.json("spec", release.spec)?;
        specs.insert(release.id, spec);
    }
    let live = |row: deployments::Model| {
        let spec = row.release_id.and_then(|id| specs.remove(&id));
        let number = At { table: "deployments", id: row.id }.number("number", row.number)?;
        let image_id = spec.as_ref().map(|spec| spec.image_id.clone());
        let port = spec.as_ref().and_then(|spec| spec.port);
        let settings = spec.map(|spec| spec.settings).unwrap_or_default();
        Ok((row.id, LiveRelease { number, image_id, settings, port }))
    };
    rows.into_iter().map(live).collect()
}
