//! What was let go of: services and environments that were deleted, what is left of them in Docker, and volumes that
//! somebody wants deleted.

use crate::table::{index, owned};
use sea_orm_migration::{prelude::*, schema::*};

/// Tables for what goes later than the row that it belonged to.
pub struct VolumeDeletions;

impl MigrationName for VolumeDeletions {
    fn name(&self) -> &str {
        "m4_volume_deletions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for VolumeDeletions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tombstones(manager).await?;
        orphans(manager).await?;
        volume_deletions(manager).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The id is that of the service or environment that was deleted.
async fn tombstones(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("tombstones");
    // The repository of a service's images: images that were pulled carry no label.
    table.col(text("path")).col(text_null("repository")).col(timestamp_with_time_zone("at"));
    manager.create_table(table).await?;
    index(manager, "tombstones", &["repository"], false).await?;
    // Services that were deleted before: their events say so.
    let told = "INSERT INTO tombstones (id, organisation_id, path, repository, at) \
        SELECT service_id, organisation_id, project || '/' || environment || '/' || service, NULL, at FROM events \
        WHERE kind = 'service.deleted' AND service_id IS NOT NULL AND project IS NOT NULL \
        AND environment IS NOT NULL AND service IS NOT NULL ON CONFLICT DO NOTHING";
    manager.get_connection().execute_unprepared(told).await.map(drop)
}

/// Whose they were is often not known any more, so that they belong to no organisation.
async fn orphans(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("orphans")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(text("kind"))
        .col(text("object"))
        .col(timestamp_with_time_zone("since"))
        .take();
    manager.create_table(table).await?;
    index(manager, "orphans", &["kind", "object"], true).await
}

/// No foreign key to the service: the data outlives it.
async fn volume_deletions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("volume_deletions");
    table
        .col(text("docker_name"))
        .col(text("told"))
        .col(text("asked_by"))
        .col(timestamp_with_time_zone("asked_at"))
        .col(timestamp_with_time_zone("due_at"));
    manager.create_table(table).await?;
    index(manager, "volume_deletions", &["docker_name"], true).await?;
    index(manager, "volume_deletions", &["organisation_id"], false).await
}
