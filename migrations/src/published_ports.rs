//! Ports of the machine that lead to services without HTTP.

use crate::table::{Gone, index, owned, points};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the table.
pub struct PublishedPorts;

impl MigrationName for PublishedPorts {
    fn name(&self) -> &str {
        "m20261122_000001_published_ports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PublishedPorts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = owned("published_ports");
        table
            .col(uuid("service_id"))
            .col(text("protocol"))
            .col(integer("port"))
            .col(integer("target"))
            .col(timestamp_with_time_zone("created_at"));
        points(&mut table, "published_ports", "service_id", "services", Gone::Too);
        manager.create_table(table).await?;
        // The machine has each port once, whoever's service it leads to.
        index(manager, "published_ports", &["protocol", "port"], true).await?;
        index(manager, "published_ports", &["service_id"], false).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
