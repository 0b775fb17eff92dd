//! Deletes the volumes that somebody wanted deleted, when the time to reconsider is over.

use crate::{
    Actor, Engine, Result,
    docker::Runtime,
    store::{NewEvent, NewVolumeDeletion, Scope, Subject, VolumeDeletionRow},
};
use berth_domain::event::EventKind;
use chrono::{DateTime, Utc};
use std::collections::HashSet;

/// Deletes what is due, and lets go of the wish where an instance has the volume again. Answers when the next is due.
pub(super) async fn reconcile(engine: &Engine, docker: &dyn Runtime) -> Result<Option<DateTime<Utc>>> {
    let rows = engine.parts.store.volume_deletions_everywhere().await?;
    if rows.is_empty() {
        return Ok(None);
    }
    // R-DISK-3: whatever the row says, only a volume with this Berth's label is touched.
    let ours: HashSet<String> =
        docker.volumes(&engine.parts.naming.ours()).await?.into_iter().map(|volume| volume.name).collect();
    let mut next = None;
    for row in rows {
        if !ours.contains(&row.docker_name) {
            let told = format!("Volume {} is gone from Docker.", row.told);
            settle(engine, &row, Some((EventKind::VolumeDeleted, told))).await?;
            continue;
        }
        if let Some(user) = engine.user_of_volume(docker, &row.docker_name).await? {
            let told = format!("Volume {} is kept after all: {user} has it mounted.", row.told);
            settle(engine, &row, Some((EventKind::VolumeKept, told))).await?;
        } else if row.due_at <= engine.now() {
            delete(engine, docker, &row).await?;
        } else {
            next = next.into_iter().chain([row.due_at]).min();
        }
    }
    Ok(next)
}

/// First the wish is taken, so that whoever takes it back at this moment has either the volume or nothing to take.
async fn delete(engine: &Engine, docker: &dyn Runtime, row: &VolumeDeletionRow) -> Result<()> {
    if !settle(engine, row, None).await? {
        return Ok(());
    }
    if let Err(error) = docker.remove_volume(&row.docker_name).await {
        wish_again(engine, row).await?;
        return Err(error.into());
    }
    let asked = row.asked_at.format("%Y-%m-%d");
    let why = format!("{} asked for it on {asked}", row.asked_by);
    let told = format!("Volume {} was deleted with its data: {why}.", row.told);
    let mut write = engine.parts.store.begin().await?;
    write.record(event(row, EventKind::VolumeDeleted, told));
    Ok(write.commit().await?)
}

/// Takes the wish away with an event; answers whether it was still there.
async fn settle(engine: &Engine, row: &VolumeDeletionRow, told: Option<(EventKind, String)>) -> Result<bool> {
    let mut write = engine.parts.store.begin().await?;
    let was_there = write.scoped(Scope(row.organisation)).take_volume_deletion(&row.docker_name).await?;
    if let Some((kind, told)) = told.filter(|_| was_there) {
        write.record(event(row, kind, told));
    }
    write.commit().await?;
    Ok(was_there)
}

async fn wish_again(engine: &Engine, row: &VolumeDeletionRow) -> Result<()> {
    let again = NewVolumeDeletion {
        docker_name: row.docker_name.clone(),
        told: row.told.clone(),
        asked_by: row.asked_by.clone(),
        asked_at: row.asked_at,
        due_at: row.due_at,
    };
    let write = engine.parts.store.begin().await?;
    write.scoped(Scope(row.organisation)).insert_volume_deletion(again).await?;
    Ok(write.commit().await?)
}

fn event(row: &VolumeDeletionRow, kind: EventKind, told: String) -> NewEvent {
    NewEvent::new(&Actor::system(row.organisation), kind, Subject::organisation(), told)
}
