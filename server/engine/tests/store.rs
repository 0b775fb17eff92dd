//! The store on both databases.
use berth_engine::{Config, store::Store};

#[tokio::test]
async fn opens() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path());
    Store::open(&config).await.unwrap().ping().await.unwrap();
    Store::open(&config).await.unwrap().ping().await.unwrap();
}
