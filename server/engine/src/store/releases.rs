//! Releases: written once, never changed.

use super::{
    Store, StoreResult,
    entities::{deployments, releases, services, variables},
    json::{At, to_json},
};
use berth_domain::{
    ids::{OrganisationId, ReleaseId, ServiceId},
    release::ReleaseSpec,
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashSet;
use uuid::Uuid;

/// A release as it is kept; the values of its variables are sealed.
#[derive(Debug, Clone)]
pub struct ReleaseRow {
    pub id: ReleaseId,
    pub organisation: OrganisationId,
    pub service: ServiceId,
    /// The number of the deployment that made it.
    pub number: u64,
    pub spec: ReleaseSpec,
    pub variables: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

impl TryFrom<releases::Model> for ReleaseRow {
    type Error = super::StoreError;

    fn try_from(row: releases::Model) -> StoreResult<Self> {
        let at = At { table: "releases", id: row.id };
        Ok(Self {
            id: row.id.into(),
            organisation: row.organisation_id.into(),
            service: row.service_id.into(),
            number: at.number("number", row.number)?,
            spec: at.json("spec", row.spec)?,
            variables: row.variables,
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// Keeps a release.
    pub async fn insert_release(&self, release: &ReleaseRow) -> StoreResult<()> {
        let row = releases::ActiveModel {
            id: Set(release.id.0),
            organisation_id: Set(release.organisation.0),
            service_id: Set(release.service.0),
            number: Set(release.number as i64),
            spec: Set(to_json(&release.spec)),
            variables: Set(release.variables.clone()),
            created_at: Set(release.created_at),
        };
        let write = self.begin().await?;
        releases::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        write.commit().await
    }

    /// A release by its id; for the queue and the reconcilers, which know the service.
    pub async fn release(&self, id: ReleaseId) -> StoreResult<Option<ReleaseRow>> {
        releases::Entity::find_by_id(id.0).one(&self.reads).await?.map(ReleaseRow::try_from).transpose()
    }

    /// The release of a service's deployment.
    pub async fn release_of(&self, service: ServiceId, number: u64) -> StoreResult<Option<ReleaseRow>> {
        let deployment = deployments::Entity::find()
            .filter(deployments::Column::ServiceId.eq(service.0))
            .filter(deployments::Column::Number.eq(number as i64))
            .one(&self.reads)
            .await?;
        match deployment.and_then(|deployment| deployment.release_id) {
            Some(release) => self.release(release.into()).await,
            None => Ok(None),
        }
    }

    /// The saved variables of a service, sealed: id, key and value.
    pub async fn sealed_variables(
        &self,
        organisation: OrganisationId,
        service: ServiceId,
    ) -> StoreResult<Vec<(Uuid, String, Vec<u8>)>> {
        let rows = variables::Entity::find()
            .filter(variables::Column::OrganisationId.eq(organisation.0))
            .filter(variables::Column::ServiceId.eq(service.0))
            .order_by_asc(variables::Column::Key)
            .all(&self.reads)
            .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.key, row.sealed)).collect())
    }

    /// The keys of a service's variables that are secrets.
    pub async fn secret_keys(&self, service: ServiceId) -> StoreResult<HashSet<String>> {
        let rows = variables::Entity::find()
            .filter(variables::Column::ServiceId.eq(service.0))
            .filter(variables::Column::Secret.eq(true))
            .all(&self.reads)
            .await?;
        Ok(rows.into_iter().map(|row| row.key).collect())
    }

    /// The release that gets a service's traffic.
    pub async fn live_release(&self, service: ServiceId) -> StoreResult<Option<ReleaseRow>> {
        let Some(service) = services::Entity::find_by_id(service.0).one(&self.reads).await? else {
            return Ok(None);
        };
        let Some(live) = service.live_deployment_id else { return Ok(None) };
        let deployment = deployments::Entity::find_by_id(live).one(&self.reads).await?;
        match deployment.and_then(|deployment| deployment.release_id) {
            Some(release) => self.release(release.into()).await,
            None => Ok(None),
        }
    }
}
