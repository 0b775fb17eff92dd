//! Pushing to Berth itself as a person does it: the address, the token and the key from the panel, `git push` in a terminal,
//! and the outcome in both.

use crate::fixture::{is_quiet, sign_in};
use berth_tests::{
    berth::shipped_image,
    browser::Browser,
    prelude::*,
    process::free_ports,
    push::{WorkingCopy, with_token},
    verbs::{self, BUILD, swift},
};
use thirtyfour::prelude::*;

const SERVICE: &str = "/projects/shop/production/web";

/// A Berth that answers git over SSH too, its owner in a browser, and the owner's own repository.
struct Person {
    browser: Browser,
    owner: Client,
    mine: WorkingCopy,
    berth: Berth,
}

impl Person {
    async fn new() -> Result<Self> {
        let [port] = free_ports()?;
        let environment = vec![("BERTH_SSH_ADDR".to_owned(), format!("127.0.0.1:{port}"))];
        let berth = Berth::start(Options { environment, ..Options::default() }).await?;
        berth.proxy_is_up().await?;
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        let browser = Browser::open(&berth.url()).await?;
        sign_in(&browser).await?;
        Ok(Self { browser, owner, mine: WorkingCopy::new()?, berth })
    }

    fn release(&self, version: &str, more: &str) -> Result<String> {
        let text = format!("FROM {}\nENV VERSION={version}\n{more}", shipped_image());
        self.mine.commit(&format!("Release {version}"), &[("Dockerfile", &text)])
    }

    /// What the page offers to copy.
    async fn to_copy(&self) -> Result<Vec<String>> {
        let script =
            "return Array.from(document.querySelectorAll('.copy-field code')).map(c => c.textContent)";
        Ok(serde_json::from_value(self.browser.script(script).await?)?)
    }

    /// The address on the service's page that begins so.
    async fn address(&self, scheme: &str) -> Result<String> {
        self.browser.goto(SERVICE).await?;
        eventually("the address is on the page", || async {
            let shown = self.to_copy().await?;
            let found = shown.iter().find(|text| text.starts_with(scheme)).cloned();
            found.with_context(|| format!("none with {scheme} among {shown:?}"))
        })
        .await
    }

    async fn makes_a_service_for_pushes(&self) -> Result<()> {
        self.browser.goto("/projects/shop/production/new").await?;
        self.browser.choose("Push to Berth").await?;
        self.browser.fill("name", "web").await?;
        self.browser.press("Create and deploy").await?;
        self.browser.is_at(SERVICE).await?;
        self.browser.shows("Push to it, and it is deployed").await
    }

    async fn makes_a_token(&self) -> Result<String> {
        self.browser.goto("/account").await?;
        self.browser.fill("New token for", "laptop").await?;
        let role = By::Css("select[name='role'] option[value='developer']");
        self.browser.driver.find(role).await?.click().await?;
        self.browser.press("Make a token").await?;
        self.browser.shows("Copy the token now").await?;
        let shown = self.to_copy().await?;
        shown.into_iter().find(|text| text.starts_with("berth_")).context("the token is shown once")
    }

    async fn adds_a_key(&mut self) -> Result<()> {
        let public = self.mine.make_key()?;
        self.browser.goto("/account").await?;
        self.browser.fill("public_key", public.trim()).await?;
        self.browser.press("Add the key").await?;
        self.browser.shows("me@laptop").await
    }

    /// The page of a deployment says that it is live, and the service answers so.
    async fn sees_live(&self, number: u64, version: &str) -> Result<()> {
        self.browser.goto(&format!("{SERVICE}/deployments/{number}")).await?;
        self.browser.shows_within(BUILD, "The new release runs").await?;
        self.answers(version).await
    }

    async fn answers(&self, version: &str) -> Result<()> {
        let host = verbs::host(&self.owner.service(&path("shop/production/web")).await?)?;
        verbs::answers(self.berth.http_port, &host, "/", version).await
    }

    /// A push whose build fails, as git shows it and as the panel shows it.
    async fn a_failure_is_told(&self, url: &str, number: u64, still: &str) -> Result<()> {
        let before = self.mine.remote_ref(url, "refs/heads/main")?;
        self.release("broken", "COPY nothing-of-that-name /x\n")?;
        let told = self.mine.push(url, &["HEAD:main"])?.rejected("pre-receive hook declined")?;
        for words in
            ["nothing-of-that-name", "remote: Not deployed (failed)", "The branch stays where it was"]
        {
            ensure!(told.contains(words), "the push does not show {words:?}:\n{told}");
        }
        ensure!(self.mine.remote_ref(url, "refs/heads/main")? == before, "the branch was moved");
        self.browser.goto(&format!("{SERVICE}/deployments/{number}")).await?;
        self.browser.shows("Failed").await?;
        self.browser.shows("nothing-of-that-name").await.context("the panel says what was missing")?;
        self.answers(still).await
    }
}

#[tokio::test]
async fn a_person_pushes_over_http_with_what_the_panel_shows() -> Result<()> {
    let person = Person::new().await?;
    person.makes_a_service_for_pushes().await?;
    let address = person.address("http://").await?;
    ensure!(address.ends_with("/git/shop/web.git"), "{address}");
    let token = person.makes_a_token().await?;
    let url = with_token(&address, &token);

    person.browser.goto(&format!("{SERVICE}/deployments")).await?;
    person.release("one", "")?;
    let told = person.mine.push(&url, &["HEAD:main"])?.accepted()?;
    ensure!(told.contains("remote: -> build") && told.contains("remote: Live at http://"), "{told}");
    person.browser.shows("Release one").await.context("the push appears without a reload")?;
    person.sees_live(1, "one").await?;

    let web = verbs::of(&path("shop/production/web"));
    person.owner.patch(&web, json!({ "settings": swift() })).await?.done()?;
    person.release("two", "")?;
    person.mine.push(&url, &["HEAD:main"])?.accepted()?;
    person.sees_live(2, "two").await?;
    person.a_failure_is_told(&url, 3, "two").await?;
    is_quiet(&person.browser).await?;
    person.browser.close().await
}

#[tokio::test]
async fn a_person_pushes_over_ssh_with_a_key_of_the_account() -> Result<()> {
    let mut person = Person::new().await?;
    person.makes_a_service_for_pushes().await?;
    let url = person.address("ssh://").await?;
    person.release("one", "")?;
    person.mine.push(&url, &["HEAD:main"])?.rejected("Permission denied (publickey)")?;
    person.adds_a_key().await?;
    let told = person.mine.push(&url, &["HEAD:main"])?.accepted()?;
    ensure!(told.contains("remote: -> build") && told.contains("remote: Live at http://"), "{told}");
    person.sees_live(1, "one").await?;

    let web = verbs::of(&path("shop/production/web"));
    person.owner.patch(&web, json!({ "settings": swift() })).await?.done()?;
    person.release("two", "")?;
    person.mine.push(&url, &["HEAD:main"])?.accepted()?;
    person.sees_live(2, "two").await?;
    person.a_failure_is_told(&url, 3, "two").await?;

    // The first push to a free name makes its service, which appears on the page of the project.
    person.browser.goto("/projects/shop").await?;
    person.release("three", "")?;
    let fresh = url.replace("/web.git", "/fresh.git");
    person.mine.push(&fresh, &["HEAD:main"])?.accepted()?;
    person.browser.shows("fresh").await.context("the service appears without a reload")?;
    let made = person.owner.service(&path("shop/production/fresh")).await?;
    verbs::answers(person.berth.http_port, &verbs::host(&made)?, "/", "three").await?;
    is_quiet(&person.browser).await?;
    person.browser.close().await
}
