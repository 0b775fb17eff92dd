//! The first schema: accounts, projects, services, deployments, events, deliveries.

mod accounts;
mod records;
mod services;

use sea_orm_migration::prelude::*;

/// Makes every table from nothing.
pub struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &str {
        "m20261120_000001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Initial {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        accounts::up(manager).await?;
        services::up(manager).await?;
        records::up(manager).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
