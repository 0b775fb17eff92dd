//! Power cuts: Berth is killed in the middle, and nothing is lost.

use crate::fixture::Shipped;
use berth_tests::{
    prelude::*,
    sse::Events,
    verbs::{self, DEPLOYMENT},
};

/// Asks for a deployment and kills Berth as soon as it has entered this phase.
async fn killed_in(shipped: &mut Shipped, phase: Phase, version: &str) -> Result<u64> {
    let (owner, web) = (shipped.owner.clone(), shipped.web.clone());
    owner.set_plain(&web, "VERSION", version).await?;
    let mut feed = Events::open(&owner, "/events/stream", None).await?;
    let queued = owner.deploy(&web).await?;
    let kind = if phase == Phase::Build { "deployment.started" } else { "deployment.advanced" };
    feed.find(Duration::from_secs(60), |event| {
        let told: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let words = told["message"].as_str().unwrap_or_default().to_lowercase();
        told["kind"] == kind && (phase == Phase::Build || words.contains(phase.as_str()))
    })
    .await
    .with_context(|| format!("the deployment enters {phase}"))?;
    shipped.berth.kill()?;
    Ok(queued.number)
}

/// R-Q-1, R-DEP-3: killed in every phase, the deployment ends in one terminal state, no request is lost, and the
/// service can be deployed again at once.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_1_a_kill_in_any_phase_loses_no_request_and_blocks_nothing() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    let load = shipped.under_load(200);
    for phase in Phase::ALL {
        let version = format!("killed-in-{phase}");
        let number = killed_in(&mut shipped, *phase, &version).await?;
        shipped.berth.start_again().await?;
        let ended = shipped.owner.settled(&shipped.web, number, DEPLOYMENT).await?;
        println!("killed in {phase}: {} {:?}", ended.status, ended.reason);
        ensure!([Status::Live, Status::Failed].contains(&ended.status), "{phase}: {ended:?}");

        let after = format!("after-{phase}");
        shipped.owner.ship_version(&shipped.web, &after).await?;
        shipped.answers(&after).await?;
        let open = shipped.owner.deployments(&shipped.web).await?;
        let open: Vec<_> = open.iter().filter(|view| !view.status.is_settled()).collect();
        ensure!(open.is_empty(), "{phase}: {open:?}");
        let live = shipped.owner.deployments(&shipped.web).await?;
        ensure!(live.iter().filter(|view| view.status == Status::Live).count() == 1, "{phase}: {live:?}");
        eventually("one instance runs", || async {
            let running = Docker::connect().await?.instances(&shipped.berth.instance).await?;
            ensure!(running.len() == 1, "{} instances run", running.len());
            Ok(())
        })
        .await?;
    }
    load.stop().await.lost_nothing(1_000)
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
