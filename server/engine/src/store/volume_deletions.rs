//! Volumes that somebody wants deleted, until their time has come.

use super::{
    Scoped, Store, StoreResult, Writing,
    entities::volume_deletions::{ActiveModel, Column, Entity, Model},
    json::clean,
};
use berth_domain::{disk::VolumeDeletion, ids::OrganisationId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

/// The wish to delete a volume.
#[derive(Debug, Clone)]
pub struct NewVolumeDeletion {
    pub docker_name: String,
    /// What people call it: `data of shop/production/web`.
    pub told: String,
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
}

/// A volume that goes when its time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeDeletionRow {
    pub organisation: OrganisationId,
    pub docker_name: String,
    /// What people call it.
    pub told: String,
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
}

impl VolumeDeletionRow {
    /// As people see it.
    pub fn view(&self) -> VolumeDeletion {
        VolumeDeletion { asked_by: self.asked_by.clone(), asked_at: self.asked_at, due_at: self.due_at }
    }
}

impl Scoped<'_> {
    /// The volumes of this organisation that are to be deleted.
    pub async fn volume_deletions(&self) -> StoreResult<Vec<VolumeDeletionRow>> {
        let rows = Entity::find()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .order_by_asc(Column::DueAt)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(row).collect())
    }
}

impl Writing<'_> {
    /// Marks a volume; refused when it is marked already.
    pub async fn insert_volume_deletion(&self, new: NewVolumeDeletion) -> StoreResult<()> {
        let row = ActiveModel {
            id: Set(Uuid::now_v7()),
            organisation_id: Set(self.scope.0.0),
            docker_name: Set(clean(&new.docker_name)),
            told: Set(clean(&new.told)),
            asked_by: Set(clean(&new.asked_by)),
            asked_at: Set(new.asked_at),
            due_at: Set(new.due_at),
        };
        Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Takes a mark of this organisation back; answers whether it was there.
    pub async fn take_volume_deletion(&self, docker_name: &str) -> StoreResult<bool> {
        let delete = Entity::delete_many()
            .filter(Column::OrganisationId.eq(self.scope.0.0))
            .filter(Column::DockerName.eq(clean(docker_name)));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }
}

impl Store {
    /// Every volume that is to be deleted, of all organisations: for the reconciler.
    pub async fn volume_deletions_everywhere(&self) -> StoreResult<Vec<VolumeDeletionRow>> {
        let rows = Entity::find().order_by_asc(Column::DueAt).all(&self.reads).await?;
        Ok(rows.into_iter().map(row).collect())
    }
}

fn row(row: Model) -> VolumeDeletionRow {
    VolumeDeletionRow {
        organisation: OrganisationId(row.organisation_id),
        docker_name: row.docker_name,
        told: row.told,
        asked_by: row.asked_by,
        asked_at: row.asked_at,
        due_at: row.due_at,
    }
}
