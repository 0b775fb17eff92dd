//! Every page, light and dark, wide and narrow, to be looked at.

use crate::fixture::sign_in;
use berth_tests::{
    browser::Browser,
    docker::INSTANCE,
    git::GitServer,
    prelude::*,
    verbs::{self, git, image, swift},
};
use std::{env, path::PathBuf};

/// The pages of somebody who has signed in, for a service `shop/production/web`.
pub const PAGES: [&str; 22] = [
    "/projects",
    "/projects/shop",
    "/projects/shop/settings",
    "/projects/shop/production/new",
    "/projects/shop/production/web",
    "/projects/shop/production/web/deployments",
    "/projects/shop/production/web/logs",
    "/projects/shop/production/web/variables",
    "/projects/shop/production/web/domains",
    "/projects/shop/production/web/volumes",
    "/projects/shop/production/web/settings",
    "/certificates",
    "/registries",
    "/git-hosts",
    "/events",
    "/disk",
    "/disk/orphans",
    "/account",
    "/components",
    "/projects/shop/production/none",
    "/projects/none",
    "/nothing",
];

/// Pages that need a history of deployments, the proxy, or a service from a repository.
const HISTORY: [&str; 6] = [
    "/projects/shop/production/web/proxy",
    "/projects/shop/production/api/previews",
    "/projects/shop/production/api/settings",
    "/projects/shop/production/web/deployments/1",
    "/projects/shop/production/web/deployments/3",
    "/projects/shop/production/web/rollback/1",
];

fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    env::var_os("BERTH_SCREENSHOTS")
        .or_else(|| env::var_os("BERTH_SHOTS"))
        .map_or_else(|| target.join("screenshots"), PathBuf::from)
}

/// A shop with a history: two releases, a failure, variables, logs, a second service.
async fn furnish(berth: &Berth) -> Result<()> {
    let owner = berth.owner().await?;
    let (web, api) = (path("shop/production/web"), path("shop/production/api"));
    let settings = {
        let mut settings = swift();
        settings["volumes"] = json!([{ "name": "uploads", "path": "/data" }]);
        settings
    };
    let service = owner.create_service(&web, image(&berth_tests::berth::shipped_image()), settings).await?;
    owner.set_secret(&web, "DATABASE_URL", "postgres://shop@db/shop").await?;
    for version in ["one", "two"] {
        owner.ship_version(&web, version).await?;
    }
    let server = GitServer::start().await?;
    let repository = server.repository("api")?;
    repository.commit("Start the API", &[("Dockerfile", "FROM debian:bookworm-slim\nRUN ls /missing\n")])?;
    owner.create_service(&api, git(&repository.url), json!({})).await?;
    let queued = owner.deploy(&api).await?;
    owner.failed(&api, queued.number, verbs::BUILD).await?;
    owner.set_plain(&web, "EXIT_AFTER_MS", "100").await?;
    owner.set_plain(&web, "NEVER_LISTEN", "1").await?;
    let queued = owner.deploy(&web).await?;
    owner.failed(&web, queued.number, verbs::DEPLOYMENT).await?;
    owner.delete(&format!("{}/variables/EXIT_AFTER_MS", verbs::of(&web)), Value::Null).await?.done()?;
    let host = verbs::host(&service)?;
    for text in [
        "GET+/+200+in+4+ms",
        "%1b%5b33mwarn%1b%5b0m+slow+query:+812+ms",
        "%1b%5b31merror%1b%5b0m+no+such+order",
    ] {
        verbs::visit(berth.http_port, &host, &format!("/log?n=12&text={text}")).await?;
    }
    owner.create_project("blog").await?;
    leave_something(berth, &owner).await?;
    owner.post("/me/tokens", json!({ "name": "ci", "role": "deployer" })).await?.done()
}

/// What nobody wants: the volume of a service that is gone, one of them about to be deleted, and a container.
async fn leave_something(berth: &Berth, owner: &Client) -> Result<()> {
    let old = path("shop/production/old");
    let mut settings = swift();
    settings["volumes"] = json!([{ "name": "data", "path": "/data" }, { "name": "cache", "path": "/cache" }]);
    owner.create_service(&old, image(&berth_tests::berth::shipped_image()), settings).await?;
    owner.ship(&old).await?;
    let label = std::collections::HashMap::from([(INSTANCE.to_owned(), berth.instance.clone())]);
    let docker = Docker::connect().await?;
    docker.create(&format!("berth-{}-left-over", berth.instance), &label).await?;
    owner.post("/disk/measure", Value::Null).await?.done()?;
    owner.delete(&verbs::of(&old), json!({ "confirm": "old" })).await?.done()?;
    let volume = eventually("the volumes are listed", || async {
        let report: Value = owner.get("/orphans").await?.ok()?;
        let volumes =
            report["items"].as_array().into_iter().flatten().filter(|item| item["kind"] == "volume");
        let names: Vec<_> = volumes.filter_map(|item| item["name"].as_str()).collect();
        ensure!(names.len() == 2, "{report}");
        Ok(names[0].to_owned())
    })
    .await?;
    let remove = json!({ "kind": "volume", "name": volume, "confirm": volume });
    owner.post("/orphans/remove", remove).await?.done()
}

#[tokio::test]
async fn every_page_is_photographed_light_and_dark_wide_and_narrow() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let setup = format!("/setup?token={}", berth.setup_token()?);
    let browser = Browser::open(&berth.url()).await?;
    let mut faults = Vec::new();
    photograph(&browser, &setup, "setup", &mut faults).await?;
    furnish(&berth).await?;
    photograph(&browser, "/sign-in", "sign-in", &mut faults).await?;
    sign_in(&browser).await?;
    for page in PAGES.into_iter().chain(HISTORY) {
        let name = page.trim_matches('/').replace('/', "-");
        photograph(&browser, page, &name, &mut faults).await.with_context(|| page.to_owned())?;
    }
    println!("the screenshots are in {}", folder().display());
    browser.close().await?;
    ensure!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

/// The pages of a service with several processes while its canary waits for somebody.
#[tokio::test]
async fn a_canary_under_way_is_photographed() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let (owner, pay) = (berth.owner().await?, path("shop/production/pay"));
    let mut settings = swift();
    settings["replicas"] = json!(2);
    settings["strategy"] = json!({ "type": "canary", "steps": [{ "percent": 25 }] });
    settings["processes"] =
        json!([{ "name": "worker", "command": ["work", "--queue", "mail"], "replicas": 2 }]);
    let image = image(&berth_tests::berth::shipped_image());
    owner.create_service(&pay, image, settings).await?;
    owner.ship_version(&pay, "one").await?;
    let load = Load::on(berth.http_port, "pay-shop.localhost", "/", 50);
    owner.set_plain(&pay, "VERSION", "two").await?;
    let queued = owner.deploy(&pay).await?;
    eventually("the canary has its share", || async {
        let now = owner.deployment(&pay, queued.number).await?;
        ensure!(now.percent == Some(25), "{now:?}");
        Ok(())
    })
    .await?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;
    let mut faults = Vec::new();
    for page in ["", "/deployments/2", "/settings"] {
        let name = format!("canary{}", page.replace('/', "-"));
        photograph(&browser, &format!("/projects/shop/production/pay{page}"), &name, &mut faults).await?;
    }
    let at = format!("{}/deployments/{}", verbs::of(&pay), queued.number);
    owner.post(&format!("{at}/promote"), Value::Null).await?.done()?;
    owner.live(&pay, queued.number, verbs::DEPLOYMENT).await?;
    load.stop().await.lost_nothing(100)?;
    for page in ["/deployments/2", "/deployments"] {
        let name = format!("promoted{}", page.replace('/', "-"));
        photograph(&browser, &format!("/projects/shop/production/pay{page}"), &name, &mut faults).await?;
    }
    browser.close().await?;
    ensure!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

/// Takes the four pictures of a page; none may be wider than the window.
async fn photograph(browser: &Browser, page: &str, name: &str, faults: &mut Vec<String>) -> Result<()> {
    std::fs::create_dir_all(folder())?;
    browser.goto(page).await?;
    // A long form is shown whole.
    let height = if page.ends_with("/settings") { 2_600 } else { 900 };
    for width in [1440, 390] {
        browser.resize(width, height).await?;
        for theme in ["light", "dark"] {
            browser.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await?;
            browser.is_calm().await?;
            let picture = browser.driver.screenshot_as_png().await?;
            std::fs::write(folder().join(format!("{name}-{width}-{theme}.png")), picture)?;
        }
        let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let over = browser.script(over).await?.as_i64().unwrap_or_default();
        if over > 0 {
            faults.push(format!("{page} is {over} px wider than a window of {width}"));
        }
    }
    browser.resize(1440, 900).await
}
