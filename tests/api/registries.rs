//! Registries of images: tried before they are kept, and never shown with their password.

use crate::account::token;
use berth_tests::{
    prelude::*,
    registry::{ImageRegistry, PASSWORD, USER},
};

fn set(address: &str, secret: &str) -> Value {
    json!({ "address": address, "username": USER, "secret": secret })
}

/// A Berth that may ask this address.
async fn berth(database: Database, address: &str) -> Result<Berth> {
    let environment = vec![("BERTH_PRIVATE_HOSTS".to_owned(), address.to_owned())];
    Berth::start(Options { database, docker: false, environment, ..Options::default() }).await
}

async fn kept_and_changed(database: Database) -> Result<()> {
    let registry = ImageRegistry::start().await?;
    let address = registry.address();
    let berth = berth(database, &address).await?;
    let owner = berth.owner().await?;
    owner.post("/registries", set(&address, "wrong")).await?.refuses_field("secret")?;
    ensure!(owner.get("/registries").await?.ok::<Vec<Value>>()?.is_empty(), "it was kept all the same");
    let added: Value = owner.post("/registries", set(&address, PASSWORD)).await?.ok()?;
    ensure!(added["address"] == address && added["username"] == USER, "{added}");
    owner.post("/registries", set(&address, PASSWORD)).await?.refused(409)?;

    let at = format!("/registries/{}", added["id"].as_str().context("an id")?);
    let push = json!({ "address": address, "prefix": "team", "username": USER, "push": true });
    let changed: Value = owner.put(&at, push).await?.ok()?;
    ensure!(changed["push"] == true && changed["prefix"] == "team", "{changed}");
    let elsewhere = json!({ "address": "registry.example.com", "username": USER });
    owner.put(&at, elsewhere).await?.refuses_field("secret")?;
    let second = json!({ "address": address, "username": USER, "secret": PASSWORD, "push": true });
    owner.post("/registries", second).await?.done()?;
    let all: Vec<Value> = owner.get("/registries").await?.ok()?;
    let pushed: Vec<_> = all.iter().filter(|one| one["push"] == true).collect();
    ensure!(all.len() == 2 && pushed.len() == 1 && pushed[0]["prefix"] == "", "{all:?}");

    let stranger = berth.stranger().await?;
    ensure!(stranger.get("/registries").await?.ok::<Vec<Value>>()?.is_empty());
    stranger.put(&at, set(&address, PASSWORD)).await?.refused(404)?;
    stranger.delete(&at, Value::Null).await?.refused(404)?;
    owner.delete(&at, Value::Null).await?.done()?;
    let events = owner.get("/events?kind=registry.").await?.text;
    ensure!(events.contains("was added") && events.contains("was removed"), "{events}");
    for text in [events, owner.get("/registries").await?.text, std::fs::read_to_string(berth.log_file())?] {
        ensure!(!text.contains(PASSWORD), "it shows the password: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_registry_is_tried_before_it_is_kept_on_sqlite() -> Result<()> {
    kept_and_changed(Database::Sqlite).await
}

#[tokio::test]
async fn a_registry_is_tried_before_it_is_kept_on_postgres() -> Result<()> {
    kept_and_changed(Database::Postgres).await
}

both_databases! {
    /// R-SEC-9: nobody reaches the machine's own networks through Berth.
    async fn r_sec_9_a_registry_inside_the_machine_is_not_asked(berth) {
        let owner = berth.owner().await?;
        for address in ["127.0.0.1:5000", "localhost:80", "169.254.169.254:80", "10.0.0.1:443", "localhost"] {
            let problem = owner.post("/registries", set(address, "x")).await?.refuses_field("address")?;
            ensure!(problem.message.contains("BERTH_PRIVATE_HOSTS"), "{address}: {problem:?}");
        }
        for address in ["http://a.b/c", "a b", "registry", "user@a.example", "[::1]:5000", ""] {
            owner.post("/registries", set(address, "x")).await?.refuses_field("address")?;
        }
        let developer = owner.with_token(&token(&owner, "dev", "developer").await?)?;
        developer.post("/registries", set("127.0.0.1:5000", "x")).await?.refused(403)?;
        Ok(())
    }
}
