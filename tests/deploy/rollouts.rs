//! Rollouts and rollbacks under load.

use crate::fixture::Shipped;
use berth_tests::{
    prelude::*,
    verbs::{self, DEPLOYMENT},
};

/// R-DEP-1: ten redeployments and five rollbacks of a program that exits at once on SIGTERM, at more than 200
/// requests/s over kept and fresh connections, lose nothing.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1_ten_redeployments_and_five_rollbacks_lose_no_request() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    let load = shipped.under_load(250);
    for number in 2..=11 {
        owner.ship_version(web, &format!("v{number}")).await?;
        shipped.answers(&format!("v{number}")).await?;
    }
    for to in [10, 3, 11, 2, 5] {
        let queued = owner.roll_back(web, to).await?;
        let live = owner.live(web, queued.number, DEPLOYMENT).await?;
        ensure!(live.cause.as_str() == "rollback" && live.rolls_back_to == Some(to), "{live:?}");
        shipped.answers(&format!("v{to}")).await?;
    }
    let report = load.stop().await;
    println!(
        "{} requests, p50 {:.1} ms, p99 {:.1} ms, versions {:?}",
        report.sent,
        report.percentile(0.5),
        report.percentile(0.99),
        report.versions
    );
    report.lost_nothing(15 * 250)?;
    ensure!(report.versions.len() >= 11, "every version was seen: {:?}", report.versions);
    Ok(())
}

/// Requests that are under way when the traffic moves are finished by the release that began them.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_by_the_old_release() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.configure(json!({ "drain_ms": 8_000 })).await?;
    shipped.owner.set_plain(&shipped.web, "VERSION", "two").await?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    let slow = Load::on(shipped.berth.http_port, &shipped.host, "/slow?ms=3000", 4);
    shipped.owner.live(&shipped.web, queued.number, DEPLOYMENT).await?;
    slow.stop().await.lost_nothing(4)
}

/// R-RB-1: going back runs exactly what ran: image, environment, command, limits.
#[tokio::test]
async fn r_rb_1_a_rollback_runs_the_first_release_byte_for_byte() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    let first = what_runs(&shipped).await?;
    owner.set_plain(web, "COLOUR", "blue").await?;
    shipped.configure(json!({ "memory_mib": 64, "cpu_millis": 500 })).await?;
    owner.ship_version(web, "two").await?;
    ensure!(what_runs(&shipped).await? != first, "the second release differs");

    let preview: Value = owner.get(&format!("{}/rollback/1", verbs::of(web))).await?.ok()?;
    let changes = preview["changes"].to_string();
    for word in ["COLOUR", "VERSION", "memory"] {
        ensure!(changes.contains(word), "R-RB-3: {word} is missing in {preview}");
    }
    ensure!(preview["image_available"] == true && preview["not_restored"].to_string().len() > 5, "{preview}");

    let queued = owner.roll_back(web, 1).await?;
    owner.live(web, queued.number, DEPLOYMENT).await?;
    shipped.answers("one").await?;
    ensure!(what_runs(&shipped).await? == first, "{:#?}\n{first:#?}", what_runs(&shipped).await?);
    Ok(())
}

/// R-RB-1: a release never changes: what was set later is not in it.
#[tokio::test]
async fn a_rollback_can_keep_the_variables_of_now() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.ship_version(web, "two").await?;
    let request = json!({ "to": 1, "keep_variables": true });
    let queued: DeploymentView = owner.post(&format!("{}/rollback", verbs::of(web)), request).await?.ok()?;
    owner.live(web, queued.number, DEPLOYMENT).await?;
    shipped.answers("two").await
}

/// What decides how the one running instance behaves.
async fn what_runs(shipped: &Shipped) -> Result<Value> {
    let instances = Docker::connect().await?.instances(&shipped.berth.instance).await?;
    ensure!(instances.len() == 1, "{} instances run", instances.len());
    let (config, host) = (instances[0].config.clone(), instances[0].host_config.clone());
    let (config, host) = (config.context("a configuration")?, host.context("limits")?);
    Ok(json!({
        "image": instances[0].image, "environment": config.env, "command": config.cmd, "entrypoint": config.entrypoint,
        "memory": host.memory, "cpu": host.nano_cpus, "quota": host.cpu_quota, "binds": host.binds,
        "mounts": host.mounts, "log": host.log_config,
    }))
}
