//! Pull requests with their previews, the variables that previews get, and which deletions take the data along.

use crate::table::{Gone, index, owned, points};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the tables, and a column to tombstones.
pub struct Previews;

impl MigrationName for Previews {
    fn name(&self) -> &str {
        "m20261121_000006_previews"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Previews {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        previews(manager).await?;
        variables(manager).await?;
        // Volumes stay when a service is deleted, but for those of a preview.
        let column = boolean("with_data").default(false).take();
        manager.alter_table(Table::alter().table("tombstones").add_column(column).take()).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn previews(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("previews");
    table
        .col(uuid("service_id"))
        .col(big_integer("number"))
        .col(uuid_null("environment_id"))
        // The service that runs for it; not a foreign key, it goes with its environment.
        .col(uuid_null("child_id"))
        .col(text("state"))
        .col(text_null("reason"))
        .col(text("title"))
        .col(text("author"))
        .col(text("branch"))
        .col(text("commit"))
        .col(text_null("url"))
        .col(boolean("foreign_commits"))
        .col(text_null("approved_commit"))
        .col(text_null("approved_by"))
        // The host's id of the one comment, and what it says.
        .col(text_null("comment"))
        .col(text_null("told"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("changed_at"));
    points(&mut table, "previews", "service_id", "services", Gone::Too);
    points(&mut table, "previews", "environment_id", "environments", Gone::Forget);
    manager.create_table(table).await?;
    index(manager, "previews", &["service_id", "number"], true).await?;
    index(manager, "previews", &["environment_id"], false).await
}

async fn variables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("preview_variables");
    table
        .col(uuid("service_id"))
        .col(text("key"))
        .col(boolean("secret"))
        .col(blob("sealed"))
        .col(text("changed_by"))
        .col(timestamp_with_time_zone("changed_at"));
    points(&mut table, "preview_variables", "service_id", "services", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "preview_variables", &["service_id", "key"], true).await
}
