//! Deployments that fail: each says why in words, with the last lines, and harms nothing.

use crate::fixture::Shipped;
use berth_tests::{
    git::GitServer,
    prelude::*,
    verbs::{self, git},
};

/// Deploys what cannot work, under load, and gives the failed deployment.
async fn fails(shipped: &Shipped) -> Result<DeploymentView> {
    let load = shipped.under_load(200);
    let queued = shipped.owner.deploy(&shipped.web).await?;
    let failed = shipped.owner.failed(&shipped.web, queued.number, verbs::BUILD).await?;
    shipped.answers("one").await?;
    // A quick failure ends before much was asked.
    load.sent(100).await?;
    load.stop().await.lost_nothing(100)?;
    ensure!(failed.phases.last().is_some_and(|record| record.failed), "{:?}", failed.phases);
    let service = shipped.owner.service(&shipped.web).await?;
    ensure!(service.state == ServiceState::Live, "{:?}", service.state);
    ensure!(service.live.as_ref().map(|live| live.number) == Some(1), "{:?}", service.live);
    eventually("only the old instance is left", || async {
        let running = Docker::connect().await?.instances(&shipped.berth.instance).await?;
        ensure!(running.len() == 1, "{} instances run", running.len());
        Ok(())
    })
    .await?;
    Ok(failed)
}

fn reason(failed: &DeploymentView) -> String {
    failed.reason.clone().unwrap_or_default()
}

/// R-DEP-1d, R-HC-2: a crash at the start is told at once with exit code and last words.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1d_a_crash_at_start_fails_with_its_last_words() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.owner.set_plain(&shipped.web, "EXIT_AFTER_MS", "300").await?;
    shipped.owner.set_plain(&shipped.web, "NEVER_LISTEN", "1").await?;
    shipped.owner.set_plain(&shipped.web, "EXIT_CODE", "3").await?;
    let failed = fails(&shipped).await?;
    ensure!(reason(&failed).contains('3') && reason(&failed).to_lowercase().contains("exit"), "{failed:?}");
    ensure!(!failed.last_lines.is_empty(), "the last lines of the program are shown");
    let took = failed.ended_at.context("ended")? - failed.started_at.context("started")?;
    ensure!(took.num_seconds() < 30, "it took {took}");
    Ok(())
}

/// R-HC-4: a wrong port names the port that was tried and the ports that listen.
#[tokio::test(flavor = "multi_thread")]
async fn r_hc_4_a_wrong_port_names_the_ports_that_listen() -> Result<()> {
    let shipped = Shipped::live().await?;
    // Berth tells the program its port in PORT; this one insists on another.
    shipped.owner.set_plain(&shipped.web, "PORT", "8080").await?;
    shipped
        .configure(json!({ "port": 9999, "probe": { "kind": { "type": "tcp" }, "start_period_ms": 3_000 } }))
        .await?;
    let failed = fails(&shipped).await?;
    ensure!(reason(&failed).contains("9999") && reason(&failed).contains("8080"), "{failed:?}");
    Ok(())
}

/// R-DEP-1d: a probe that never passes ends with the last answer in words.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1d_a_probe_that_never_passes_fails_with_its_last_answer() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.owner.set_plain(&shipped.web, "PROBE_STATUS", "503").await?;
    let probe = json!({ "kind": { "type": "http", "path": "/healthz" }, "start_period_ms": 3_000 });
    shipped.configure(json!({ "probe": probe })).await?;
    let failed = fails(&shipped).await?;
    ensure!(reason(&failed).contains("503"), "{failed:?}");
    Ok(())
}

/// R-DEP-1d: a program that never listens.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1d_a_program_that_never_listens_fails() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.owner.set_plain(&shipped.web, "NEVER_LISTEN", "1").await?;
    shipped.configure(json!({ "probe": { "kind": { "type": "tcp" }, "start_period_ms": 3_000 } })).await?;
    let failed = fails(&shipped).await?;
    ensure!(reason(&failed).contains("8080"), "{failed:?}");
    Ok(())
}

/// A build that fails shows the step and the compiler's own words.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_failure_shows_the_lines_that_explain_it() -> Result<()> {
    let shipped = Shipped::live().await?;
    let host = GitServer::start().await?;
    let repository = host.repository("site")?;
    let dockerfile = "FROM debian:bookworm-slim\nRUN echo about-to-fail && ls /does-not-exist\n";
    repository.commit("Break the build", &[("Dockerfile", dockerfile)])?;
    shipped.owner.patch(&verbs::of(&shipped.web), json!({ "source": git(&repository.url) })).await?.done()?;
    let failed = fails(&shipped).await?;
    let words = format!("{}\n{}", reason(&failed), failed.last_lines.join("\n"));
    ensure!(words.contains("does-not-exist"), "{failed:?}");
    ensure!(
        failed.commit.as_ref().is_some_and(|commit| commit.title == "Break the build"),
        "{:?}",
        failed.commit
    );
    Ok(())
}

/// What cannot be fetched is told by name.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_a_branch_or_an_image_that_is_not_there_is_named() -> Result<()> {
    let shipped = Shipped::live().await?;
    let host = GitServer::start().await?;
    host.repository("site")?.commit("First", &[("Dockerfile", "FROM scratch\n")])?;
    let there = host.repository("other")?.url.replace("other", "site");
    let branch = json!({ "type": "git", "url": there, "branch": "nowhere" });
    let folder = json!({ "type": "git", "url": there, "folder": "not-here" });
    let missing = there.replace("site", "none");
    for (source, word) in [
        (git(&missing), "none"),
        (branch, "nowhere"),
        (folder, "not-here"),
        (verbs::image("berth-test-missing:9"), "berth-test-missing:9"),
    ] {
        shipped.owner.patch(&verbs::of(&shipped.web), json!({ "source": source })).await?.done()?;
        let failed = fails(&shipped).await?;
        ensure!(reason(&failed).contains(word), "{word}: {failed:?}");
    }
    Ok(())
}
