//! The SSH keys of git hosts, as each was seen at first.

use crate::table::{index, owned};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the table.
pub struct KnownHosts;

impl MigrationName for KnownHosts {
    fn name(&self) -> &str {
        "m20261121_000006_known_hosts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for KnownHosts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = owned("known_hosts");
        table.col(text("host")).col(text("keys")).col(timestamp_with_time_zone("seen_at"));
        manager.create_table(table).await?;
        index(manager, "known_hosts", &["organisation_id", "host"], true).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
