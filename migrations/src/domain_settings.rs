//! What a domain does with its requests, and the sealed hashes of those who may come in.

use sea_orm_migration::{prelude::*, schema::*};

/// Adds the columns; domains from before have the defaults.
pub struct DomainSettings;

impl MigrationName for DomainSettings {
    fn name(&self) -> &str {
        "m20261121_000006_domain_settings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for DomainSettings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [json_binary_null("settings"), blob_null("logins")] {
            manager.alter_table(Table::alter().table("domains").add_column(column).take()).await?;
        }
        Ok(())
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
