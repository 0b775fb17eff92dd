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
    browser.close().await
}
