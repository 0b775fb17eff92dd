//! Rollouts and rollbacks under load.

use crate::fixture::{Shipped, with};
use berth_tests::{
    berth::shipped_image,
    load::Report,
    prelude::*,
    verbs::{self, DEPLOYMENT, image},
};
use futures::future::{join_all, try_join_all};
use std::time::Instant;

/// How long what is under way may take: slow requests take 5 s.
const DRAIN_MS: u32 = 6_500;
/// How long a release takes to listen, in turn.
const START_DELAYS_MS: [u32; 4] = [0, 500, 2_000, 5_000];
/// What it does on SIGTERM, in turn.
const TERM_MODES: [&str; 2] = ["exit", "graceful"];

/// A service with a strategy and a number of instances of its own, that is rolled out again and again under load.
struct Lane {
    name: &'static str,
    strategy: Value,
    replicas: u16,
    /// So many that all lanes take about as long.
    rollouts: usize,
}

fn lanes() -> Vec<Lane> {
    let lane = |name, strategy, replicas, rollouts| Lane { name, strategy, replicas, rollouts };
    let step = |percent: u8| json!({ "percent": percent, "hold_s": 1 });
    let canary = json!({ "type": "canary", "steps": [step(10), step(50)] });
    vec![
        lane("rolling-1", json!({ "type": "rolling", "surge": 1 }), 1, 21),
        lane("rolling-3", json!({ "type": "rolling", "surge": 1 }), 3, 7),
        lane("blue-green-1", json!({ "type": "blue_green" }), 1, 21),
        lane("blue-green-3", json!({ "type": "blue_green" }), 3, 19),
        lane("canary-1", canary.clone(), 1, 17),
        lane("canary-3", canary, 3, 15),
    ]
}

impl Lane {
    fn path(&self) -> ServicePath {
        path(&format!("shop/production/{}", self.name))
    }

    /// Makes the service live and gives its host.
    async fn open(&self, owner: &Client) -> Result<String> {
        let settings = with(json!({
            "strategy": self.strategy, "replicas": self.replicas, "drain_ms": DRAIN_MS,
        }));
        let service = owner.create_service(&self.path(), image(&shipped_image()), settings).await?;
        owner.ship_version(&self.path(), &format!("{}-0", self.name)).await?;
        verbs::host(&service)
    }

    /// Rolls out one release after the other, each with another delay at its start and another end.
    async fn roll(&self, owner: &Client, port: u16, host: &str) -> Result<usize> {
        for number in 1..=self.rollouts {
            let version = format!("{}-{number}", self.name);
            let delay = START_DELAYS_MS[number % START_DELAYS_MS.len()].to_string();
            owner.set_plain(&self.path(), "START_DELAY_MS", &delay).await?;
            // Every delay meets every end: the end changes when all delays had their turn.
            let term = TERM_MODES[number / START_DELAYS_MS.len() % TERM_MODES.len()];
            owner.set_plain(&self.path(), "TERM_MODE", term).await?;
            owner.ship_version(&self.path(), &version).await.with_context(|| version.clone())?;
            verbs::answers(port, host, "/", &version).await?;
        }
        Ok(self.rollouts)
    }
}

/// R-DEP-1, R-DEP-1c: every strategy that keeps the old release until the new one answers, one instance and three,
/// programs that exit at once on SIGTERM and programs that finish, and starts of up to five seconds: a hundred rollouts
/// under more than 500 requests/s lose no request and cut no stream.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1_a_hundred_rollouts_of_every_kind_lose_no_request() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    owner.create_project("shop").await?;
    let lanes = lanes();
    let hosts = try_join_all(lanes.iter().map(|lane| lane.open(&owner))).await?;
    let mix = Mix { kept: 45, fresh: 45, slow: 1, streams: true };
    let loads: Vec<_> = hosts.iter().map(|host| Load::mixed(berth.http_port, host, &mix)).collect();
    let began = Instant::now();
    let rolled = lanes.iter().zip(&hosts).map(|(lane, host)| lane.roll(&owner, berth.http_port, host));
    let rolled = try_join_all(rolled).await;
    let seconds = began.elapsed().as_secs_f64();
    let reports = join_all(loads.into_iter().map(Load::stop)).await;
    for (lane, report) in lanes.iter().zip(&reports) {
        println!("{:>12}: {} rollouts, {report}", lane.name, lane.rollouts);
    }
    let rollouts: usize = rolled?.into_iter().sum();
    for (lane, report) in lanes.iter().zip(&reports) {
        let seen = report.versions.len();
        ensure!(seen > lane.rollouts, "{}: {seen} versions answered of {}", lane.name, lane.rollouts + 1);
    }
    let all = reports.into_iter().fold(Report::default(), Report::and);
    println!(
        "{rollouts} rollouts in {seconds:.0} s under {:.0} requests/s: {all}",
        all.requests() as f64 / seconds
    );
    ensure!(rollouts >= 100, "only {rollouts} rollouts");
    all.lost_nothing((500.0 * seconds) as u64)
}

/// Requests that are under way when the traffic moves are finished by the release that began them; those who go back
/// and forth between releases lose none either.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1_rollbacks_lose_no_request() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    for number in 2..=4 {
        owner.ship_version(web, &format!("v{number}")).await?;
    }
    let load = shipped.under_load(250);
    for to in [3, 2, 4, 2, 3] {
        let queued = owner.roll_back(web, to).await?;
        let live = owner.live(web, queued.number, DEPLOYMENT).await?;
        ensure!(live.cause.as_str() == "rollback" && live.rolls_back_to == Some(to), "{live:?}");
        shipped.answers(&format!("v{to}")).await?;
    }
    let report = load.stop().await;
    println!("5 rollbacks: {report}");
    report.lost_nothing(5 * 250)
}
