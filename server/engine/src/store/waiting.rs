//! When requests of a service wait or are turned away, and what the waiting room has to know of a service.

use super::{
    NewEvent, Store, StoreResult, Subject, Writing,
    entities::{deployments, domains, services},
    json::{At, to_json},
    services::{Joined, ServiceRow, service, with_path},
};
use crate::Actor;
use berth_domain::{
    deployment::Status,
    domain_name::HostName,
    event::EventKind,
    ids::{EnvironmentId, ServiceId},
    service::ServiceState,
    traffic::Traffic,
    waiting::Maintenance,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, entity::prelude::Json, sea_query::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A service as far as it matters to who visits it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub service: ServiceId,
    pub environment: EnvironmentId,
    /// It answers requests at all.
    pub routed: bool,
    pub stopped: bool,
    pub state: ServiceState,
    /// A deployment is queued or running.
    pub deploying: bool,
    /// Why the newest deployment failed, when it did.
    pub failed: Option<String>,
    pub maintenance: Option<Maintenance>,
    pub paused_until: Option<DateTime<Utc>>,
    pub traffic: Traffic,
    /// What visitors of a host read instead of Berth's words.
    pub pages: Vec<(HostName, String)>,
}

impl Standing {
    /// No instance is to get requests now, whether there are any or not.
    pub fn is_shut(&self, now: DateTime<Utc>) -> bool {
        self.maintenance.is_some() || self.paused_until.is_some_and(|until| until > now)
    }
}

impl Writing<'_> {
    /// Begins or ends maintenance.
    pub async fn maintain_service(
        &self,
        id: ServiceId,
        maintenance: Option<&Maintenance>,
    ) -> StoreResult<bool> {
        let kept: Option<Json> = maintenance.map(to_json);
        self.update(self.update_of(id).col_expr(services::Column::Maintenance, Expr::value(kept))).await
    }

    /// Lets requests wait until then, or go on.
    pub async fn pause_service(&self, id: ServiceId, until: Option<DateTime<Utc>>) -> StoreResult<bool> {
        self.update(self.update_of(id).col_expr(services::Column::PausedUntil, Expr::value(until))).await
    }
}

impl Store {
    /// What the waiting room has to know of a service.
    pub async fn standing(&self, service: ServiceId) -> StoreResult<Option<Standing>> {
        let Some(row) = services::Entity::find_by_id(service.0).one(&self.reads).await? else {
            return Ok(None);
        };
        let newest: Option<(Uuid, String, Option<String>)> = deployments::Entity::find()
            .select_only()
            .columns([deployments::Column::Id, deployments::Column::Status, deployments::Column::Reason])
            .filter(deployments::Column::ServiceId.eq(service.0))
            .order_by_desc(deployments::Column::Number)
            .limit(1)
            .into_tuple()
            .one(&self.reads)
            .await?;
        let status = newest
            .as_ref()
            .map(|(id, status, _)| At { table: "deployments", id: *id }.text::<Status>("status", status));
        let status = status.transpose()?;
        let failed = newest.and_then(|(_, _, reason)| reason).filter(|_| status == Some(Status::Failed));
        let deploying = status.is_some_and(|status| !status.is_settled());
        let mut standing = standing(row, deploying, failed)?;
        let domains = self.routed_domains(service).await?.into_iter();
        standing.pages = domains.filter_map(|domain| Some((domain.host, domain.settings.page?))).collect();
        Ok(Some(standing))
    }

    /// Every service to which a domain leads.
    pub async fn services_with_routes(&self) -> StoreResult<Vec<ServiceId>> {
        let ids: Vec<Uuid> = domains::Entity::find()
            .select_only()
            .column(domains::Column::ServiceId)
            .distinct()
            .into_tuple()
            .all(&self.reads)
            .await?;
        let mut all: BTreeSet<ServiceId> = ids.into_iter().map(ServiceId).collect();
        all.extend(self.services_with_ports().await?);
        Ok(all.into_iter().collect())
    }

    /// Every service whose requests wait until a time, whether it has come or not.
    pub async fn paused(&self) -> StoreResult<Vec<ServiceRow>> {
        let paused = with_path().filter(services::Column::PausedUntil.is_not_null());
        let rows = paused.into_model::<Joined>().all(&self.reads).await?;
        rows.into_iter().map(service).collect()
    }

    /// Ends a pause whose time has come, unless it was made longer meanwhile.
    pub async fn end_pause(&self, paused: &ServiceRow, now: DateTime<Utc>) -> StoreResult<()> {
        let mut write = self.begin().await?;
        let rows = write.scoped(paused.scope());
        let ends = rows
            .update_of(paused.id)
            .col_expr(services::Column::PausedUntil, Expr::value(Option::<DateTime<Utc>>::None))
            .filter(services::Column::PausedUntil.lte(now));
        if !rows.update(ends).await? {
            return Ok(());
        }
        let told = format!("The pause of {} is over: its instances get requests again.", paused.path);
        let subject = Subject::service(paused.id, &paused.path);
        let system = Actor::system(paused.organisation);
        write.record(NewEvent::new(&system, EventKind::TrafficResumed, subject, told));
        write.commit().await
    }
}

fn standing(row: services::Model, deploying: bool, failed: Option<String>) -> StoreResult<Standing> {
    let at = At { table: "services", id: row.id };
    let stopped = row.wanted == "stopped";
    let traffic = row.traffic.filter(|_| !stopped).map(|traffic| at.json("traffic", traffic)).transpose()?;
    // The rest of the settings says nothing to visitors.
    let routed = row.settings.get("routed").and_then(serde_json::Value::as_bool).unwrap_or(true);
    Ok(Standing {
        service: row.id.into(),
        environment: row.environment_id.into(),
        routed,
        stopped,
        state: at.text("state", &row.state)?,
        deploying,
        failed,
        maintenance: row.maintenance.map(|kept| at.json("maintenance", kept)).transpose()?,
        paused_until: row.paused_until,
        traffic: traffic.unwrap_or_default(),
        pages: Vec::new(),
    })
}
