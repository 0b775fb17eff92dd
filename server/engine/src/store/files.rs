//! Files with content; the contents are sealed before they come here.

use super::{
    Scoped, Store, StoreResult, Writing,
    entities::{file_contents, files},
    json::At,
    now,
};
use berth_domain::ids::{FileId, OrganisationId, ServiceId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A file as it is kept, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    pub id: FileId,
    pub path: String,
    /// The keyed digest of its content, which leads to it.
    pub digest: String,
    pub size: u64,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

/// What is written of a file.
#[derive(Debug, Clone)]
pub struct NewFile {
    pub id: FileId,
    pub service: ServiceId,
    pub path: String,
    pub digest: String,
    pub size: u64,
    pub changed_by: String,
}

/// A content, sealed for `file_contents.sealed` of this row.
#[derive(Debug, Clone)]
pub struct SealedContent {
    pub id: Uuid,
    pub sealed: Vec<u8>,
}

impl Scoped<'_> {
    /// The files of a service by path.
    pub async fn files(&self, service: ServiceId) -> StoreResult<Vec<FileRow>> {
        let rows = files::Entity::find()
            .filter(files::Column::OrganisationId.eq(self.scope.0.0))
            .filter(files::Column::ServiceId.eq(service.0))
            .order_by_asc(files::Column::Path)
            .all(&self.db)
            .await?;
        rows.into_iter().map(file).collect()
    }
}

impl Writing<'_> {
    /// Makes a file; refused when the path is taken.
    pub async fn insert_file(&self, new: NewFile) -> StoreResult<()> {
        let row = files::ActiveModel {
            id: Set(new.id.0),
            organisation_id: Set(self.scope.0.0),
            service_id: Set(new.service.0),
            path: Set(new.path),
            digest: Set(new.digest),
            size: Set(new.size as i64),
            changed_by: Set(new.changed_by),
            changed_at: Set(now()),
        };
        files::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes over a file of the same id; answers whether it was there.
    pub async fn replace_file(&self, new: NewFile) -> StoreResult<bool> {
        let update = files::Entity::update_many()
            .col_expr(files::Column::Path, Expr::value(new.path))
            .col_expr(files::Column::Digest, Expr::value(new.digest))
            .col_expr(files::Column::Size, Expr::value(new.size as i64))
            .col_expr(files::Column::ChangedBy, Expr::value(new.changed_by))
            .col_expr(files::Column::ChangedAt, Expr::value(now()))
            .filter(files::Column::OrganisationId.eq(self.scope.0.0))
            .filter(files::Column::ServiceId.eq(new.service.0))
            .filter(files::Column::Id.eq(new.id.0));
        Ok(update.exec(&self.db).await?.rows_affected == 1)
    }

    /// Removes a file; its content stays for the releases that have it. Answers whether it was there.
    pub async fn delete_file(&self, service: ServiceId, id: FileId) -> StoreResult<bool> {
        let delete = files::Entity::delete_many()
            .filter(files::Column::OrganisationId.eq(self.scope.0.0))
            .filter(files::Column::ServiceId.eq(service.0))
            .filter(files::Column::Id.eq(id.0));
        Ok(delete.exec(&self.db).await?.rows_affected == 1)
    }

    /// Keeps a content, unless the service has it already.
    pub async fn keep_content(
        &self,
        service: ServiceId,
        digest: &str,
        content: SealedContent,
    ) -> StoreResult<()> {
        let row = file_contents::ActiveModel {
            id: Set(content.id),
            organisation_id: Set(self.scope.0.0),
            service_id: Set(service.0),
            digest: Set(digest.to_owned()),
            sealed: Set(content.sealed),
        };
        let there = [file_contents::Column::ServiceId, file_contents::Column::Digest];
        let skip = OnConflict::columns(there).do_nothing().to_owned();
        file_contents::Entity::insert(row).on_conflict(skip).exec_without_returning(&self.db).await?;
        Ok(())
    }
}

impl Store {
    /// The files that a service has now: the digest of the content at each path.
    pub async fn files_of(
        &self,
        organisation: OrganisationId,
        service: ServiceId,
    ) -> StoreResult<BTreeMap<String, String>> {
        let files = self.scoped(super::Scope(organisation)).files(service).await?;
        Ok(files.into_iter().map(|file| (file.path, file.digest)).collect())
    }

    /// A content that a service has, or had.
    pub async fn content(
        &self,
        organisation: OrganisationId,
        service: ServiceId,
        digest: &str,
    ) -> StoreResult<Option<SealedContent>> {
        let row = file_contents::Entity::find()
            .filter(file_contents::Column::OrganisationId.eq(organisation.0))
            .filter(file_contents::Column::ServiceId.eq(service.0))
            .filter(file_contents::Column::Digest.eq(digest))
            .one(&self.reads)
            .await?;
        Ok(row.map(|row| SealedContent { id: row.id, sealed: row.sealed }))
    }
}

fn file(row: files::Model) -> StoreResult<FileRow> {
    let at = At { table: "files", id: row.id };
    Ok(FileRow {
        id: FileId(row.id),
        size: at.number("size", row.size)?,
        path: row.path,
        digest: row.digest,
        changed_by: row.changed_by,
        changed_at: row.changed_at,
    })
}
