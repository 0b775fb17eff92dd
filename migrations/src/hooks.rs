//! Who told of a delivery and what it was answered; which delivery it replays; where a branch was when Berth asked by
//! itself.

use sea_orm_migration::{prelude::*, schema::*};

/// Adds the columns; for rows from before, nothing is known of it.
pub struct Hooks;

impl MigrationName for Hooks {
    fn name(&self) -> &str {
        "m20261121_000005_hooks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Hooks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "deliveries", text_null("provider")).await?;
        add(manager, "deliveries", integer_null("status")).await?;
        add(manager, "deliveries", uuid_null("replay_of")).await?;
        add(manager, "services", json_binary_null("polled")).await
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
