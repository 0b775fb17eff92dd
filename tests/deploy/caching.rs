//! R-BLD-3: what a build takes from its cache, and how it is told not to. R-DISK-2: when no build begins.

use crate::fixture::Shipped;
use berth_domain::log::LogPage;
use berth_tests::{
    berth::shipped_image,
    git::GitServer,
    prelude::*,
    verbs::{self, BUILD, git, swift},
};

/// A service whose build has two steps that nothing else shares.
async fn built(shipped: &Shipped, server: &GitServer) -> Result<()> {
    let repository = server.repository("site")?;
    let text = format!(
        "FROM {}\nENV VERSION=one RUN={}\nCOPY first /first\nCOPY second /second\n",
        shipped_image(),
        shipped.berth.instance
    );
    repository.commit("First", &[("Dockerfile", &text), ("first", "1"), ("second", "2")])?;
    let change = json!({ "source": git(&repository.url), "settings": swift() });
    shipped.owner.patch(&verbs::of(&shipped.web), change).await?.done()
}

/// How many steps of a build came from the cache, of those that do something.
async fn cached(shipped: &Shipped, request: Value) -> Result<usize> {
    let at = format!("{}/deployments", verbs::of(&shipped.web));
    let queued: DeploymentView = shipped.owner.post(&at, request).await?.ok()?;
    shipped.owner.live(&shipped.web, queued.number, BUILD).await?;
    let log: LogPage = shipped.owner.get(&format!("{at}/{}/log?limit=5000", queued.number)).await?.ok()?;
    // The base image is there already: only what is copied onto it is work.
    let steps = log.lines.iter().filter(|line| line.origin.contains("COPY"));
    Ok(steps.filter(|line| line.text == "CACHED").count())
}

#[tokio::test]
async fn r_bld_3_a_second_build_is_cached_whole_and_one_without_cache_not_at_all() -> Result<()> {
    let shipped = Shipped::waiting(swift()).await?;
    let server = GitServer::start().await?;
    built(&shipped, &server).await?;
    cached(&shipped, json!({})).await?;
    let first = shipped.running().await?[0].image.clone();
    // Settings and variables are no part of the build.
    shipped.owner.set_plain(&shipped.web, "OTHER", "x").await?;
    let second = cached(&shipped, json!({})).await?;
    ensure!(second == 2, "{second} of 2 steps came from the cache");
    shipped.only_runs(1).await?;
    ensure!(shipped.running().await?[0].image == first, "the same steps gave another image");
    let third = cached(&shipped, json!({ "no_cache": true })).await?;
    ensure!(third == 0, "{third} steps came from the cache all the same");
    Ok(())
}

/// R-DISK-2: below the reserve no build begins, and it is said what takes the disk; what runs is not touched, and an image
/// is deployed all the same.
#[tokio::test]
async fn r_disk_2_no_build_begins_when_the_disk_is_short() -> Result<()> {
    // More than any disk of a test has.
    let environment = vec![("BERTH_DISK_RESERVE_MIB".to_owned(), (1_u64 << 30).to_string())];
    let shipped = Shipped::live_where(environment).await?;
    let server = GitServer::start().await?;
    built(&shipped, &server).await?;
    let number = shipped.owner.deploy(&shipped.web).await?.number;
    let failed = shipped.owner.failed(&shipped.web, number, BUILD).await?;
    let reason = failed.reason.unwrap_or_default();
    for told in ["nearly full", "BERTH_DISK_RESERVE_MIB", "volumes", "cache of builds"] {
        ensure!(reason.contains(told), "it does not say {told:?}: {reason}");
    }
    let upload = format!("/api/v1{}/deployments/upload", verbs::of(&shipped.web));
    let refused = Answer::of(shipped.owner.request(Method::POST, &upload)).await?.refused(503)?;
    ensure!(refused.message.contains("nearly full"), "{refused:?}");
    shipped.answers("one").await
}

/// R-DISK-2: on a disk that is full to 99 %, the same; with room again, builds go on.
#[test]
fn r_disk_2_builds_wait_for_room_on_a_full_disk() -> Result<()> {
    let setup = Setup { disk_mib: Some(1_200), ..Setup::default() };
    Machine::run(setup, |machine| async move {
        let shipped = Shipped::live().await?;
        let server = GitServer::start().await?;
        built(&shipped, &server).await?;
        let filler = machine.fill_disk()?;
        let number = shipped.owner.deploy(&shipped.web).await?.number;
        let failed = shipped.owner.failed(&shipped.web, number, BUILD).await?;
        let reason = failed.reason.unwrap_or_default();
        ensure!(reason.contains("nearly full") && reason.contains("Docker has"), "{reason}");
        shipped.answers("one").await?;
        std::fs::remove_file(filler)?;
        let number = shipped.owner.deploy(&shipped.web).await?.number;
        shipped.owner.live(&shipped.web, number, BUILD).await.map(drop)
    })
}
