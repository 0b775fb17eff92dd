//! Files with content: what a service has at which path, and each content once, for all the releases that have it.

use crate::table::{Gone, index, owned, points};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds the tables.
pub struct Files;

impl MigrationName for Files {
    fn name(&self) -> &str {
        "m20261121_000003_files"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Files {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut files = owned("files");
        files
            .col(uuid("service_id"))
            .col(text("path"))
            // A keyed digest of the content, which leads to it.
            .col(text("digest"))
            .col(big_integer("size"))
            .col(text("changed_by"))
            .col(timestamp_with_time_zone("changed_at"));
        points(&mut files, "files", "service_id", "services", Gone::Too);
        manager.create_table(files).await?;
        index(manager, "files", &["service_id", "path"], true).await?;

        let mut contents = owned("file_contents");
        contents.col(uuid("service_id")).col(text("digest")).col(blob("sealed"));
        points(&mut contents, "file_contents", "service_id", "services", Gone::Too);
        manager.create_table(contents).await?;
        index(manager, "file_contents", &["service_id", "digest"], true).await
    }

    /// All or nothing, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
