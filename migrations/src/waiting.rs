//! Maintenance and pauses: when requests of a service go to the waiting room instead of its instances.

use sea_orm_migration::{prelude::*, schema::*};

/// Adds the columns.
pub struct Waiting;

impl MigrationName for Waiting {
    fn name(&self) -> &str {
        "m20261121_000004_waiting"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Waiting {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [json_binary_null("maintenance"), timestamp_with_time_zone_null("paused_until")] {
            manager.alter_table(Table::alter().table("services").add_column(column).take()).await?;
        }
        Ok(())
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
