//! Who gets a service's requests, instance by instance; what a rollout measured; and the word of a person that lets a
//! canary go on.

use sea_orm_migration::{prelude::*, schema::*};

/// Adds the columns; rows from before have no traffic written down until their instances are looked at.
pub struct Traffic;

impl MigrationName for Traffic {
    fn name(&self) -> &str {
        "m20261121_000002_traffic"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Traffic {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "services", json_binary_null("traffic")).await?;
        add(manager, "deployments", json_binary_null("measured")).await?;
        add(manager, "deployments", boolean("promoted").default(false).take()).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn add(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: impl IntoColumnDef,
) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).take()).await
}
