//! How fast a rollout is, how much a plan costs, what many containers cost, and what five hundred deployments leave.

use crate::{
    floor::resident,
    table::{Table, median},
};
use anyhow::{Context, Result};
use berth_domain::{
    plan::{Desired, DesiredInstance, Observed, ObservedInstance, Split, plan},
    service::Strategy,
};
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    process::{command, free_ports, run},
    verbs,
};
use std::time::Instant;

/// Requests per second while rollouts are timed.
const LOAD: u32 = 200;

/// From the creation of the container to all traffic on the new release, against `docker run` to the first answer.
pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let host = verbs::host(&owner.create_shipped(&web).await?)?;
    owner.ship_version(&web, "v0").await?;
    let load = Load::on(berth.http_port, &host, "/", LOAD);
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for number in 1..=10 {
        let live = owner.ship_version(&web, &format!("v{number}")).await?;
        let phase = |wanted| live.phases.iter().find(|record| record.phase == wanted).context("a phase");
        let from = phase(Phase::Start)?.started_at;
        let to = phase(Phase::Switch)?.ended_at.context("the switch ended")?;
        ours.push((to - from).as_seconds_f64());
        plain.push(by_hand(&berth, number).await?);
    }
    let report = load.stop().await;
    let (ours, plain) = (median(ours), median(plain));
    table.note(
        &format!("create to all traffic, {} of {} requests lost", report.failures.len(), report.requests()),
        format!("{ours:.3} s"),
        format!("{plain:.3} s"),
        "<= floor + 0.4 s, none lost",
        Some(ours <= plain + 0.4 && report.failures.is_empty()),
    );
    plans(table);
    Ok(())
}

async fn by_hand(berth: &Berth, number: u32) -> Result<f64> {
    let label = format!("{}={}", berth_tests::docker::INSTANCE, berth.instance);
    let [port] = free_ports()?;
    let name = format!("{}-by-hand-{number}", berth.instance);
    let publish = format!("127.0.0.1:{port}:8080");
    let mut docker = command("docker");
    docker.args(["run", "--detach", "--label", &label, "--name", &name, "--publish", &publish]);
    docker.arg(shipped_image());
    let began = Instant::now();
    run(docker)?;
    crate::floor::first_answer(port, "/healthz").await?;
    let took = began.elapsed().as_secs_f64();
    let mut remove = command("docker");
    remove.args(["rm", "--force", &name]);
    run(remove)?;
    Ok(took)
}

/// Plans for 1,000 services, each with a release to replace.
fn plans(table: &mut Table) {
    let desired = Desired {
        instances: vec![DesiredInstance { name: "new".into(), routed: true }],
        volumes: vec!["data".into()],
        network: "net".into(),
        strategy: Strategy::default(),
        exclusive: None,
        release_command: None,
        after_command: None,
    };
    let observed = Observed {
        instances: vec![ObservedInstance {
            name: "old".into(),
            running: true,
            joined: true,
            healthy: true,
            same_release: false,
        }],
        volumes: vec!["data".into()],
        network: true,
        split: Split { old: vec!["old".into()], ..Split::default() },
        ..Observed::default()
    };
    let began = Instant::now();
    let steps: usize = (0..1_000).map(|_| std::hint::black_box(plan(&desired, &observed)).steps.len()).sum();
    let took = began.elapsed().as_secs_f64() * 1e3;
    let name = format!("plans of 1,000 services, {steps} steps");
    table.note(&name, format!("{took:.2} ms"), "-".to_owned(), "<= 10 ms", Some(took <= 10.0));
}

/// 500 running containers: one look at all of them, and the server's CPU while nothing happens.
pub async fn many(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let mut services = Vec::new();
    for number in 0..5 {
        let web = path(&format!("shop/production/web{number}"));
        let settings = json!({ "port": 8080, "replicas": 100, "strategy": { "type": "blue_green" }, "probe": { "start_period_ms": 300_000 } });
        owner.create_service(&web, verbs::image(&shipped_image()), settings).await?;
        owner.deploy(&web).await?;
        services.push(web);
    }
    for web in &services {
        owner.live(web, 1, Duration::from_secs(900)).await?;
    }
    // What the rollouts left to be looked at is not part of "nothing happens".
    tokio::time::sleep(Duration::from_secs(15)).await;
    let pid = berth.pid().context("it runs")?;
    let before = cpu(pid)?;
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let share = (cpu(pid)? - before) / began.elapsed().as_secs_f64() * 100.0;
    let text = berth.anonymous()?.request(Method::GET, "/metrics").send().await?.text().await?;
    let pass = text
        .lines()
        .find_map(|line| line.strip_prefix("berth_last_look_seconds "))
        .context("the last look")?;
    let pass = pass.trim().parse::<f64>()? * 1e3;
    let met = Some(share < 1.0);
    table.note("CPU of a core with 500 containers", format!("{share:.2} %"), "-".to_owned(), "< 1 %", met);
    table.note(
        "one look at 500 containers",
        format!("{pass:.1} ms"),
        "-".to_owned(),
        "< 100 ms",
        Some(pass < 100.0),
    );
    Ok(())
}

/// CPU seconds of a process.
fn cpu(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit_once(") ").context("fields")?.1.split(' ').collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

/// What 500 deployments add to the server's memory.
pub async fn growth(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let settings = json!({ "port": 8080, "drain_ms": 0, "stop_grace_ms": 1_000 });
    let mut services = Vec::new();
    for number in 0..5 {
        let web = path(&format!("shop/production/web{number}"));
        owner.create_service(&web, verbs::image(&shipped_image()), settings.clone()).await?;
        services.push(web);
    }
    let pid = berth.pid().context("it runs")?;
    deployments(&owner, &services, 10).await?;
    let before = resident(pid)?;
    deployments(&owner, &services, 100).await?;
    let grown = resident(pid)? - before;
    let shown = format!("{grown:.1} MiB");
    table.note(
        "memory after 500 more deployments",
        shown,
        format!("{before:.1} MiB before"),
        "<= 5 MiB",
        Some(grown <= 5.0),
    );
    Ok(())
}

/// Deploys each service so often, the services beside each other.
async fn deployments(owner: &Client, services: &[ServicePath], each: u32) -> Result<()> {
    let all = services.iter().map(|web| async move {
        for _ in 0..each {
            owner.ship(web).await?;
        }
        Ok::<_, anyhow::Error>(())
    });
    futures::future::try_join_all(all).await?;
    Ok(())
}
