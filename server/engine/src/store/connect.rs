//! Opening the database and bringing its schema up to date.

use super::{Store, StoreError, StoreResult};
use crate::Config;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
    sqlx::{
        ConnectOptions as _,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How long a write waits for another program that writes to the same SQLite file, such as `berth admin`.
const BUSY: Duration = Duration::from_secs(10);
const READERS: u32 = 6;

impl Store {
    /// Opens the configured database and brings its schema up to date.
    pub async fn open(config: &Config) -> StoreResult<Self> {
        match &config.database_url {
            Some(url) => Self::open_postgres(url).await,
            None => Self::open_sqlite(&config.data).await,
        }
    }

    async fn open_postgres(url: &str) -> StoreResult<Self> {
        let mut options = options(url.to_owned());
        options.max_connections(16).test_before_acquire_if_idle_for(Duration::from_secs(30));
        let pool = Database::connect(options).await?;
        migrate(&pool).await?;
        Ok(Self::with(pool.clone(), pool))
    }

    async fn open_sqlite(folder: &Path) -> StoreResult<Self> {
        let refuse = |source| StoreError::Folder { path: folder.display().to_string(), source };
        tokio::fs::create_dir_all(folder).await.map_err(refuse)?;
        let file = folder.join("berth.sqlite");
        private(&file).map_err(refuse)?;
        let write = sqlite(&file);
        let read = write.clone().pragma("query_only", "ON");
        let writes = sqlite_pool(write, 1).await?;
        migrate(&writes).await?;
        let reads = sqlite_pool(read, READERS).await?;
        Ok(Self::with(reads, writes))
    }

    fn with(reads: DatabaseConnection, writes: DatabaseConnection) -> Self {
        Self { reads, writes, news: Arc::new(watch::Sender::new(0)), generation: Arc::default() }
    }
}

fn options(url: String) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false)
        .connect_timeout(Duration::from_secs(10))
        .acquire_timeout(Duration::from_secs(15))
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>);
    options
}

async fn sqlite_pool(file: SqliteConnectOptions, connections: u32) -> StoreResult<DatabaseConnection> {
    // The URL only chooses the driver: a path may have characters that a URL cannot.
    let mut options = options("sqlite::memory:".into());
    options.max_connections(connections).min_connections(1).map_sqlx_sqlite_opts(move |_| file.clone());
    Ok(Database::connect(options).await?)
}

fn sqlite(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit survives a power cut, not only a kill.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

/// Makes the file so that only its owner reads it: it has password hashes.
fn private(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file).map(drop)
}

/// How every transaction begins: on SQLite as a writer at once, so that it never fails half-way because somebody
/// else wrote.
pub(super) fn as_writer() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// Brings the schema up to date in one transaction; of several programs that start at once, one does it.
async fn migrate(db: &DatabaseConnection) -> StoreResult<()> {
    let transaction = db.begin_with_options(as_writer()).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("SELECT pg_advisory_xact_lock(4838219473)").await?;
    }
    berth_migrations::up(&transaction).await?;
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests;
