//! Services.

use super::{
    Scope, Scoped, Store, StoreError, StoreResult, Writing,
    entities::{deployments, environments, projects, releases, services},
    json::{At, clean, to_json},
    now,
    polled::PolledHead,
};
use berth_domain::{
    ids::{DeploymentId, EnvironmentId, OrganisationId, ProjectId, ServiceId},
    name::Name,
    release::ReleaseSpec,
    service::{InstanceView, ServicePath, ServiceSettings, ServiceState},
    source::Source,
    waiting::Maintenance,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    Select, TryGetable, UpdateMany, entity::prelude::Json, sea_query::Expr,
};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// What a person wants of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Running,
    Stopped,
}

/// A service with everything about it that is not a list of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRow {
    pub id: ServiceId,
    pub organisation: OrganisationId,
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub path: ServicePath,
    pub source: Source,
    pub settings: ServiceSettings,
    pub wanted: Wanted,
    pub state: ServiceState,
    pub state_reason: Option<String>,
    pub observed_at: Option<DateTime<Utc>>,
    /// The containers as Docker last reported them.
    pub instances: Vec<InstanceView>,
    pub live_deployment: Option<DeploymentId>,
    /// The number that the next deployment gets.
    pub next_number: u64,
    pub detected_port: Option<u16>,
    /// Sealed for `services.webhook_secret` of this row.
    pub webhook_secret: Option<Vec<u8>>,
    /// Where the branch was when Berth last asked by itself.
    pub polled: Option<PolledHead>,
    /// Sealed for `services.credential` of this row.
    pub credential: Option<Vec<u8>>,
    pub maintenance: Option<Maintenance>,
    pub paused_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// A service that is about to be made.
#[derive(Debug, Clone)]
pub struct NewService {
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub name: Name,
    pub source: Source,
    pub settings: ServiceSettings,
}

impl ServiceRow {
    /// The port that traffic goes to.
    pub fn port(&self) -> Option<u16> {
        self.settings.port.or(self.detected_port)
    }

    /// The organisation's scope.
    pub fn scope(&self) -> Scope {
        Scope(self.organisation)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        })
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "running" => Ok(Self::Running),
            "stopped" => Ok(Self::Stopped),
            _ => Err(format!("{text:?} is neither running nor stopped")),
        }
    }
}

/// Services with the names that lead to them.
pub(super) fn with_path() -> Select<services::Entity> {
    services::Entity::find()
        .join(JoinType::InnerJoin, to_environment())
        .join(JoinType::InnerJoin, to_project())
        .column_as(environments::Column::Name, "environment_name")
        .column_as(projects::Column::Name, "project_name")
}

pub(super) fn to_environment() -> RelationDef {
    services::Entity::belongs_to(environments::Entity)
        .from(services::Column::EnvironmentId)
        .to(environments::Column::Id)
        .into()
}

pub(super) fn to_project() -> RelationDef {
    services::Entity::belongs_to(projects::Entity)
        .from(services::Column::ProjectId)
        .to(projects::Column::Id)
        .into()
}

/// A row of [`with_path`].
pub(super) struct Joined {
    service: services::Model,
    environment_name: String,
    project_name: String,
}

impl sea_orm::FromQueryResult for Joined {
    fn from_query_result(row: &sea_orm::QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        Ok(Self {
            service: services::Model::from_query_result(row, prefix)?,
            environment_name: String::try_get(row, prefix, "environment_name")?,
            project_name: String::try_get(row, prefix, "project_name")?,
        })
    }
}

impl Scoped<'_> {
    /// The service at a path.
    pub async fn service(&self, path: &ServicePath) -> StoreResult<Option<ServiceRow>> {
        let select = with_path()
            .filter(projects::Column::OrganisationId.eq(self.scope.0.0))
            .filter(projects::Column::Name.eq(path.project.as_str()))
            .filter(environments::Column::Name.eq(path.environment.as_str()))
            .filter(services::Column::Name.eq(path.service.as_str()));
        let row = select.into_model::<Joined>().one(&self.db).await?;
        row.map(service).transpose()
    }

    /// The service of that id.
    pub async fn service_by_id(&self, id: ServiceId) -> StoreResult<Option<ServiceRow>> {
        let select = with_path()
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::Id.eq(id.0));
        let row = select.into_model::<Joined>().one(&self.db).await?;
        row.map(service).transpose()
    }

    /// The number of a live deployment with what its release runs.
    pub async fn live_spec(&self, live: Option<DeploymentId>) -> StoreResult<Option<(u64, ReleaseSpec)>> {
        let Some(live) = live else { return Ok(None) };
        let to_release: RelationDef = deployments::Entity::belongs_to(releases::Entity)
            .from(deployments::Column::ReleaseId)
            .to(releases::Column::Id)
            .into();
        let row: Option<(i64, Uuid, Json)> = deployments::Entity::find()
            .select_only()
            .column(deployments::Column::Number)
            .column(releases::Column::Id)
            .column(releases::Column::Spec)
            .join(JoinType::InnerJoin, to_release)
            .filter(deployments::Column::OrganisationId.eq(self.scope.0.0))
            .filter(deployments::Column::Id.eq(live.0))
            .into_tuple()
            .one(&self.db)
            .await?;
        let Some((number, release, spec)) = row else { return Ok(None) };
        let at = At { table: "releases", id: release };
        Ok(Some((at.number("number", number)?, at.json("spec", spec)?)))
    }

    /// The services of a project, or of one of its environments.
    pub async fn services_in(
        &self,
        project: ProjectId,
        environment: Option<EnvironmentId>,
    ) -> StoreResult<Vec<ServiceRow>> {
        let mut select = with_path()
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::ProjectId.eq(project.0));
        if let Some(environment) = environment {
            select = select.filter(services::Column::EnvironmentId.eq(environment.0));
        }
        let rows = select
            .order_by_asc(environments::Column::CreatedAt)
            .order_by_asc(services::Column::Name)
            .into_model::<Joined>()
            .all(&self.db)
            .await?;
        rows.into_iter().map(service).collect()
    }
}

impl Store {
    /// A service of any organisation: for webhooks, which know nothing but the id, and for background work.
    pub async fn service_anywhere(&self, id: ServiceId) -> StoreResult<Option<ServiceRow>> {
        let select = with_path().filter(services::Column::Id.eq(id.0));
        let row = select.into_model::<Joined>().one(&self.reads).await?;
        row.map(service).transpose()
    }

    /// All services of all organisations: for the reconcilers.
    pub async fn services_everywhere(&self) -> StoreResult<Vec<ServiceRow>> {
        let rows = with_path().into_model::<Joined>().all(&self.reads).await?;
        rows.into_iter().map(service).collect()
    }
}

impl Writing<'_> {
    /// Makes a service; refused when the name is taken.
    pub async fn insert_service(&self, new: NewService) -> StoreResult<ServiceId> {
        let (id, at) = (Uuid::now_v7(), now());
        let row = services::ActiveModel {
            id: Set(id),
            organisation_id: Set(self.scope.0.0),
            project_id: Set(new.project.0),
            environment_id: Set(new.environment.0),
            name: Set(new.name.to_string()),
            source: Set(to_json(&new.source)),
            settings: Set(to_json(&new.settings)),
            wanted: Set(Wanted::Running.to_string()),
            state: Set(ServiceState::New.to_string()),
            state_reason: Set(None),
            observed_at: Set(None),
            instances: Set(serde_json::json!([])),
            live_deployment_id: Set(None),
            next_number: Set(1),
            detected_port: Set(None),
            traffic: Set(None),
            maintenance: Set(None),
            paused_until: Set(None),
            webhook_secret: Set(None),
            polled: Set(None),
            credential: Set(None),
            created_at: Set(at),
            changed_at: Set(at),
        };
        services::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(ServiceId(id))
    }

    /// Holds a service until the transaction ends, so that what belongs to it changes one at a time. Answers whether
    /// it is there. (SQLite has one writer anyway.)
    pub async fn hold_service(&self, id: ServiceId) -> StoreResult<bool> {
        let held: Option<Uuid> = services::Entity::find()
            .select_only()
            .column(services::Column::Id)
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::Id.eq(id.0))
            .lock_exclusive()
            .into_tuple()
            .one(&self.db)
            .await?;
        Ok(held.is_some())
    }

    pub(super) fn update_of(&self, id: ServiceId) -> UpdateMany<services::Entity> {
        services::Entity::update_many()
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::Id.eq(id.0))
    }

    pub(super) async fn update(&self, update: UpdateMany<services::Entity>) -> StoreResult<bool> {
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Changes name, source and settings; refused when the name is taken.
    pub async fn change_service(
        &self,
        id: ServiceId,
        name: &Name,
        source: &Source,
        settings: &ServiceSettings,
    ) -> StoreResult<bool> {
        let update = self
            .update_of(id)
            .col_expr(services::Column::Name, Expr::value(name.as_str()))
            .col_expr(services::Column::Source, Expr::value(to_json(source)))
            .col_expr(services::Column::Settings, Expr::value(to_json(settings)))
            .col_expr(services::Column::ChangedAt, Expr::value(now()));
        self.update(update).await
    }

    /// Notes what a person wants of it.
    pub async fn want_service(&self, id: ServiceId, wanted: Wanted) -> StoreResult<bool> {
        let update = self
            .update_of(id)
            .col_expr(services::Column::Wanted, Expr::value(wanted.to_string()))
            .col_expr(services::Column::ChangedAt, Expr::value(now()));
        self.update(update).await
    }

    /// Keeps or forgets the sealed credential.
    pub async fn keep_credential(&self, id: ServiceId, sealed: Option<Vec<u8>>) -> StoreResult<bool> {
        let update = self.update_of(id).col_expr(services::Column::Credential, Expr::value(sealed));
        self.update(update).await
    }

    /// Keeps the sealed webhook secret.
    pub async fn keep_webhook_secret(&self, id: ServiceId, sealed: Vec<u8>) -> StoreResult<bool> {
        let update = self.update_of(id).col_expr(services::Column::WebhookSecret, Expr::value(Some(sealed)));
        self.update(update).await
    }

    /// Writes down what was observed.
    pub async fn observe_service(
        &self,
        id: ServiceId,
        state: ServiceState,
        reason: Option<&str>,
        instances: &[InstanceView],
    ) -> StoreResult<bool> {
        let update = self
            .update_of(id)
            .col_expr(services::Column::State, Expr::value(state.as_str()))
            .col_expr(services::Column::StateReason, Expr::value(reason.map(clean)))
            .col_expr(services::Column::Instances, Expr::value(to_json(&instances)))
            .col_expr(services::Column::ObservedAt, Expr::value(Some(now())));
        self.update(update).await
    }

    /// Deletes a service and all that it has; answers whether it was there.
    pub async fn delete_service(&self, id: ServiceId) -> StoreResult<bool> {
        let delete = services::Entity::delete_many()
            .filter(services::Column::OrganisationId.eq(self.scope.0.0))
            .filter(services::Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

pub(super) fn service(row: Joined) -> StoreResult<ServiceRow> {
    let Joined { service: row, environment_name, project_name } = row;
    let at = At { table: "services", id: row.id };
    Ok(ServiceRow {
        id: ServiceId(row.id),
        organisation: OrganisationId(row.organisation_id),
        project: ProjectId(row.project_id),
        environment: EnvironmentId(row.environment_id),
        path: path(row.id, &project_name, &environment_name, &row.name)?,
        source: at.json("source", row.source)?,
        settings: at.json("settings", row.settings)?,
        wanted: at.text("wanted", &row.wanted)?,
        state: at.text("state", &row.state)?,
        state_reason: row.state_reason,
        observed_at: row.observed_at,
        instances: at.json("instances", row.instances)?,
        live_deployment: row.live_deployment_id.map(DeploymentId),
        next_number: at.number("next_number", row.next_number)?,
        detected_port: row.detected_port.map(|port| at.number("detected_port", port)).transpose()?,
        webhook_secret: row.webhook_secret,
        polled: row.polled.map(|polled| at.json("polled", polled)).transpose()?,
        credential: row.credential,
        maintenance: row.maintenance.map(|kept| at.json("maintenance", kept)).transpose()?,
        paused_until: row.paused_until,
        created_at: row.created_at,
        changed_at: row.changed_at,
    })
}

/// The path of a service out of its three names.
pub(super) fn path(
    id: Uuid,
    project: &str,
    environment: &str,
    name: &str,
) -> Result<ServicePath, StoreError> {
    let at = |table| At { table, id };
    Ok(ServicePath {
        project: at("projects").text("name", project)?,
        environment: at("environments").text("name", environment)?,
        service: at("services").text("name", name)?,
    })
}
