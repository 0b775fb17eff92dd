//! Connections of an organisation to git hosts.

use crate::table::{index, owned};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the table.
pub struct Connections;

impl MigrationName for Connections {
    fn name(&self) -> &str {
        "m20261122_000010_connections"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Connections {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = owned("connections");
        table
            .col(text("kind"))
            .col(text("url"))
            .col(text("account"))
            .col(blob("sealed"))
            .col(big_integer_null("installation"))
            .col(text("changed_by"))
            .col(timestamp_with_time_zone("changed_at"));
        manager.create_table(table).await?;
        index(manager, "connections", &["organisation_id", "kind", "url", "account"], true).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
