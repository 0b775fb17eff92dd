//! Power cuts: Berth is killed in the middle, and nothing is lost.

use crate::{
    drills::files_below,
    fixture::{Shipped, with},
    git::dockerfile,
};
use berth_domain::event::{EventKind, EventView};
use berth_tests::{
    docker,
    git::GitServer,
    prelude::*,
    verbs::{self, DEPLOYMENT, git},
};
use std::time::Instant;

/// The server stops before this step of a rollout and waits for its end.
const PAUSE: &str = "BERTH_PAUSE_BEFORE_STEP";
/// How soon after a kill everything must be in order again.
const SOON: Duration = Duration::from_secs(10);

/// A service that is rolled out while its Berth is killed.
struct Drill {
    settings: Value,
    /// So many containers run when it is live.
    instances: usize,
}

/// A rolling rollout with everything that makes steps: two replicas one after the other, a worker, both commands.
fn rolling() -> Drill {
    let settings = with(json!({
        "replicas": 2, "strategy": { "type": "rolling", "surge": 1 }, "drain_ms": 300,
        "processes": [{ "name": "worker", "command": ["work"] }],
        "release_command": ["end", "0", "migrated"], "after_command": ["end", "0", "warmed up"],
    }));
    Drill { settings, instances: 3 }
}

/// A canary in two steps.
fn canary() -> Drill {
    let step = |percent: u8| json!({ "percent": percent, "hold_s": 1 });
    let strategy = json!({ "type": "canary", "steps": [step(20), step(60)] });
    Drill { settings: with(json!({ "strategy": strategy, "drain_ms": 300 })), instances: 1 }
}

/// All at once, with two replicas.
fn blue_green() -> Drill {
    let strategy = json!({ "type": "blue_green" });
    Drill { settings: with(json!({ "strategy": strategy, "replicas": 2, "drain_ms": 300 })), instances: 2 }
}

/// The old release stops before the new one starts, and requests wait meanwhile.
fn stop_first() -> Drill {
    let strategy = json!({ "type": "stop_first" });
    Drill { settings: with(json!({ "strategy": strategy, "drain_ms": 300 })), instances: 1 }
}

/// R-Q-1, R-DEP-3: killed before every single step of a rolling rollout.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_1_a_kill_before_any_step_of_a_rolling_rollout_loses_no_request_and_blocks_nothing() -> Result<()>
{
    rolling().killed_before_every_step(12).await
}

/// R-Q-1, R-DEP-3: killed before every single step of a canary.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_1_a_kill_before_any_step_of_a_canary_loses_no_request_and_blocks_nothing() -> Result<()> {
    canary().killed_before_every_step(8).await
}

/// R-Q-1, R-DEP-3: killed before every single step of a rollout all at once.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_1_a_kill_before_any_step_of_a_blue_green_rollout_loses_no_request_and_blocks_nothing()
-> Result<()> {
    blue_green().killed_before_every_step(6).await
}

/// R-Q-1, R-DEP-1b: killed before every single step while requests wait, which the proxy then has wait on.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_1_a_kill_before_any_step_of_a_release_that_stops_first_loses_no_request() -> Result<()> {
    stop_first().killed_before_every_step(6).await
}

impl Drill {
    /// Goes on from step to step until a rollout gets live without coming to the one that is asked for, so that a step
    /// that is new is covered by itself.
    async fn killed_before_every_step(&self, at_least: usize) -> Result<()> {
        let mut shipped = Shipped::live_with(self.settings.clone()).await?;
        let load = shipped.under_load(200);
        let mut steps = Vec::new();
        while let Some((number, step)) = killed_before(&mut shipped, steps.len()).await? {
            let what = format!("killed before step {}: {step}", steps.len());
            self.is_in_order_again(&shipped, number).await.with_context(|| what.clone())?;
            println!("{what}");
            steps.push(step);
        }
        let report = load.stop().await;
        println!("{} kills: {report}", steps.len());
        ensure!(steps.len() >= at_least, "only {} steps: {steps:#?}", steps.len());
        report.lost_nothing(200)
    }

    /// The deployment that was cut off has one end, nothing of it is left over, and the service is deployed again.
    async fn is_in_order_again(&self, shipped: &Shipped, number: u64) -> Result<()> {
        let (owner, web) = (&shipped.owner, &shipped.web);
        let ended = owner.settled(web, number, SOON).await?;
        ensure!([Status::Live, Status::Failed].contains(&ended.status), "{ended:?}");
        self.nothing_is_left_over(shipped).await?;

        let asked = Instant::now();
        let version = format!("after-{number}");
        let next = owner.ship_version(web, &version).await?;
        ensure!(asked.elapsed() < SOON, "it took {:?} to deploy again", asked.elapsed());
        shipped.answers(&version).await?;
        self.nothing_is_left_over(shipped).await?;
        for deployment in [&ended, &next] {
            let ends = ends(owner, deployment.number).await?;
            ensure!(ends.len() == 1, "#{} ended {ends:?}", deployment.number);
        }
        Ok(())
    }

    /// What runs is the live release and nothing else, and nothing that was made for another attempt waits to run.
    async fn nothing_is_left_over(&self, shipped: &Shipped) -> Result<()> {
        eventually("only the live release is there", || async {
            let service = shipped.owner.service(&shipped.web).await?;
            ensure!(service.state == ServiceState::Live, "{} {:?}", service.state, service.state_reason);
            let live = service.live.context("a live deployment")?.number.to_string();
            let running = shipped.running().await?;
            let numbers: Vec<_> = running.iter().map(|i| docker::label(i, "berth.number")).collect();
            ensure!(
                numbers == vec![live.as_str(); self.instances],
                "of #{live} there should run: {numbers:?}"
            );
            let label = format!("{}={}", docker::INSTANCE, shipped.berth.instance);
            let docker = Docker::connect().await?;
            let networks = docker.networks(&label).await?;
            let of_environments = networks.iter().filter(|name| name.contains("-env-")).count();
            ensure!(of_environments == 1, "there is one environment: {networks:?}");
            let checkouts = files_below(&shipped.berth.data().join("builds"))?;
            ensure!(checkouts.is_empty(), "checkouts are left: {checkouts:?}");
            let all = docker.containers(&label).await?;
            let waiting = all.iter().filter(|c| c.state.is_some_and(|s| s.to_string() == "created"));
            let waiting: Vec<_> = waiting.flat_map(|c| c.names.clone().unwrap_or_default()).collect();
            ensure!(waiting.is_empty(), "made and never started: {waiting:?}");
            Ok(())
        })
        .await
    }
}

/// Deploys with a Berth that stops before a step, kills it there and starts it again. `None` when the rollout has no such
/// step any more and got live.
async fn killed_before(shipped: &mut Shipped, step: usize) -> Result<Option<(u64, String)>> {
    shipped.berth.terminate()?;
    shipped.berth.set(PAUSE, Some(&step.to_string()));
    shipped.berth.start_again().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.set_plain(web, "VERSION", &format!("killed-before-{step}")).await?;
    let number = owner.deploy(web).await?.number;
    let paused = format!("Paused before step {step}: ");
    let words =
        eventually_within(DEPLOYMENT, &format!("the rollout comes to step {step} or its end"), || async {
            let log = owner.deployment_log(web, number).await?;
            if let Some(line) = log.lines().find_map(|line| line.strip_prefix(&paused)) {
                return Ok(Some(line.to_owned()));
            }
            let view = owner.deployment(web, number).await?;
            ensure!(view.status.is_settled(), "it is {} {:?}: {log}", view.status, view.phase);
            ensure!(view.status == Status::Live, "it is {}: {:?}", view.status, view.reason);
            Ok(None)
        })
        .await?;
    shipped.berth.kill()?;
    shipped.berth.set(PAUSE, None);
    shipped.berth.start_again().await?;
    Ok(words.map(|words| (number, words)))
}

/// How often and in which way a deployment ended.
async fn ends(owner: &Client, number: u64) -> Result<Vec<EventKind>> {
    let page: Value = owner.get("/events?kind=deployment.&limit=200").await?.ok()?;
    let events: Vec<EventView> = serde_json::from_value(page["items"].clone())?;
    let of_it = events.into_iter().filter(|event| event.deployment == Some(number)).map(|event| event.kind);
    Ok(of_it.filter(|kind| ENDS.contains(kind)).collect())
}

const ENDS: [EventKind; 4] = [
    EventKind::DeploymentLive,
    EventKind::DeploymentFailed,
    EventKind::DeploymentCancelled,
    EventKind::DeploymentRemoved,
];

/// R-Q-1: a build that is cut off is begun again, and holds nothing up.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_1_a_kill_during_a_build_loses_no_request_and_blocks_nothing() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    let host = GitServer::start().await?;
    let repository = host.repository("site")?;
    let sign = format!("sign-{}", shipped.berth.instance);
    let slow =
        format!("FROM debian:bookworm-slim AS slow\nRUN echo {sign} && sleep 4\n{}", dockerfile("two"));
    let slow = format!("{slow}COPY --from=slow /etc/debian_version /waited\n");
    repository.commit("Build slowly", &[("Dockerfile", &slow)])?;
    shipped.owner.set_plain(&shipped.web, "VERSION", "two").await?;
    shipped.owner.patch(&verbs::of(&shipped.web), json!({ "source": git(&repository.url) })).await?.done()?;
    let load = shipped.under_load(200);
    let queued = shipped.owner.deploy(&shipped.web).await?;
    eventually_within(DEPLOYMENT, "the step runs", || async {
        let log = shipped.owner.deployment_log(&shipped.web, queued.number).await?;
        ensure!(log.lines().any(|line| line.trim() == sign), "{log}");
        Ok(())
    })
    .await?;
    shipped.berth.kill()?;
    shipped.berth.start_again().await?;
    shipped.owner.live(&shipped.web, queued.number, DEPLOYMENT).await?;
    shipped.answers("two").await?;
    shipped.only_runs(1).await?;
    let checkouts = files_below(&shipped.berth.data().join("builds"))?;
    ensure!(checkouts.is_empty(), "checkouts are left: {checkouts:?}");
    load.stop().await.lost_nothing(200)
}

/// The panel can be away: services answer, and what waits in the queue is done when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn services_answer_while_the_panel_is_away() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    let load = shipped.under_load(200);
    shipped.owner.set_plain(&shipped.web, "VERSION", "two").await?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    ensure!(shipped.berth.terminate()? == Some(0), "it ends softly");
    verbs::answers(shipped.berth.http_port, &shipped.host, "/", "").await?;
    shipped.berth.start_again().await?;
    shipped.owner.live(&shipped.web, queued.number, DEPLOYMENT).await?;
    shipped.answers("two").await?;
    load.stop().await.lost_nothing(200)
}
