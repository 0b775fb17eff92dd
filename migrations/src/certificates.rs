//! Certificates with their sealed keys, and the accounts at the authorities that give them.

use crate::table::{index, owned};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the tables.
pub struct Certificates;

impl MigrationName for Certificates {
    fn name(&self) -> &str {
        "m20261121_000006_certificates"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Certificates {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        accounts(manager).await?;
        zones(manager).await?;
        certificates(manager).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// One for each organisation and authority.
async fn accounts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("acme_accounts");
    table.col(text("directory")).col(blob("sealed")).col(timestamp_with_time_zone("created_at"));
    manager.create_table(table).await?;
    index(manager, "acme_accounts", &["organisation_id", "directory"], true).await
}

/// Zones of the DNS in which Berth may put proofs.
async fn zones(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("dns_zones");
    table
        .col(text("zone"))
        .col(text("host"))
        .col(blob("sealed_token"))
        .col(timestamp_with_time_zone("created_at"));
    manager.create_table(table).await?;
    index(manager, "dns_zones", &["organisation_id", "zone"], true).await
}

async fn certificates(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("certificates");
    table
        .col(json_binary("names"))
        // The same as one text, so that there is one row for each set of names and origin.
        .col(text("names_key"))
        .col(text("origin"))
        .col(text("state"))
        .col(text_null("chain"))
        .col(blob_null("sealed_key"))
        .col(text_null("issuer"))
        .col(timestamp_with_time_zone_null("not_before"))
        .col(timestamp_with_time_zone_null("not_after"))
        .col(timestamp_with_time_zone_null("renew_at"))
        // What an attempt that was cut off goes on with.
        .col(text_null("order_url"))
        .col(blob_null("sealed_order_key"))
        .col(timestamp_with_time_zone_null("last_attempt_at"))
        .col(text_null("last_error"))
        .col(timestamp_with_time_zone_null("next_attempt_at"))
        .col(integer("failures").default(0).take())
        .col(integer_null("warned_days"))
        .col(timestamp_with_time_zone("created_at"));
    manager.create_table(table).await?;
    index(manager, "certificates", &["organisation_id", "names_key", "origin"], true).await
}
