//! Services and environments that were deleted, and since when what they left is wanted by nobody.

use super::{
    Store, StoreResult, Write, Writing,
    entities::{orphans, tombstones},
    json::At,
    now,
};
use berth_domain::{
    disk::OrphanKind,
    ids::{OrganisationId, ServiceId},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::OnConflict};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// How many ids are asked for at once.
const BATCH: usize = 500;

/// A service or an environment that is about to be deleted.
#[derive(Debug, Clone)]
pub struct NewTombstone {
    pub id: Uuid,
    /// What people called it.
    pub path: String,
    /// The repository of a service's images.
    pub repository: Option<String>,
    /// Its volumes go too.
    pub with_data: bool,
}

/// A service or an environment that somebody deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    pub id: Uuid,
    pub organisation: OrganisationId,
    pub path: String,
    pub repository: Option<String>,
    /// Its volumes go too.
    pub with_data: bool,
}

impl Writing<'_> {
    /// Writes down that these are deleted: from now on what they left in Docker may go.
    pub async fn bury(&self, all: Vec<NewTombstone>) -> StoreResult<()> {
        let at = now();
        let row = |new: NewTombstone| tombstones::ActiveModel {
            id: Set(new.id),
            organisation_id: Set(self.scope.0.0),
            path: Set(new.path),
            repository: Set(new.repository),
            at: Set(at),
            with_data: Set(new.with_data),
        };
        let rows: Vec<_> = all.into_iter().map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let again = OnConflict::column(tombstones::Column::Id).do_nothing().to_owned();
        tombstones::Entity::insert_many(rows).on_conflict(again).exec_without_returning(&self.db).await?;
        Ok(())
    }
}

impl Store {
    /// The tombstones of these ids and of these repositories of images.
    pub async fn tombstones(&self, ids: &[Uuid], repositories: &[String]) -> StoreResult<Vec<Tombstone>> {
        let mut found = HashMap::new();
        let mut conditions: Vec<Condition> = Vec::new();
        for batch in ids.chunks(BATCH) {
            conditions.push(Condition::any().add(tombstones::Column::Id.is_in(batch.iter().copied())));
        }
        for batch in repositories.chunks(BATCH) {
            conditions.push(Condition::any().add(tombstones::Column::Repository.is_in(batch)));
        }
        for condition in conditions {
            for row in tombstones::Entity::find().filter(condition).all(&self.reads).await? {
                found.insert(row.id, tombstone(row));
            }
        }
        Ok(found.into_values().collect())
    }

    /// Those of these services that somebody deleted.
    pub async fn buried(&self, services: &[ServiceId]) -> StoreResult<Vec<ServiceId>> {
        let ids: Vec<Uuid> = services.iter().map(|id| id.0).collect();
        Ok(self.tombstones(&ids, &[]).await?.into_iter().map(|found| ServiceId(found.id)).collect())
    }

    /// Keeps since when things are wanted by nobody: new ones from now on, the others since they were first seen so.
    /// What is not among them any more is forgotten.
    pub async fn orphans_since(
        &self,
        seen: &[(OrphanKind, String)],
    ) -> StoreResult<HashMap<(OrphanKind, String), DateTime<Utc>>> {
        let rows = orphans::Entity::find().all(&self.reads).await?;
        let wanted: HashSet<&(OrphanKind, String)> = seen.iter().collect();
        let (mut since, mut gone) = (HashMap::new(), Vec::new());
        for row in rows {
            let key = (At { table: "orphans", id: row.id }.text("kind", &row.kind)?, row.object);
            if wanted.contains(&key) {
                since.insert(key, row.since);
            } else {
                gone.push(row.id);
            }
        }
        let new: Vec<_> = wanted.into_iter().filter(|key| !since.contains_key(*key)).cloned().collect();
        if new.is_empty() && gone.is_empty() {
            return Ok(since);
        }
        let (write, at) = (self.begin().await?, now());
        forget_orphans(&write, &gone).await?;
        keep_orphans(&write, &new, at).await?;
        write.commit().await?;
        since.extend(new.into_iter().map(|key| (key, at)));
        Ok(since)
    }
}

async fn forget_orphans(write: &Write, gone: &[Uuid]) -> StoreResult<()> {
    for batch in gone.chunks(BATCH) {
        let delete = orphans::Entity::delete_many().filter(orphans::Column::Id.is_in(batch.iter().copied()));
        delete.exec(&write.transaction).await?;
    }
    Ok(())
}

async fn keep_orphans(write: &Write, new: &[(OrphanKind, String)], at: DateTime<Utc>) -> StoreResult<()> {
    for batch in new.chunks(BATCH) {
        let rows = batch.iter().map(|(kind, object)| orphans::ActiveModel {
            id: Set(Uuid::now_v7()),
            kind: Set(kind.to_string()),
            object: Set(object.clone()),
            since: Set(at),
        });
        let again =
            OnConflict::columns([orphans::Column::Kind, orphans::Column::Object]).do_nothing().to_owned();
        let insert = orphans::Entity::insert_many(rows).on_conflict(again);
        insert.exec_without_returning(&write.transaction).await?;
    }
    Ok(())
}

fn tombstone(row: tombstones::Model) -> Tombstone {
    Tombstone {
        id: row.id,
        organisation: OrganisationId(row.organisation_id),
        path: row.path,
        repository: row.repository,
        with_data: row.with_data,
    }
}
