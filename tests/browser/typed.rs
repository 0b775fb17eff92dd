//! What a person typed into a form that was refused is still there, on the pages without the panel's program, too.

use crate::fixture::{is_quiet, sign_in};
use berth_tests::{browser::Browser, prelude::*, verbs::image};

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_but_no_secret() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    owner.create_service(&path("shop/production/web"), image("nginx:1"), json!({})).await?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;

    browser.goto("/projects/shop/production/web/settings").await?;
    browser.choose("Canary").await?;
    browser.fill("canary_steps", "soon").await?;
    browser.fill("release_command", "migrate --all").await?;
    browser.fill("processes[0][name]", "worker").await?;
    browser.press("Save how it runs").await?;
    browser.shows("is not a step").await.context("the problem is at its field")?;
    let script = "const value = (name) => document.querySelector(`[name='${name}']`).value;
        return [document.activeElement.name, value('canary_steps'), value('release_command'),
            value('processes[0][name]'), document.querySelector('[name=strategy]:checked').value]";
    let kept = browser.script(script).await?;
    ensure!(kept == json!(["canary_steps", "soon", "migrate --all", "worker", "canary"]), "{kept}");

    browser.goto("/registries").await?;
    browser.fill("address", "not a host").await?;
    browser.fill("username", "anna").await?;
    browser.fill("secret", "keep-me-out").await?;
    browser.press("Add the registry").await?;
    browser.is_alive().await?;
    let script =
        "const value = (name) => document.querySelector(`form:has([role=alert]) [name='${name}']`)?.value;
        return [value('username'), value('secret'), JSON.stringify(sessionStorage).includes('keep-me-out')]";
    let kept = eventually("it is refused", || async {
        let kept = browser.script(script).await?;
        ensure!(!kept[0].is_null(), "{kept}");
        Ok(kept)
    })
    .await?;
    ensure!(kept == json!(["anna", "", false]), "{kept}");
    is_quiet(&browser).await?;
    browser.close().await
}
