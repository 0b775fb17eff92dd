//! R-GIT-3, R-GIT-4: which pushes deploy by the files that they touch, repositories that Berth asks by itself, and what the
//! host is told of a commit. Against a real git server.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use berth_tests::{
    prelude::*,
    verbs,
    webhook::{Delivery, Host, push_payload},
};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// A push of `after` on top of `before`.
fn pushed(before: &str, after: &str, secret: &str) -> Delivery {
    let mut payload = push_payload("main", after, "Change");
    payload["before"] = before.into();
    Delivery::signed("push", &payload, secret)
}

both_databases! {
    /// What the host says of files is not even there: git knows.
    async fn r_git_3_a_push_that_touches_none_of_the_watched_paths_is_ignored(berth) {
        let (server, owner, web) = (GitServer::start().await?, berth.owner().await?, path("shop/production/web"));
        let repository = server.repository("site")?;
        let first = repository.commit("First", &[("apps/web/page", "1"), ("apps/api/main", "1")])?;
        let settings = json!({ "watch": { "include": ["apps/web"], "exclude": ["**/*.md"] } });
        owner.create_service(&web, verbs::git(&repository.url), settings).await?;
        let (hook, host) = (owner.webhook(&web).await?, berth.anonymous()?);
        let told = async |before: &str, after: &str| -> Result<Value> {
            pushed(before, after, &hook.secret).send(&host, &hook.url).await?.ok()
        };
        let second = repository.commit("Other", &[("apps/api/main", "2"), ("apps/web/README.md", "2")])?;
        let ignored = told(&first, &second).await?;
        ensure!(ignored["verdict"] == "ignored", "{ignored}");
        ensure!(ignored["reason"] == "The push touched none of the watched paths.", "{ignored}");
        let third = repository.commit("Page", &[("apps/web/page", "3")])?;
        let queued = told(&second, &third).await?;
        ensure!(queued["verdict"] == "queued", "{queued}");
        ensure!(queued["reason"].as_str().is_some_and(|r| r.contains("apps/web/page changed")), "{queued}");
        let fourth = repository.commit("Other", &[("apps/api/main", "4")])?;
        let rewritten = told(&"1".repeat(40), &fourth).await?;
        ensure!(rewritten["verdict"] == "queued", "a push from nowhere that is known deploys: {rewritten}");

        let tried: Value = owner
            .post(&format!("{}/webhook/watch", verbs::of(&web)), json!({ "include": ["apps/web"] })).await?.ok()?;
        ensure!(tried["commit"] == fourth.as_str() && tried["deploys"] == false, "{tried}");
        ensure!(tried["files"] == json!([{ "path": "apps/api/main", "matched": false }]), "{tried}");
        owner
            .patch(&verbs::of(&web), json!({ "settings": { "watch": { "include": ["a/{b"] } } })).await?
            .refuses_field("watch")?;
        Ok(())
    }

    /// Only what comes after the first look is deployed, once; and what a person sees is said.
    async fn r_git_4_a_repository_without_webhooks_is_asked(berth) {
        let (server, owner, web) = (GitServer::start().await?, berth.owner().await?, path("shop/production/web"));
        let repository = server.repository("site")?;
        let first = repository.commit("First", &[("page", "1")])?;
        let service = owner.create_service(&web, verbs::git(&repository.url), json!({ "poll_s": 10 })).await?;
        ensure!(service.polled.is_none(), "{service:?}");
        eventually("the branch is seen", || async {
            let polled = owner.service(&web).await?.polled.context("not asked")?;
            ensure!(polled.ok && polled.told.contains(&first[..8]), "{polled:?}");
            Ok(())
        }).await?;
        ensure!(owner.deployments(&web).await?.is_empty(), "the first look deployed");
        repository.commit("Skipped [skip berth]", &[("page", "2")])?;
        newest_is(&owner, &web, "ignored").await?;
        let third = repository.commit("Third", &[("page", "3")])?;
        newest_is(&owner, &web, "queued").await?;
        let deployments = owner.deployments(&web).await?;
        ensure!(deployments.len() == 1 && deployments[0].actor == "berth", "{deployments:?}");
        eventually_within(Duration::from_secs(40), "the next look finds nothing new", || async {
            let polled = owner.service(&web).await?.polled.context("not asked")?;
            ensure!(polled.told.contains(&third[..8]) && polled.told.contains("as before"), "{polled:?}");
            Ok(())
        }).await?;
        ensure!(owner.deployments(&web).await?.len() == 1, "it was deployed twice");

        drop(server);
        eventually_within(Duration::from_secs(40), "a host that is away is said", || async {
            let polled = owner.service(&web).await?.polled.context("not asked")?;
            ensure!(!polled.ok && polled.next_at - polled.at > chrono::TimeDelta::seconds(10), "{polled:?}");
            Ok(())
        }).await
    }
}

/// Waits until the newest delivery has this verdict and was found by asking.
async fn newest_is(owner: &Client, web: &ServicePath, verdict: &str) -> Result<()> {
    eventually_within(Duration::from_secs(40), &format!("what is new is {verdict}"), || async {
        let page: Value = owner.get(&format!("{}/webhook/deliveries", verbs::of(web))).await?.ok()?;
        let newest = &page["items"][0];
        ensure!(newest["provider"] == "polling" && newest["verdict"] == verdict, "{newest}");
        Ok(())
    })
    .await
}

type Seen = Arc<Mutex<Vec<(String, String, Value)>>>;

async fn note(State(seen): State<Seen>, uri: Uri, head: HeaderMap, body: Option<Json<Value>>) -> StatusCode {
    // Git asks here too, and finds no repository.
    let Some(Json(body)) = body else { return StatusCode::NOT_FOUND };
    let token = head.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    seen.lock().expect("unpoisoned").push((uri.path().to_owned(), token.to_owned(), body));
    StatusCode::CREATED
}

/// The deployment fails, for want of a repository: the host hears of its begin and of its end.
#[tokio::test]
async fn a_host_is_told_how_the_deployment_of_a_commit_goes() -> Result<()> {
    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(note).with_state(seen.clone());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await });

    let berth = Berth::without_docker(Database::Sqlite).await?;
    let (owner, web) = (berth.owner().await?, path("shop/production/web"));
    owner.create_service(&web, verbs::git(&format!("{origin}/person/site.git")), json!({})).await?;
    let credential = json!({ "username": "", "secret": "canary-token" });
    owner.put(&format!("{}/credential", verbs::of(&web)), credential).await?.done()?;
    let hook = owner.webhook(&web).await?;
    let body = include_str!("payloads/gitea/push.json").as_bytes().to_vec();
    Host::Gitea.call("push", body, &hook.secret).send(&berth.anonymous()?, &hook.url).await?.done()?;
    eventually_within(Duration::from_secs(60), "the host is told of the end", || async {
        let seen = seen.lock().expect("unpoisoned").clone();
        let (path, token, last) = seen.last().context("nothing was told")?;
        ensure!(*path == format!("/api/v1/repos/person/site/statuses/{COMMIT}"), "{path}");
        ensure!(token == "token canary-token", "another token");
        ensure!(last["state"] == "failure" && last["context"] == "berth/shop/production/web", "{seen:?}");
        ensure!(seen[0].2["state"] == "pending", "{seen:?}");
        let target = last["target_url"].as_str().unwrap_or_default();
        ensure!(target.ends_with("/projects/shop/production/web/deployments/1"), "{target}");
        Ok(())
    })
    .await
}
