//! What can go wrong between Berth and its database.

use crate::Error;
use sea_orm::{DbErr, SqlErr};
use std::fmt::Display;

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or is gone.
    #[error("the database did not do it")]
    Database(#[from] DbErr),
    /// A row that Berth cannot have written.
    #[error("the row {id} of {table} has an impossible {column}: {why}")]
    Corrupt { table: &'static str, column: &'static str, id: String, why: String },
    /// The data folder or its file cannot be used.
    #[error("the folder {path} cannot be used")]
    Folder { path: String, source: std::io::Error },
}

impl StoreError {
    /// A row that cannot exist.
    pub(super) fn corrupt(
        table: &'static str,
        column: &'static str,
        id: impl Display,
        why: impl Display,
    ) -> Self {
        Self::Corrupt { table, column, id: id.to_string(), why: why.to_string() }
    }

    /// Whether a unique index refused the row: somebody else has that name.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Database(error)
            if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))))
    }

    /// Whether the row that this one belongs to has just gone.
    pub fn is_orphan(&self) -> bool {
        matches!(self, Self::Database(error)
            if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))))
    }

    /// A conflict that names the thing when a unique index refused it; otherwise the error as it is.
    pub fn or_conflict(self, message: impl FnOnce() -> String) -> Error {
        if self.is_taken() { Error::conflict(message()) } else { self.into() }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let doing = match &error {
            StoreError::Corrupt { .. } => "understand what its database has",
            _ if error.is_orphan() => return Self::conflict("It was deleted at the same moment."),
            _ => "reach its database",
        };
        Self::internal(doing, error)
    }
}
