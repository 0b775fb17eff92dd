//! Keyboard, screen reader, and a quiet console.

use crate::fixture::{is_quiet, sign_in};
use berth_tests::{
    berth::{OWNER, PASSWORD},
    browser::Browser,
    prelude::*,
    verbs::image,
};
use thirtyfour::prelude::*;

/// Signing in takes no mouse: the first field has the focus, Tab leads on, Enter sends.
#[tokio::test]
async fn a_person_signs_in_with_the_keyboard_alone() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    berth.owner().await?;
    let browser = Browser::open(&berth.url()).await?;
    browser.goto("/sign-in").await?;
    for text in
        [OWNER.to_owned(), (Key::Tab + "").to_string(), (PASSWORD.to_owned() + Key::Enter).to_string()]
    {
        browser.driver.action_chain().send_keys(text).perform().await?;
    }
    browser.is_at("/projects").await?;
    browser.close().await
}

/// A project that somebody else makes appears without a reload.
#[tokio::test]
async fn a_page_follows_what_others_do() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;
    owner.create_project("made-elsewhere").await?;
    browser.shows("made-elsewhere").await?;
    browser.close().await
}

/// Every page is hydrated without an error, has one main heading, and names for what can be pressed and filled.
#[tokio::test]
async fn every_page_is_quiet_and_named_for_screen_readers() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    owner.create_service(&path("shop/production/web"), image("nginx:1"), json!({})).await?;
    let browser = Browser::open(&berth.url()).await?;
    sign_in(&browser).await?;
    let mut faults = Vec::new();
    for page in crate::screenshots::PAGES {
        browser.goto(page).await.context(page)?;
        let found: Vec<String> = serde_json::from_value(browser.script(NAMELESS).await?)?;
        faults.extend(found.into_iter().map(|fault| format!("{page}: {fault}")));
        // A page that is not there is told of in the console, too.
        let missing = page.ends_with("none") || page == "/nothing" || page.ends_with("/volumes");
        if missing {
            browser.complaints().await?;
        } else if let Err(error) = is_quiet(&browser).await {
            faults.push(format!("{page}: {error:#}"));
        }
    }
    ensure!(faults.is_empty(), "{faults:#?}");
    browser.close().await
}

/// What a screen reader could not name, after the rules of axe-core that find the most.
const NAMELESS: &str = r#"
const faults = [];
const name = e => (e.getAttribute('aria-label') || e.getAttribute('title') || e.textContent || e.value || '').trim()
  || (e.getAttribute('aria-labelledby') || '').split(' ').map(i => document.getElementById(i)?.innerText || '').join('').trim();
const seen = e => e.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true });
const what = e => e.outerHTML.slice(0, 120);
for (const e of document.querySelectorAll('button, a[href]')) if (seen(e) && !name(e)) faults.push('no name: ' + what(e));
for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
  if (seen(e) && !(e.labels && e.labels.length) && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby'))
    faults.push('no label: ' + what(e));
for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) faults.push('no alt: ' + what(e));
if (document.querySelectorAll('h1').length !== 1) faults.push(document.querySelectorAll('h1').length + ' main headings');
if (!document.documentElement.lang) faults.push('no language');
if (!document.title.trim()) faults.push('no title');
if (document.querySelectorAll('main').length !== 1) faults.push('not one main landmark');
const ids = new Set();
for (const e of document.querySelectorAll('[id]')) { if (ids.has(e.id)) faults.push('id twice: ' + e.id); ids.add(e.id); }
return faults;
"#;
