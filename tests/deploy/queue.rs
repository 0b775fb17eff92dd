//! The queue: one at a time per service, the newest wins, and a person can stop anything.

use crate::fixture::Shipped;
use berth_tests::{
    git::GitServer,
    prelude::*,
    verbs::{self, DEPLOYMENT, git},
};
use std::time::Instant;

async fn is_cancelled_within_five_seconds(shipped: &Shipped, number: u64) -> Result<()> {
    let asked = Instant::now();
    let cancel = format!("{}/deployments/{number}/cancel", verbs::of(&shipped.web));
    shipped.owner.post(&cancel, Value::Null).await?.done()?;
    let ended = shipped.owner.settled(&shipped.web, number, Duration::from_secs(10)).await?;
    ensure!(ended.status == Status::Cancelled, "it is {}", ended.status);
    ensure!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    shipped.answers("one").await?;
    shipped.owner.post(&cancel, Value::Null).await?.refused(409)?;
    shipped.only_runs(1).await
}

/// R-Q-3: a build is cancelled at once, and is over in the engine too.
#[tokio::test]
async fn r_q_3_a_build_is_cancelled_within_five_seconds() -> Result<()> {
    let shipped = Shipped::live().await?;
    let host = GitServer::start().await?;
    let repository = host.repository("site")?;
    let slow = format!("FROM debian:bookworm-slim\nRUN echo {} && sleep 300\n", shipped.berth.instance);
    repository.commit("Sleep", &[("Dockerfile", &slow)])?;
    shipped.owner.patch(&verbs::of(&shipped.web), json!({ "source": git(&repository.url) })).await?.done()?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    eventually_within(Duration::from_secs(60), "the step runs", || async {
        let log = shipped.owner.deployment_log(&shipped.web, queued.number).await?;
        ensure!(log.lines().any(|line| line.trim() == shipped.berth.instance), "{log}");
        Ok(())
    })
    .await?;
    is_cancelled_within_five_seconds(&shipped, queued.number).await
}

/// R-Q-3: so is a wait for the probe.
#[tokio::test]
async fn r_q_3_a_probe_is_cancelled_within_five_seconds() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.owner.set_plain(&shipped.web, "START_DELAY_MS", "60000").await?;
    shipped.configure(json!({ "probe": { "start_period_ms": 90_000 } })).await?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    shipped.is_in(queued.number, Phase::Probe).await?;
    is_cancelled_within_five_seconds(&shipped, queued.number).await
}

/// R-Q-4: one at a time per service; of those that wait only the newest is deployed, the others say superseded.
#[tokio::test]
async fn r_q_4_of_ten_requests_at_once_only_the_newest_waits() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.set_plain(web, "START_DELAY_MS", "2000").await?;
    let asked = futures::future::try_join_all((0..10).map(|_| owner.deploy(web))).await?;
    let newest = asked.iter().map(|view| view.number).max().context("ten deployments")?;
    owner.live(web, newest, DEPLOYMENT).await?;

    let all = owner.deployments(web).await?;
    let asked: Vec<_> = all.iter().filter(|view| view.number > 1).collect();
    ensure!(asked.iter().all(|view| view.status.is_settled()), "{asked:?}");
    let ran = asked.iter().filter(|view| view.started_at.is_some()).count();
    ensure!(ran <= 2, "{ran} of ten ran");
    let waiting = asked.iter().filter(|view| view.started_at.is_none());
    ensure!(waiting.clone().all(|view| view.status == Status::Superseded), "{asked:?}");
    Ok(())
}

/// R-Q-4: another service does not wait.
#[tokio::test]
async fn r_q_4_another_service_is_not_delayed() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, api) = (&shipped.owner, path("shop/production/api"));
    owner.create_shipped(&api).await?;
    owner.set_plain(&shipped.web, "START_DELAY_MS", "15000").await?;
    let slow = owner.deploy(&shipped.web).await?;
    owner.ship(&api).await?;
    let still = owner.deployment(&shipped.web, slow.number).await?;
    ensure!(!still.status.is_settled(), "the slow one was over first: {}", still.status);
    owner.live(&shipped.web, slow.number, DEPLOYMENT).await.map(|_| ())
}
