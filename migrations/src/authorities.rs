//! Which authority a certificate comes from, whether it was tried at staging first, and the orders that count towards
//! the limits of authorities.

use crate::table::{index, owned};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds a table, and columns to certificates.
pub struct Authorities;

impl MigrationName for Authorities {
    fn name(&self) -> &str {
        "m20261122_000007_authorities"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Authorities {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            text_null("directory"),
            text_null("order_directory"),
            timestamp_with_time_zone_null("staged_at"),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("certificates").add_column(column).take()).await?;
        }
        let mut table = owned("acme_orders");
        table
            .col(text("directory"))
            // Not a key: what was ordered counts when the certificate is long gone.
            .col(uuid("certificate_id"))
            .col(text("registered"))
            .col(boolean("renewal"))
            // Nothing while the order is open.
            .col(boolean_null("given"))
            .col(timestamp_with_time_zone("begun_at"));
        manager.create_table(table).await?;
        index(manager, "acme_orders", &["organisation_id", "directory", "begun_at"], false).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
