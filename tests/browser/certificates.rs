//! A domain on its way to HTTPS, as a person watches it.

use crate::fixture::sign_in;
use berth_tests::{
    acme::Manners,
    browser::Browser,
    prelude::*,
    secure::{PATIENCE, Secure},
};
use thirtyfour::prelude::*;

const HOST: &str = "shop.example.net";
const DOMAINS: &str = "/projects/shop/production/web/domains";
/// What the look before an order finds while the name leads nowhere.
const NOWHERE: &str = "has no address in the DNS";

/// Adds a domain, reads what keeps its certificate away, mends that, sees the padlock; breaks the DNS, reads the reason at the
/// renewal, mends it and tries again.
#[tokio::test]
async fn a_person_watches_a_domain_get_its_certificate_and_mends_its_dns() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    let browser = Browser::open(&secure.berth.url()).await?;
    sign_in(&browser).await?;
    adds_a_domain_that_leads_nowhere(&browser).await?;
    ensure!(secure.pebble.orders()? == 0, "it was ordered");

    secure.pebble.points_here(HOST).await?;
    tries(&browser, &secure, "Try now").await?;
    sees_the_padlock(&browser).await?;
    secure.answers(HOST, "one").await?;

    secure.pebble.points_nowhere(HOST).await?;
    tries(&browser, &secure, "Renew now").await?;
    reads(&browser, |row| row.contains(NOWHERE) && row.contains("serves, not renewed")).await?;
    secure.answers(HOST, "one").await.context("the former certificate serves on")?;

    secure.pebble.points_here(HOST).await?;
    tries(&browser, &secure, "Renew now").await?;
    reads(&browser, |row| row.contains("serves") && !row.contains(NOWHERE)).await?;
    sees_the_padlock(&browser).await?;
    ensure!(secure.pebble.given()? >= 2, "{} certificates", secure.pebble.given()?);
    browser.close().await
}

async fn adds_a_domain_that_leads_nowhere(browser: &Browser) -> Result<()> {
    browser.goto(DOMAINS).await?;
    browser.fill("host", HOST).await?;
    browser.press("Add").await?;
    browser.shows(HOST).await?;
    browser.shows_within(PATIENCE, NOWHERE).await.context("the reason appears without a reload")
}

/// Presses the button beside the domain's certificate, again when that is too soon.
async fn tries(browser: &Browser, secure: &Secure, word: &str) -> Result<()> {
    let button = format!("//li[contains(., '{HOST}')]//button[normalize-space(.)='{word}']");
    eventually_within(PATIENCE, &format!("{word:?} is taken"), || async {
        // A former word of success is in the address.
        browser.driver.goto(format!("{}/certificates", secure.berth.url())).await?;
        let button = browser.driver.find(By::XPath(button.clone())).await?;
        button.scroll_into_view().await?;
        button.click().await?;
        browser.shows_within(Duration::from_secs(3), "It is tried at once").await
    })
    .await
}

/// Waits until what stands at the domain's certificate is so.
async fn reads(browser: &Browser, so: impl Fn(&str) -> bool) -> Result<()> {
    let row = format!("//li[contains(., '{HOST}')]");
    eventually_within(PATIENCE, "the page of certificates says so", || async {
        browser.goto("/certificates").await?;
        let said = browser.driver.find(By::XPath(row.clone())).await?.text().await?;
        ensure!(so(&said), "it says:\n{said}");
        Ok(())
    })
    .await
}

async fn sees_the_padlock(browser: &Browser) -> Result<()> {
    let badge = format!("//tr[contains(., '{HOST}')]//span[@class='badge' and normalize-space(.)='HTTPS']");
    eventually_within(PATIENCE, "the domain has its padlock", || async {
        browser.goto(DOMAINS).await?;
        browser.driver.find(By::XPath(badge.clone())).await?;
        Ok(())
    })
    .await
}
