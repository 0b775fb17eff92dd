//! Databases for tests: every test that touches the store runs on both kinds.

use crate::{Config, Engine};
use sea_orm::{ConnectionTrait, Database};
use uuid::Uuid;

/// Runs a test with an empty SQLite, and with an empty PostgreSQL when BERTH_TEST_DATABASE_URL names a server.
pub async fn on_both(test: impl AsyncFn(Config)) {
    let folder = tempfile::tempdir().unwrap();
    test(Config::new(folder.path().join("data"))).await;
    let Ok(server) = std::env::var("BERTH_TEST_DATABASE_URL") else {
        eprintln!("BERTH_TEST_DATABASE_URL is not set: only SQLite was tested");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let name = format!("berth_unit_{}", Uuid::now_v7().simple());
    let database_url = server.rsplit_once('/').map(|(base, _)| format!("{base}/{name}"));
    let admin = Database::connect(server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    test(Config { database_url, ..Config::new(folder.path().join("data")) }).await;
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

/// The same with an open engine.
pub async fn engines(test: impl AsyncFn(Engine)) {
    on_both(async |config| test(Engine::open(config).await.unwrap()).await).await;
}
