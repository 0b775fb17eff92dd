//! The public SSH keys of accounts.

use crate::table::{Gone, index, owned, points};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the table.
pub struct SshKeys;

impl MigrationName for SshKeys {
    fn name(&self) -> &str {
        "m20261121_000004_ssh_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SshKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = owned("ssh_keys");
        table
            .col(uuid("user_id"))
            .col(text("name"))
            .col(text("kind"))
            .col(text("fingerprint"))
            .col(text("public_key"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("used_at"));
        points(&mut table, "ssh_keys", "user_id", "users", Gone::Too);
        manager.create_table(table).await?;
        // A key says who comes: it is of one account only.
        index(manager, "ssh_keys", &["fingerprint"], true).await?;
        index(manager, "ssh_keys", &["user_id"], false).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
