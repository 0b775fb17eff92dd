//! The main job as a new person does it: from the setup link to a rollback, by pressing what is on the page.

use crate::fixture::{change, is_quiet, site};
use berth_tests::{
    berth::{OWNER, PASSWORD},
    browser::Browser,
    prelude::*,
    verbs::{self, BUILD, git},
    webhook::Delivery,
};
use thirtyfour::prelude::*;

const SERVICE: &str = "/projects/shop/production/web";

#[tokio::test]
async fn a_new_person_ships_a_repository_and_goes_back_with_one_click() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let server = GitServer::start().await?;
    let repository = site(&server)?;
    let browser = Browser::open(&berth.url()).await?;
    becomes_the_owner(&browser, &berth).await?;
    makes_a_project(&browser).await?;
    makes_a_service(&browser, &repository.url).await?;
    watches_the_build(&browser).await?;
    opens_the_domain(&browser, &berth, "Version one").await?;
    pushes_a_commit(&browser, &berth, &repository).await?;
    opens_the_domain(&browser, &berth, "Version two").await?;
    reads_and_searches_the_log(&browser).await?;
    sets_a_variable(&browser).await?;
    rolls_back(&browser).await?;
    opens_the_domain(&browser, &berth, "Version one").await?;
    is_quiet(&browser).await?;
    browser.close().await
}

async fn becomes_the_owner(browser: &Browser, berth: &Berth) -> Result<()> {
    browser.goto(&format!("/setup?token={}", berth.setup_token()?)).await?;
    browser.fill("email", OWNER).await?;
    browser.fill("password", PASSWORD).await?;
    browser.press("Create the owner's account").await?;
    browser.is_at("/projects").await?;
    browser.is_alive().await
}

async fn makes_a_project(browser: &Browser) -> Result<()> {
    browser.press("Make the first project").await?;
    browser.fill("name", "shop").await?;
    browser.press("Make the project").await?;
    browser.is_at("/projects/shop").await
}

async fn makes_a_service(browser: &Browser, repository: &str) -> Result<()> {
    browser.press("Add a service").await?;
    browser.is_at("/projects/shop/production/new").await?;
    browser.fill("url", repository).await?;
    browser.fill("name", "web").await?;
    browser.press("Create and deploy").await
}

async fn watches_the_build(browser: &Browser) -> Result<()> {
    browser.is_at(&format!("{SERVICE}/deployments/1")).await?;
    browser.shows_within(BUILD, "apt-get").await.context("the build's log is shown while it grows")?;
    browser
        .shows_within(BUILD, "The new release runs")
        .await
        .context("the page tells that it is live, without a reload")
}

/// Opens the address that the page shows, through Traefik, and comes back.
async fn opens_the_domain(browser: &Browser, berth: &Berth, wanted: &str) -> Result<()> {
    let address = format!("http://web-shop.localhost:{}", berth.http_port);
    browser.goto(SERVICE).await?;
    browser.shows("web-shop.localhost").await?;
    let links = format!("return Array.from(document.links).some(a => a.href.startsWith('{address}'))");
    ensure!(browser.script(&links).await? == true, "no link leads to {address}");
    eventually(&format!("{address} shows {wanted}"), || async {
        browser.driver.goto(&address).await?;
        let text = browser.text().await?;
        ensure!(text.contains(wanted), "it shows {text}");
        Ok(())
    })
    .await?;
    browser.goto(SERVICE).await
}

async fn pushes_a_commit(
    browser: &Browser,
    berth: &Berth,
    repository: &berth_tests::git::Repository,
) -> Result<()> {
    browser.goto(&format!("{SERVICE}/settings")).await?;
    browser.press("Make a new secret").await?;
    browser.shows("Copy it now").await?;
    let shown = browser
        .script("return Array.from(document.querySelectorAll('.copy-field code')).map(c => c.textContent)")
        .await?;
    let shown: Vec<String> = serde_json::from_value(shown)?;
    let url = shown.iter().find(|text| text.contains("/hooks/")).context("the webhook's address is shown")?;
    let secret = shown.iter().find(|text| !text.contains('/')).context("the webhook's secret is shown")?;

    browser.goto(&format!("{SERVICE}/deployments")).await?;
    let commit = change(repository, "Version two")?;
    let answer =
        Delivery::push("main", &commit, "Say Version two", secret).send(&berth.anonymous()?, url).await?;
    ensure!(answer.status == 202, "{answer:?}");
    browser.shows("Say Version two").await.context("the push appears without a reload")?;
    browser.goto(&format!("{SERVICE}/deployments/2")).await?;
    browser.shows_within(BUILD, "The new release runs").await
}

async fn reads_and_searches_the_log(browser: &Browser) -> Result<()> {
    browser.goto(&format!("{SERVICE}/logs")).await?;
    browser.shows("GET / HTTP/1.1").await.context("the service's log is shown")?;
    search(browser, "no-such-words").await?;
    browser.shows("No line matches").await?;
    search(browser, "HeadlessChrome").await?;
    browser.shows("GET / HTTP/1.1").await
}

async fn search(browser: &Browser, words: &str) -> Result<()> {
    let field = browser.driver.find(By::Id("log-search")).await?;
    field.clear().await?;
    field.send_keys(words.to_owned() + Key::Enter).await?;
    Ok(())
}

async fn sets_a_variable(browser: &Browser) -> Result<()> {
    browser.goto(&format!("{SERVICE}/variables")).await?;
    browser.fill("key", "COLOUR").await?;
    browser.fill("value", "blue").await?;
    browser.press("Save").await?;
    browser.shows("COLOUR").await?;
    browser.shows("added").await.context("R-ENV-3: the page says that a restart is needed")
}

async fn rolls_back(browser: &Browser) -> Result<()> {
    browser.goto(&format!("{SERVICE}/deployments")).await?;
    browser.press("Roll back to this").await?;
    browser.shows("After the rollback").await.context("R-RB-3: the difference is shown")?;
    browser.press("Roll back to #1").await?;
    browser.is_at(&format!("{SERVICE}/deployments/3")).await?;
    browser.shows_within(verbs::DEPLOYMENT, "The new release runs").await
}

/// The same journey through the REST API alone.
#[tokio::test]
async fn the_same_journey_through_the_rest_api() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let server = GitServer::start().await?;
    let repository = site(&server)?;
    let owner = berth.owner().await?;
    let program =
        owner.post("/me/tokens", json!({ "name": "ci", "role": "developer" })).await?.ok::<Value>()?;
    owner.create_project("shop").await?;
    let program = owner.with_token(program["secret"].as_str().context("the secret")?)?;
    let web = path("shop/production/web");
    let service = program.create_service(&web, git(&repository.url), json!({})).await?;
    let (host, port) = (verbs::host(&service)?, berth.http_port);

    program.deploy(&web).await?;
    program.live(&web, 1, BUILD).await?;
    verbs::answers(port, &host, "/", "Version one").await?;
    let log = program.deployment_log(&web, 1).await?;
    ensure!(log.contains("Version one") || log.contains("Built "), "{log}");

    let hook = program.webhook(&web).await?;
    let commit = change(&repository, "Version two")?;
    Delivery::push("main", &commit, "Say Version two", &hook.secret)
        .send(&berth.anonymous()?, &hook.url)
        .await?
        .done()?;
    program.live(&web, 2, BUILD).await?;
    verbs::answers(port, &host, "/", "Version two").await?;
    eventually("the request is in the log", || async {
        let page = program.log(&web, "search=GET%20%2F").await?;
        ensure!(!page.lines.is_empty());
        Ok(())
    })
    .await?;
    program.set_secret(&web, "COLOUR", "blue").await?;
    ensure!(program.service(&web).await?.restart_needed);
    program.roll_back(&web, 1).await?;
    program.live(&web, 3, verbs::DEPLOYMENT).await?;
    verbs::answers(port, &host, "/", "Version one").await
}
