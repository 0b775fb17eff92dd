//! The registries of images that an organisation has credentials for.

use crate::table::{index, owned};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the table.
pub struct Registries;

impl MigrationName for Registries {
    fn name(&self) -> &str {
        "m20261121_000010_registries"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Registries {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = owned("registries");
        table
            .col(text("address"))
            .col(text("prefix"))
            .col(text("username"))
            .col(blob("sealed"))
            .col(boolean("push"))
            .col(text("changed_by"))
            .col(timestamp_with_time_zone("changed_at"));
        manager.create_table(table).await?;
        index(manager, "registries", &["organisation_id", "address", "prefix"], true).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
