//! What the browser's tests begin with.

use anyhow::{Context as _, Result};
use berth_tests::{
    berth::{OWNER, PASSWORD},
    browser::Browser,
    git::{GitServer, Repository},
    prelude::*,
};
use std::{env, path::PathBuf};

/// The folder of `tests/images/web`: a multi-stage Dockerfile that runs apt, served by nginx.
pub fn web_folder() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("images/web");
    env::var_os("BERTH_TEST_WEB").map_or_else(beside, PathBuf::from)
}

/// A repository with a first version of the site.
pub fn site(server: &GitServer) -> Result<Repository> {
    let repository = server.repository("site")?;
    repository.commit_folder("Make the site", &web_folder())?;
    Ok(repository)
}

/// Commits another version of the page.
pub fn change(repository: &Repository, heading: &str) -> Result<String> {
    repository.commit(&format!("Say {heading}"), &[("page.md", &format!("# {heading}\n\nBuilt from git.\n"))])
}

/// Signs in as the owner of a Berth that is claimed.
pub async fn sign_in(browser: &Browser) -> Result<()> {
    browser.goto("/sign-in").await?;
    browser.fill("email", OWNER).await?;
    browser.fill("password", PASSWORD).await?;
    browser.press("Sign in").await?;
    browser.is_at("/projects").await?;
    browser.is_alive().await
}

/// Fails when the page has complained in its console.
pub async fn is_quiet(browser: &Browser) -> Result<()> {
    let complaints = browser.complaints().await.context("read the console")?;
    ensure!(complaints.is_empty(), "the console has errors: {complaints:#?}");
    Ok(())
}
