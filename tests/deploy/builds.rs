//! R-BLD-1: a build that takes all it can get dies first, and by the name of its limit.

use crate::fixture::Shipped;
use berth_tests::{
    git::GitServer,
    prelude::*,
    verbs::{self, BUILD, git, swift},
};
use std::time::Instant;

/// Limits that a build meets soon.
fn narrow() -> Vec<(String, String)> {
    [("BERTH_BUILD_MEMORY_MIB", "256"), ("BERTH_BUILD_PROCESSES", "100"), ("BERTH_CONCURRENT_BUILDS", "2")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// A service whose build runs this script.
async fn building(
    shipped: &Shipped,
    server: &GitServer,
    name: &str,
    script: &str,
) -> Result<(ServicePath, u64)> {
    let repository = server.repository(name)?;
    let instance = &shipped.berth.instance;
    let text = format!("FROM debian:bookworm-slim\nARG RUN={instance}\nCOPY all /all\nRUN bash /all\n");
    repository.commit("Take all", &[("Dockerfile", &text), ("all", script)])?;
    let service = path(&format!("shop/production/{name}"));
    shipped.owner.create_service(&service, git(&repository.url), swift()).await?;
    let number = shipped.owner.deploy(&service).await?.number;
    Ok((service, number))
}

/// One build allocates without bound and another forks without bound: both fail by the name of the limit, and what runs
/// serves all the while.
#[tokio::test(flavor = "multi_thread")]
async fn r_bld_1_builds_without_bounds_die_first_and_by_the_name_of_their_limit() -> Result<()> {
    let shipped = Shipped::live_where(narrow()).await?;
    let server = GitServer::start().await?;
    let load = shipped.under_load(200);
    let memory = building(&shipped, &server, "memory", "tail /dev/zero\n").await?;
    let forks = building(&shipped, &server, "forks", "while :; do sleep 600 & done\n").await?;

    let mut slowest = Duration::ZERO;
    let ended = async {
        let [memory, forks] =
            [&memory, &forks].map(|(path, number)| shipped.owner.failed(path, *number, BUILD));
        tokio::try_join!(memory, forks)
    };
    tokio::pin!(ended);
    let (memory, forks) = loop {
        let asked = Instant::now();
        tokio::select! {
            ended = &mut ended => break ended?,
            health = shipped.owner.request(Method::GET, "/health").send() => {
                ensure!(health?.status() == 200, "the panel is not well");
                slowest = slowest.max(asked.elapsed());
            }
        }
    };
    println!("/health answered within {} ms while both built", slowest.as_millis());
    let reasons = [memory.reason.unwrap_or_default(), forks.reason.unwrap_or_default()];
    ensure!(reasons[0].contains("out of memory") && reasons[0].contains("256.0 MiB"), "{reasons:?}");
    ensure!(reasons[1].contains("too many processes") && reasons[1].contains("100"), "{reasons:?}");
    shipped.answers("one").await?;
    load.stop().await.lost_nothing(200)
}

/// The log of every build says what it may take, or that it has no limits and why.
#[tokio::test]
async fn a_build_says_what_it_may_take() -> Result<()> {
    let shipped = Shipped::waiting(json!({})).await?;
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    repository.commit("First", &[("Dockerfile", &crate::git::dockerfile("one"))])?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.patch(&verbs::of(web), json!({ "source": git(&repository.url) })).await?.done()?;
    let queued = owner.deploy(web).await?;
    owner.live(web, queued.number, BUILD).await?;
    let log = owner.deployment_log(web, queued.number).await?;
    ensure!(log.contains("All builds together may take") && log.contains("4096 processes"), "{log}");
    Ok(())
}
