//! Services whose source names a connection to a git host: fetched, and told of, with what the connection has.

use crate::git::dockerfile;
use berth_tests::{
    hosts::{CodeHost, TOKEN},
    prelude::*,
    verbs::{self, BUILD, of, swift},
};

async fn berth(host: &CodeHost) -> Result<Berth> {
    let berth = Berth::start(Options { environment: vec![host.allowed()], ..Options::default() }).await?;
    berth.proxy_is_up().await?;
    Ok(berth)
}

async fn id_of(added: Answer) -> Result<String> {
    let added: Value = added.ok()?;
    Ok(added["id"].as_str().context("an id")?.to_owned())
}

/// The source is private; nothing but the connection opens it.
#[tokio::test]
async fn a_private_repository_is_deployed_through_its_connection_until_that_is_removed() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(&host).await?;
    let owner = berth.owner().await?;
    let repository = host.git.repository("team/site")?;
    repository.commit("Release one", &[("Dockerfile", &dockerfile("one"))])?;
    let request = json!({ "kind": "gitlab", "url": host.url(), "token": TOKEN });
    let id = id_of(owner.post("/connections", request).await?).await?;
    let web = path("shop/production/web");
    let source = json!({ "type": "git", "url": repository.url, "connection": id });
    let service = owner.create_service(&web, source, swift()).await?;
    let queued = owner.deploy(&web).await?;
    owner.live(&web, queued.number, BUILD).await?;
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "one").await?;
    let log = owner.deployment_log(&web, queued.number).await?;
    ensure!(!log.contains(TOKEN), "{log}");

    owner.delete(&format!("/connections/{id}"), Value::Null).await?.done()?;
    let access: Value = owner.get(&format!("{}/access", of(&web))).await?.ok()?;
    ensure!(access["connection"].as_str().is_some_and(|words| words.contains("was removed")), "{access}");
    let queued = owner.deploy(&web).await?;
    let failed = owner.failed(&web, queued.number, BUILD).await?;
    let reason = failed.reason.unwrap_or_default();
    ensure!(reason.contains("connection to the git host") && reason.contains("was removed"), "{reason}");
    // What is live stays so.
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "one").await
}

#[tokio::test]
async fn an_app_fetches_and_tells_with_tokens_of_its_installation() -> Result<()> {
    let host = CodeHost::start().await?;
    let berth = berth(&host).await?;
    let owner = berth.owner().await?;
    let repository = host.git.repository("team/site")?;
    repository.commit("Release one", &[("Dockerfile", &dockerfile("one"))])?;
    host.gate.close();
    host.install(true);
    let begun: Value = owner.post("/connections/github-app", json!({ "url": host.url() })).await?.ok()?;
    let post_to = begun["post_to"].as_str().context("an address")?;
    let state = post_to.split("state=").nth(1).context("a state")?;
    let made = json!({ "code": "good2", "state": state });
    let id = id_of(owner.post("/connections/github-app/conversion", made).await?).await?;
    let web = path("shop/production/web");
    let source = json!({ "type": "git", "url": repository.url, "connection": id });
    let service = owner.create_service(&web, source, swift()).await?;
    let queued = owner.deploy(&web).await?;
    owner.live(&web, queued.number, BUILD).await?;
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "one").await?;
    eventually("the host is told that it is live", || async {
        let told = host.statuses();
        let live = told.iter().find(|(_, status)| status["state"] == "success");
        let (token, _) = live.with_context(|| format!("{told:?}"))?;
        ensure!(host.granted().contains(token), "it was told with {token}");
        Ok(())
    })
    .await?;
    let log = owner.deployment_log(&web, queued.number).await?;
    ensure!(!log.contains("ghs_canary"), "{log}");
    Ok(())
}
