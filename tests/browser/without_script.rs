//! Before the panel's program has loaded, and where it never will, forms are forms.

use berth_tests::{
    berth::{OWNER, PASSWORD},
    browser::{Browser, Look},
    prelude::*,
    verbs::image,
};

#[tokio::test]
async fn mutations_work_without_any_script() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let browser = Browser::with(&berth.url(), Look { javascript: false, ..Look::default() }).await?;
    let go = async |path: &str| browser.driver.goto(format!("{}{path}", berth.url())).await;
    go("/sign-in").await?;
    browser.fill("email", OWNER).await?;
    browser.fill("password", PASSWORD).await?;
    browser.press("Sign in").await?;
    browser.is_at("/projects").await?;

    go("/projects#new-project").await?;
    browser.fill("name", "Not A Name").await?;
    browser.press("Make the project").await?;
    browser.shows("lower-case").await.context("the problem is shown at its field")?;
    go("/projects#new-project").await?;
    browser.fill("name", "shop").await?;
    browser.press("Make the project").await?;
    browser.is_at("/projects/shop").await?;

    owner.create_service(&path("shop/production/web"), image("nginx:1"), json!({})).await?;
    go("/projects/shop/production/web/variables").await?;
    browser.fill("key", "COLOUR").await?;
    browser.fill("value", "blue").await?;
    browser.press("Save").await?;
    browser.shows("COLOUR").await?;
    changes_how_it_runs(&browser, &berth, &owner).await?;
    browser.close().await
}

/// The long form with its choices and rows: each row of processes is there with one to spare.
async fn changes_how_it_runs(browser: &Browser, berth: &Berth, owner: &Client) -> Result<()> {
    let settings = format!("{}/projects/shop/production/web/settings", berth.url());
    browser.driver.goto(settings.clone()).await?;
    browser.fill("replicas", "2").await?;
    browser.choose("Canary").await?;
    browser.fill("canary_steps", "10% for 90s, 50% until promoted").await?;
    browser.fill("release_command", "migrate --all").await?;
    browser.fill("processes[0][name]", "worker").await?;
    browser.fill("processes[0][command]", "node \"the worker.js\"").await?;
    browser.press("Save how it runs").await?;
    browser.shows("Saved.").await?;
    let saved = owner.service(&path("shop/production/web")).await?.settings;
    let got =
        serde_json::to_value((&saved.strategy, &saved.processes, &saved.release_command, saved.replicas))?;
    let steps = json!([{ "percent": 10, "hold_s": 90 }, { "percent": 50, "hold_s": null }]);
    let strategy =
        json!({ "type": "canary", "steps": steps, "max_error_percent": 5, "max_latency_ms": null });
    let worker = json!({ "name": "worker", "command": ["node", "the worker.js"], "replicas": 1 });
    ensure!(got == json!([strategy, [worker], ["migrate", "--all"], 2]), "{got}");
    ensure!(saved.routed, "what was ticked stays so");

    browser.driver.goto(settings.clone()).await?;
    browser.fill("processes[1][name]", "web").await?;
    browser.fill("processes[1][command]", "x").await?;
    browser.press("Save how it runs").await?;
    browser.shows("A process called web is there already").await.context("the problem is at its row")?;
    browser.driver.goto(settings).await?;
    browser.fill("processes[0][name]", "").await?;
    browser.fill("processes[0][command]", "").await?;
    browser.press("Save how it runs").await?;
    browser.shows("Saved.").await?;
    let saved = owner.service(&path("shop/production/web")).await?.settings;
    ensure!(saved.processes.is_empty(), "a row without name and command is left out: {:?}", saved.processes);
    Ok(())
}
