//! Scaling, promoting, keeping visitors out, and the word before requests wait: by mouse, by keyboard, without script.

use crate::fixture::{is_quiet, sign_in};
use berth_tests::{
    berth::{OWNER, PASSWORD},
    browser::{Browser, Look},
    prelude::*,
    verbs::{self, DEPLOYMENT, swift},
};
use thirtyfour::prelude::*;

const SERVICE: &str = "/projects/shop/production/web";

/// A Berth with a live service, and its settings changed so.
async fn shipped(changes: Value) -> Result<(Berth, Client, ServicePath)> {
    let berth = Berth::with_docker().await?;
    let (owner, web) = (berth.owner().await?, path("shop/production/web"));
    let mut settings = swift();
    if let (Some(all), Value::Object(changes)) = (settings.as_object_mut(), changes) {
        all.extend(changes);
    }
    let image = verbs::image(&berth_tests::berth::shipped_image());
    owner.create_service(&web, image, settings).await?;
    owner.ship_version(&web, "one").await?;
    Ok((berth, owner, web))
}

/// Puts the focus on what has this name for screen readers.
async fn focus(browser: &Browser, label: &str) -> Result<()> {
    let found = format!("const found = document.querySelector('[aria-label=\"{label}\"]');");
    browser.script(&format!("{found} found.focus(); found.select?.()")).await?;
    Ok(())
}

#[tokio::test]
async fn a_person_scales_by_mouse_by_keyboard_and_without_script() -> Result<()> {
    let worker = json!([{ "name": "worker", "command": ["work"] }]);
    let (berth, owner, web) = shipped(json!({ "processes": worker })).await?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;
    browser.goto(SERVICE).await?;
    browser.shows("1 of 1 run").await?;

    browser.press("One instance more of web").await?;
    browser.shows_within(DEPLOYMENT, "2 of 2 run").await?;
    focus(&browser, "Instances of web").await?;
    browser.keys("3".to_owned() + Key::Enter).await?;
    browser.shows_within(DEPLOYMENT, "3 of 3 run").await.context("Enter in the number scales to it")?;
    focus(&browser, "One instance less of web").await?;
    browser.keys(" ").await?;
    browser.shows_within(DEPLOYMENT, "2 of 2 run").await.context("the space bar presses minus")?;
    let focused = browser.script("return document.activeElement.getAttribute('aria-label')").await?;
    ensure!(focused == "One instance less of web", "the focus went to {focused}");
    browser.press("One instance more of worker").await?;
    eventually("both processes have two instances", || async {
        let view = owner.service(&web).await?;
        let run = |process: &str| view.instances.iter().filter(|i| i.process == process && i.running).count();
        ensure!(run("web") == 2 && run("worker") == 2, "{:?}", view.instances);
        Ok(())
    })
    .await?;
    is_quiet(&browser).await?;
    browser.close().await?;

    let plain = without_script(&berth).await?;
    plain.driver.goto(format!("{}{SERVICE}", berth.url())).await?;
    plain.press("One instance less of web").await?;
    eventually("web has one instance", || async {
        let view = owner.service(&web).await?;
        ensure!(view.settings.replicas == 1 && view.latest.is_some_and(|latest| latest.number == 1));
        Ok(())
    })
    .await?;
    plain.is_at(SERVICE).await?;
    plain.close().await
}

/// Signs in with a browser that runs no script.
async fn without_script(berth: &Berth) -> Result<Browser> {
    let browser = Browser::with(&berth.url(), Look { javascript: false, ..Look::default() }).await?;
    browser.driver.goto(format!("{}/sign-in", berth.url())).await?;
    browser.fill("email", OWNER).await?;
    browser.fill("password", PASSWORD).await?;
    browser.press("Sign in").await?;
    browser.is_at("/projects").await?;
    Ok(browser)
}

#[tokio::test]
async fn a_canary_is_set_up_promoted_and_cancelled_by_hand() -> Result<()> {
    let (berth, owner, web) = shipped(json!({})).await?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;
    browser.goto(&format!("{SERVICE}/settings")).await?;
    browser.choose("Canary").await?;
    browser.fill("canary_steps", "soon").await?;
    browser.press("Save how it runs").await?;
    browser.shows("is not a step").await.context("the problem is at the field")?;
    let focused = browser.script("return document.activeElement.name").await?;
    ensure!(focused == "canary_steps", "the focus is on {focused}");
    browser.fill("canary_steps", "25% until promoted").await?;
    browser.press("Save how it runs").await?;
    browser.shows("Saved.").await?;

    owner.set_plain(&web, "VERSION", "two").await?;
    browser.goto(SERVICE).await?;
    browser.press("Deploy").await?;
    browser.is_at(&format!("{SERVICE}/deployments/2")).await?;
    browser.shows_within(DEPLOYMENT, "25 % to #2").await.context("the share is shown without a reload")?;
    browser.shows("75 % to #1").await?;
    browser.press("Promote").await?;
    browser.shows_within(DEPLOYMENT, "The new release runs").await?;
    browser.shows("during the switch").await.context("the measured result is shown")?;
    verbs::answers(berth.http_port, "web-shop.localhost", "/", "two").await?;

    owner.set_plain(&web, "VERSION", "three").await?;
    owner.deploy(&web).await?;
    browser.goto(&format!("{SERVICE}/deployments/3")).await?;
    browser.shows_within(DEPLOYMENT, "25 % to #3").await?;
    tab_to(&browser, "Cancel").await?;
    browser.keys(Key::Enter + "").await?;
    browser.shows_within(DEPLOYMENT, "cancelled").await?;
    let cancelled = owner.settled(&web, 3, DEPLOYMENT).await?;
    ensure!(cancelled.status == Status::Cancelled, "{cancelled:?}");
    verbs::answers(berth.http_port, "web-shop.localhost", "/", "two").await?;
    // The browser notes the form that was refused, and nothing else.
    let complaints = browser.complaints().await?;
    ensure!(complaints.iter().all(|text| text.contains("status of 422")), "{complaints:#?}");
    browser.close().await
}

/// Presses Tab until this has the focus, as somebody without a mouse does.
async fn tab_to(browser: &Browser, text: &str) -> Result<()> {
    for _ in 0..60 {
        browser.keys(Key::Tab + "").await?;
        let focused = browser.script("return document.activeElement.innerText.trim()").await?;
        if focused == text {
            return Ok(());
        }
    }
    bail!("60 times Tab do not lead to {text:?}")
}

/// R-DEP-1b: where requests wait during a deployment, the button says so before, and what it will do.
#[tokio::test]
async fn r_dep_1b_that_requests_wait_is_announced_before_the_deployment() -> Result<()> {
    let volumes = json!([{ "name": "data", "path": "/data" }]);
    let (berth, _, _) = shipped(json!({ "volumes": volumes })).await?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;
    browser.goto(SERVICE).await?;
    browser.press("Deploy").await?;
    browser.shows("The volume data has one writer").await?;
    browser.is_at(SERVICE).await.context("nothing is deployed yet")?;
    browser.press("What it will do, step by step").await?;
    browser.shows("Route traffic to").await.context("the plan is shown")?;
    browser.press("Deploy all the same").await?;
    browser.is_at(&format!("{SERVICE}/deployments/2")).await?;
    browser.shows_within(DEPLOYMENT, "The new release runs").await?;
    is_quiet(&browser).await?;
    browser.close().await
}

/// Maintenance and a pause begin and end on the service's page, and visitors see it at once.
#[tokio::test]
async fn a_person_keeps_visitors_out_and_lets_them_in_again() -> Result<()> {
    let (berth, owner, web) = shipped(json!({})).await?;
    let host = verbs::host(&owner.service(&web).await?)?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;
    browser.goto(SERVICE).await?;
    browser.fill("message", "Back at nine.").await?;
    browser.press("Begin maintenance").await?;
    browser.shows("In maintenance").await?;
    // The page follows what is wanted, as soon as it is kept; the proxy comes right after.
    eventually("visitors read it", || async {
        let page = verbs::visit(berth.http_port, &host, "/").await?;
        ensure!(page.status == 503 && page.text().contains("Back at nine."), "{page:?}");
        Ok(())
    })
    .await?;
    browser.press("End maintenance").await?;
    verbs::answers(berth.http_port, &host, "/", "one").await?;

    browser.fill("seconds", "60").await?;
    browser.press("Pause").await?;
    browser.shows("They go to the instances").await?;
    ensure!(owner.service(&web).await?.paused_until.is_some());
    browser.press("Resume now").await?;
    verbs::answers(berth.http_port, &host, "/", "one").await?;
    is_quiet(&browser).await?;
    browser.close().await
}
