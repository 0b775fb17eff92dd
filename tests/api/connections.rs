//! Connections to git hosts: tried before they are kept, listed and searched, and Apps from their manifest to their
//! webhook.

use crate::account::token;
use berth_tests::{
    hosts::{APP_SECRET, CodeHost, OTHERS, TOKEN},
    prelude::*,
    verbs::{self, of},
    webhook::{Delivery, Host, push_payload},
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A Berth that may ask the host.
async fn berth(database: Database, host: &CodeHost) -> Result<Berth> {
    let environment = vec![host.allowed()];
    Berth::start(Options { database, docker: false, environment, ..Options::default() }).await
}

fn by_token(kind: &str, host: &CodeHost, token: &str) -> Value {
    json!({ "kind": kind, "url": host.url(), "account": "team", "token": token })
}

async fn connected(owner: &Client, kind: &str, host: &CodeHost) -> Result<String> {
    let added: Value = owner.post("/connections", by_token(kind, host, TOKEN)).await?.ok()?;
    Ok(added["id"].as_str().context("an id")?.to_owned())
}

async fn kept(database: Database) -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(database, &host).await?;
    let owner = berth.owner().await?;
    for kind in ["github", "gitlab", "gitea", "bitbucket"] {
        owner.post("/connections", by_token(kind, &host, "wrong")).await?.refuses_field("token")?;
        let added: Value = owner.post("/connections", by_token(kind, &host, TOKEN)).await?.ok()?;
        let account = if kind == "bitbucket" { "team" } else { "octocat" };
        ensure!(added["account"] == account && added["kind"] == kind, "{added}");
        owner.post("/connections", by_token(kind, &host, TOKEN)).await?.refused(409)?;
        let at = format!("/connections/{}", added["id"].as_str().context("an id")?);
        owner.post(&format!("{at}/test"), Value::Null).await?.done()?;
    }
    let mut elsewhere = by_token("bitbucket", &host, TOKEN);
    elsewhere["account"] = json!("nobody");
    owner.post("/connections", elsewhere).await?.refuses_field("account")?;

    let all: Vec<Value> = owner.get("/connections").await?.ok()?;
    let at = format!("/connections/{}", all[0]["id"].as_str().context("an id")?);
    let stranger = berth.stranger().await?;
    ensure!(stranger.get("/connections").await?.ok::<Vec<Value>>()?.is_empty());
    for verb in ["repositories", "branches?repository=team/site"] {
        stranger.get(&format!("{at}/{verb}")).await?.refused(404)?;
    }
    stranger.delete(&at, Value::Null).await?.refused(404)?;
    owner.delete(&at, Value::Null).await?.done()?;
    let events = owner.get("/events?kind=connection.").await?.text;
    ensure!(events.contains("was added") && events.contains("was removed"), "{events}");
    for text in [events, owner.get("/connections").await?.text, std::fs::read_to_string(berth.log_file())?] {
        ensure!(!text.contains(TOKEN), "it shows the token: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_is_tried_before_it_is_kept_on_sqlite() -> Result<()> {
    kept(Database::Sqlite).await
}

#[tokio::test]
async fn a_connection_is_tried_before_it_is_kept_on_postgres() -> Result<()> {
    kept(Database::Postgres).await
}

both_databases! {
    /// R-SEC-9: a git host inside the machine is not asked for people, by whichever way.
    async fn r_sec_9_a_git_host_inside_the_machine_is_not_asked(berth) {
        let owner = berth.owner().await?;
        for url in ["http://127.0.0.1:9", "http://169.254.169.254", "http://[::1]:80", "http://localhost"] {
            let request = json!({ "kind": "gitea", "url": url, "token": "x" });
            let problem = owner.post("/connections", request).await?.refuses_field("url")?;
            ensure!(problem.message.contains("BERTH_PRIVATE_HOSTS"), "{url}: {problem:?}");
        }
        for url in ["file:///etc", "https://me:secret@git.example.com", "git.example.com"] {
            let request = json!({ "kind": "gitea", "url": url, "token": "x" });
            owner.post("/connections", request).await?.refuses_field("url")?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn the_repositories_of_each_host_are_listed_in_pages_and_searched() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(Database::Sqlite, &host).await?;
    let owner = berth.owner().await?;
    for kind in ["github", "gitlab", "gitea", "bitbucket"] {
        let id = connected(&owner, kind, &host).await?;
        let (mut seen, mut page) = (Vec::new(), Some(1));
        while let Some(number) = page {
            let at = format!("/connections/{id}/repositories?page={number}");
            let part: Value = owner.get(&at).await?.ok()?;
            let names = part["items"].as_array().context("items")?.iter();
            seen.extend(names.filter_map(|one| one["name"].as_str().map(str::to_owned)));
            page = part["next"].as_u64();
            ensure!(number < 10, "{kind} never ends");
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        ensure!(seen.len() == OTHERS + 1 && all == seen.len(), "{kind} has {} of {all}", seen.len());

        let found: Value = owner.get(&format!("/connections/{id}/repositories?search=site")).await?.ok()?;
        let items = found["items"].as_array().context("items")?;
        ensure!(items.len() == 1 && found["next"].is_null(), "{kind}: {found}");
        ensure!(items[0]["url"] == format!("{}/team/site.git", host.url()), "{kind}: {found}");
        ensure!(items[0]["default_branch"] == "main" && items[0]["private"] == true, "{kind}: {found}");
        let at = format!("/connections/{id}/branches?repository=team/site&search=");
        let branches: Value = owner.get(&at).await?.ok()?;
        ensure!(branches["items"] == json!(["main", "feature/search"]), "{kind}: {branches}");
        owner
            .get(&format!("/connections/{id}/branches?repository=../x"))
            .await?
            .refuses_field("repository")?;
    }
    Ok(())
}

/// Whoever may set a source must not have the token of a connection sent to a host of theirs.
#[tokio::test]
async fn a_connection_opens_repositories_of_its_own_host_and_organisation_only() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(Database::Sqlite, &host).await?;
    let owner = berth.owner().await?;
    let id = connected(&owner, "gitea", &host).await?;
    let developer = owner.with_token(&token(&owner, "dev", "developer").await?)?;
    let web = path("shop/production/web");
    owner.create_project("shop").await?;
    let at = "/projects/shop/environments/production/services";
    for url in [
        "https://evil.example/team/site.git",
        "http://127.0.0.1:1/team/site.git",
        "git@127.0.0.1:team/site.git",
    ] {
        let source = json!({ "type": "git", "url": url, "connection": id });
        developer.post(at, json!({ "name": "web", "source": source })).await?.refuses_field("url")?;
    }
    let source = json!({ "type": "git", "url": format!("{}/team/site.git", host.url()), "connection": id });
    developer.post(at, json!({ "name": "web", "source": source })).await?.done()?;
    let stranger = berth.stranger().await?;
    stranger.create_project("shop").await?;
    stranger.post(at, json!({ "name": "web", "source": source })).await?.refuses_field("connection")?;
    let shown: Vec<Value> = owner.get("/connections").await?.ok()?;
    ensure!(shown[0]["services"] == json!([web.to_string()]), "{shown:?}");
    Ok(())
}

#[tokio::test]
async fn the_host_is_told_where_to_push_once_and_the_secret_is_the_services_own() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(Database::Sqlite, &host).await?;
    let owner = berth.owner().await?;
    let id = connected(&owner, "github", &host).await?;
    let web = path("shop/production/web");
    let url = format!("{}/team/site.git", host.url());
    let source = json!({ "type": "git", "url": url, "connection": id });
    owner.create_service(&web, source.clone(), json!({})).await?;
    let hooks = host.hooks();
    ensure!(hooks.len() == 1, "{hooks:?}");
    let (to, secret) =
        (&hooks[0]["config"]["url"], hooks[0]["config"]["secret"].as_str().context("a secret")?);
    let push = Delivery::push("other", COMMIT, "Elsewhere", secret);
    let answer = push.send(&berth.anonymous()?, to.as_str().context("an address")?).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);

    let again: Value = owner.post(&format!("{}/webhook/register", of(&web)), Value::Null).await?.ok()?;
    ensure!(again["registered"] == true && host.hooks().len() == 1, "{again}: {:?}", host.hooks());
    host.refuse_hooks();
    let api = path("shop/production/api");
    owner.create_service(&api, source, json!({})).await?;
    let refused: Value = owner.post(&format!("{}/webhook/register", of(&api)), Value::Null).await?.ok()?;
    let words = refused["message"].as_str().unwrap_or_default();
    ensure!(refused["registered"] == false && words.contains("by hand"), "{refused}");
    let events = owner.get("/events?kind=webhook.not_registered").await?.text;
    ensure!(events.contains("403") && !events.contains(TOKEN), "{events}");
    Ok(())
}

/// Makes an App as a browser does; gives the connection's id.
async fn app(owner: &Client, host: &CodeHost) -> Result<String> {
    let begun: Value =
        owner.post("/connections/github-app", json!({ "url": host.url(), "account": "team" })).await?.ok()?;
    let post_to = begun["post_to"].as_str().context("an address")?;
    ensure!(
        post_to.starts_with(&format!("{}/organizations/team/settings/apps/new?state=", host.url())),
        "{post_to}"
    );
    let manifest: Value = serde_json::from_str(begun["manifest"].as_str().unwrap_or_default())?;
    ensure!(
        manifest["public"] == false && manifest["default_permissions"]["contents"] == "read",
        "{manifest}"
    );
    let state = post_to.split("state=").nth(1).context("a state")?;
    let made = json!({ "code": "good1", "state": state });
    let forged = json!({ "code": "good1", "state": format!("{state}0") });
    owner.post("/connections/github-app/conversion", forged).await?.refuses_field("state")?;
    let added: Value = owner.post("/connections/github-app/conversion", made.clone()).await?.ok()?;
    ensure!(added["account"] == "berth-test" && !added["install_url"].is_null(), "{added}");
    owner.post("/connections/github-app/conversion", made).await?.refuses_field("code")?;
    let hook = manifest["hook_attributes"]["url"].as_str().unwrap_or_default();
    let id = added["id"].as_str().context("an id")?.replace('-', "");
    ensure!(hook.ends_with(&format!("/hooks/apps/{id}")), "{hook} is not of {id}");
    Ok(id)
}

#[tokio::test]
async fn an_app_is_made_from_its_manifest_and_its_tokens_are_renewed_before_they_end() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(Database::Postgres, &host).await?;
    let owner = berth.owner().await?;
    let at = format!("/connections/{}", app(&owner, &host).await?);
    let listed = format!("{at}/repositories?search=site");
    let problem = owner.get(&listed).await?.refused(409)?;
    ensure!(problem.message.contains("installed nowhere"), "{problem:?}");
    owner.post(&format!("{at}/installation"), json!({ "installation": 1 })).await?.refused(503)?;
    host.install(true);
    owner.post(&format!("{at}/installation"), json!({ "installation": 1 })).await?.refused(503)?;
    let noted: Value =
        owner.post(&format!("{at}/installation"), json!({ "installation": 4711 })).await?.ok()?;
    ensure!(noted["install_url"].is_null(), "{noted}");
    for _ in 0..3 {
        let found: Value = owner.get(&listed).await?.ok()?;
        ensure!(found["items"][0]["name"] == "team/site", "{found}");
    }
    ensure!(host.granted().len() == 1, "a token that is good was not used again: {:?}", host.granted());

    // The installation moves, so that the next token is a new one; that one ends soon.
    host.grant_for(60);
    owner.post(&format!("{at}/installation"), json!({ "installation": 4711 })).await?.done()?;
    for asked in 2..4 {
        owner.get(&listed).await?.done()?;
        ensure!(host.granted().len() == asked, "a token that ends soon was used: {:?}", host.granted());
    }
    host.install(false);
    owner.get(&listed).await?.refused(409)?;
    let shown = owner.get("/connections").await?.text;
    let log = std::fs::read_to_string(berth.log_file())?;
    for canary in ["canary-client-secret", APP_SECRET, "ghs_canary", "PRIVATE KEY"] {
        ensure!(!shown.contains(canary) && !log.contains(canary), "{canary} is shown");
    }
    Ok(())
}

#[tokio::test]
async fn a_call_of_an_app_goes_to_every_service_of_its_repository() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(Database::Sqlite, &host).await?;
    let owner = berth.owner().await?;
    let id = app(&owner, &host).await?;
    let url = format!("{}/team/site.git", host.url());
    for (name, connection) in [("web", json!(id)), ("api", Value::Null)] {
        let source = json!({ "type": "git", "url": url, "connection": connection });
        owner.create_service(&path(&format!("shop/production/{name}")), source, json!({})).await?;
    }
    let other = format!("{}/team/repo-001.git", host.url());
    owner.create_service(&path("shop/production/other"), verbs::git(&other), json!({})).await?;
    ensure!(host.hooks().is_empty(), "an App has one webhook for all: {:?}", host.hooks());

    let hook = format!("/hooks/apps/{id}");
    let mut payload = push_payload("main", COMMIT, "Release");
    payload["repository"] = json!({ "full_name": "Team/site" });
    payload["installation"] = json!({ "id": 4711 });
    let nobody = berth.anonymous()?;
    let wrong = Delivery::signed("push", &payload, "another secret");
    ensure!(wrong.send(&nobody, &hook).await?.status == 401, "a stranger was believed");
    let push = Delivery::signed("push", &payload, APP_SECRET);
    let judged: Value = serde_json::from_str(&push.send(&nobody, &hook).await?.text)?;
    let deliveries = judged["deliveries"].as_array().context("deliveries")?;
    ensure!(deliveries.len() == 2 && deliveries.iter().all(|one| one["verdict"] == "queued"), "{judged}");
    for name in ["web", "api"] {
        let at = format!("{}/deployments", of(&path(&format!("shop/production/{name}"))));
        let found: Value = owner.get(&at).await?.ok()?;
        let one = found["items"].as_array().is_some_and(|items| items.len() == 1);
        ensure!(one && found["items"][0]["cause"] == "push", "{name} was not deployed: {found}");
    }
    let again: Value = serde_json::from_str(&push.send(&nobody, &hook).await?.text)?;
    ensure!(again["deliveries"][0]["id"] == deliveries[0]["id"], "a delivery was judged twice: {again}");

    payload["repository"]["full_name"] = json!("team/unknown");
    let unknown = Delivery::signed("push", &payload, APP_SECRET).send(&nobody, &hook).await?;
    ensure!(unknown.status == 200 && unknown.text.contains("No service"), "{}", unknown.text);
    let ping = Delivery::signed("ping", &json!({ "zen": "x", "hook_id": 1 }), APP_SECRET);
    ensure!(ping.send(&nobody, &hook).await?.status == 200);
    let nowhere = format!("/hooks/apps/{}", uuid::Uuid::nil().simple());
    ensure!(ping.send(&nobody, &nowhere).await?.status == 404);
    Ok(())
}

#[tokio::test]
async fn a_preview_at_bitbucket_is_found_and_commented_on_by_the_connection() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(Database::Sqlite, &host).await?;
    let owner = berth.owner().await?;
    let repository = host.git.repository("team/site")?;
    repository.commit("First", &[("Dockerfile", "FROM scratch\n")])?;
    repository.branch("title")?;
    let head = repository.commit("Another title", &[("index.html", "two")])?;
    let id = connected(&owner, "bitbucket", &host).await?;
    let source = json!({ "type": "git", "url": repository.url, "connection": id });
    owner.create_service(&path("shop/production/web"), source, json!({ "previews": { "on": true } })).await?;
    let hooks = host.hooks();
    let hook = hooks.first().context("the host was told where to push")?;
    let (url, secret) = (hook["url"].as_str().context("url")?, hook["secret"].as_str().context("secret")?);
    let mut body: Value = serde_json::from_str(include_str!("payloads/bitbucket/pull_request.json"))?;
    body["pullrequest"]["source"]["commit"]["hash"] = json!(head[..12]);
    let call = Host::Bitbucket.call("pullrequest:created", body.to_string().into_bytes(), secret);
    let answer = call.send(&berth.anonymous()?, url).await?;
    ensure!(answer.status == 202, "{} {}", answer.status, answer.text);
    eventually("the pull request has its comment", || async {
        let comments = host.comments();
        let text = comments.first().and_then(|one| one["content"]["raw"].as_str()).unwrap_or_default();
        ensure!(comments.len() == 1 && text.contains("Preview of shop/production/web"), "{comments:?}");
        Ok(())
    })
    .await
}

/// R-SEC-12: the page that makes an App may send its form to that host, and no other page may.
#[tokio::test]
async fn r_sec_12_only_the_page_that_makes_an_app_sends_a_form_elsewhere() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(Database::Sqlite, &host).await?;
    let owner = berth.owner().await?;
    let at = format!("/git-hosts/app?account=team&url={}", host.url());
    let page = Answer::of(owner.request(Method::GET, &at)).await?;
    let wanted = format!("form-action 'self' {};", host.url());
    let policy = page.header("content-security-policy").to_owned();
    ensure!(policy.contains(&wanted) && policy.contains("frame-ancestors 'none'"), "{policy}");
    ensure!(page.text.contains("/organizations/team/settings/apps/new?state="), "{}", page.text);
    for at in ["/git-hosts", "/git-hosts/made?code=good1&state=x", "/git-hosts/app?url=https://x.example;y"] {
        let page = Answer::of(owner.request(Method::GET, at)).await?;
        let policy = page.header("content-security-policy").to_owned();
        ensure!(policy.contains("form-action 'self';"), "{at}: {policy}");
    }
    Ok(())
}
