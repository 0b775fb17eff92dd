//! What Berth remembers: PostgreSQL, or the embedded SQLite. Only this module names `sea_orm`.
//!
//! Reads go to a pool. Writes are transactions ([`Write`]): on SQLite there is one at a time, on a connection of its
//! own, so that nobody ever sees "database is locked". Whatever belongs to an organisation is reached through
//! [`Store::scoped`] or [`Write::scoped`]; the few functions without a scope are for the queue and the reconcilers
//! and give every row with its organisation.

mod accounts;
mod authorities;
mod belongings;
mod certificates;
mod connect;
mod connections;
mod deliveries;
pub mod deployments;
mod domains;
mod entities;
mod error;
mod events;
mod files;
mod json;
mod keys;
mod known_hosts;
mod leavings;
mod meta;
mod panel_domain;
mod polled;
mod previews;
mod projects;
mod published_ports;
mod registries;
pub mod releases;
#[cfg(test)]
pub(crate) mod scratch;
mod search;
mod services;
mod status;
mod summaries;
mod usage;
mod variables;
mod volume_deletions;
mod waiting;
mod write;
mod zones;

pub use accounts::{Account, SessionRow, TokenRow};
pub use authorities::{AccountRow, OrderRow};
pub use belongings::Belongings;
pub use certificates::{CertificateRow, Issued, NewCertificate, OpenOrder, Outcome};
pub use connections::ConnectionRow;
pub use deliveries::{KeptDelivery, NewDelivery};
pub use domains::{DomainRow, Holder, NewDomain};
pub use error::StoreError;
pub use events::{NewEvent, Subject, ToldOfDeployment};
pub use files::{FileRow, NewFile, SealedContent};
pub use keys::KeyRow;
pub use leavings::{NewTombstone, Tombstone};
pub use polled::PolledHead;
pub use previews::{NewPreviewVariable, PreviewRow, PreviewVariableRow};
pub use projects::{EnvironmentRow, ProjectRow};
pub use published_ports::PublishedPortRow;
pub use registries::RegistryRow;
pub use services::{NewService, ServiceRow, Wanted};
pub use summaries::Listed;
pub use variables::{NewVariable, VariableRow};
pub use volume_deletions::{NewVolumeDeletion, VolumeDeletionRow};
pub use waiting::Standing;
pub use write::{Write, Writing};
pub use zones::ZoneRow;

use berth_domain::ids::OrganisationId;
use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{DatabaseConnection, DatabaseExecutor};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::watch;

/// What a function of the store answers.
pub type StoreResult<T> = std::result::Result<T, StoreError>;

/// The organisation that a function may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(pub OrganisationId);

/// The open database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// Many readers.
    reads: DatabaseConnection,
    /// One connection on SQLite; the same pool as `reads` on PostgreSQL.
    writes: DatabaseConnection,
    /// Counts committed batches of events; followers read again when it moves.
    news: Arc<watch::Sender<u64>>,
    /// Counts commits of this process: what was read before one may be old after it.
    generation: Arc<AtomicU64>,
}

/// The rows of one organisation, through the pool or inside a transaction.
pub struct Scoped<'a> {
    db: DatabaseExecutor<'a>,
    scope: Scope,
}

impl Store {
    /// The rows of one organisation, outside of any transaction.
    pub fn scoped(&self, scope: Scope) -> Scoped<'_> {
        Scoped { db: (&self.reads).into(), scope }
    }

    /// How often this process has committed.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> StoreResult<()> {
        Ok(self.reads.ping().await?)
    }
}

/// The present moment as both databases keep it: in microseconds.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
