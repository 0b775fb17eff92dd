//! Docker stops, restarts, loses its disk or its power: each on a machine of its own, where nobody else notices.

use crate::fixture::{Shipped, with};
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    verbs::{self, DEPLOYMENT, image},
};
use futures::future::try_join_all;
use std::time::Instant;

/// R-NET-2: a reboot takes everything away; Docker and Berth start, and twenty services answer again without a click.
#[test]
fn r_net_2_twenty_services_answer_again_after_a_reboot() -> Result<()> {
    Machine::run(Setup::default(), |mut machine| async move {
        let mut berth = Berth::with_docker().await?;
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        let services = try_join_all((1..=20).map(|number| live(&owner, number))).await?;
        for (what, soft) in [("after a shutdown", true), ("after a power cut", false)] {
            if soft {
                berth.terminate()?;
                machine.stop_docker().await?;
            }
            berth.kill()?;
            machine.cut_power()?;
            let began = Instant::now();
            // In any order: Berth is there before Docker is.
            berth.launch()?;
            machine.start_docker().await?;
            let port = berth.http_port;
            let all = services.iter().map(|(name, host)| answer_again(port, host, name));
            try_join_all(all).await.context(what)?;
            let took = began.elapsed();
            println!("{what}, {} services answered again after {:.1} s", services.len(), took.as_secs_f32());
            ensure!(took < Duration::from_secs(15), "{what} it took {took:?}");
            all_are_live(&owner, &services).await.context(what)?;
        }
        Ok(())
    })
}

/// Makes a service live; every third has three instances, every fourth a worker.
async fn live(owner: &Client, number: usize) -> Result<(String, String)> {
    let name = format!("web-{number}");
    let path = path(&format!("shop/production/{name}"));
    let worker = json!([{ "name": "worker", "command": ["work"] }]);
    let processes = if number.is_multiple_of(4) { worker } else { json!([]) };
    let replicas = if number.is_multiple_of(10) { 3 } else { 1 };
    let settings = with(json!({ "replicas": replicas, "processes": processes }));
    let service = owner.create_service(&path, image(&shipped_image()), settings).await?;
    owner.ship_version(&path, &name).await?;
    Ok((name, verbs::host(&service)?))
}

async fn answer_again(port: u16, host: &str, wanted: &str) -> Result<()> {
    eventually_within(Duration::from_secs(60), &format!("{wanted} answers"), || async {
        let response = verbs::visit(port, host, "/").await?;
        ensure!(
            response.status == 200 && response.text() == wanted,
            "{} {}",
            response.status,
            response.text()
        );
        Ok(())
    })
    .await
}

async fn all_are_live(owner: &Client, services: &[(String, String)]) -> Result<()> {
    eventually("every service is seen live", || async {
        for (name, _) in services {
            let service = owner.service(&path(&format!("shop/production/{name}"))).await?;
            ensure!(
                service.state == ServiceState::Live,
                "{name} is {} {:?}",
                service.state,
                service.state_reason
            );
        }
        Ok(())
    })
    .await
}

/// R-NET-2, R-Q-2: dockerd restarts in the middle of a rollout while containers go on: the old release loses nothing, the
/// deployment has one end that says what was, and the next one gets live.
#[test]
fn r_net_2_a_restart_of_docker_in_a_rollout_takes_nothing_from_the_old_release() -> Result<()> {
    let setup = Setup { live_restore: true, ..Setup::default() };
    Machine::run(setup, |mut machine| async move {
        let shipped = Shipped::live().await?;
        let (owner, web) = (&shipped.owner, &shipped.web);
        owner.set_plain(web, "START_DELAY_MS", "6000").await?;
        owner.set_plain(web, "VERSION", "two").await?;
        let old = shipped.instance_of(1).await?;
        let from_outside = (Machine::ADDRESS, shipped.berth.http_port).into();
        let load = Load::at(from_outside, &shipped.host, "/", 200);
        let past = shipped.past_the_proxy(&old, 50)?;
        let number = owner.deploy(web).await?.number;
        shipped.is_in(number, Phase::Probe).await?;
        let from = load.elapsed();
        machine.stop_docker().await?;
        machine.start_docker().await?;
        shipped.berth.proxy_is_up().await?;
        let to = load.elapsed();
        past.stop().await.lost_nothing(50)?;
        let ended = owner.settled(web, number, DEPLOYMENT).await?;
        match ended.status {
            Status::Live => shipped.answers("two").await?,
            _ => {
                let reason = ended.reason.unwrap_or_default();
                ensure!(reason.contains("Docker"), "{reason}");
                shipped.answers("one").await?;
            }
        }
        owner.set_plain(web, "START_DELAY_MS", "0").await?;
        owner.ship_version(web, "three").await?;
        shipped.answers("three").await?;
        shipped.only_runs(1).await?;
        let report = load.stop().await;
        println!(
            "docker was away for {:.1} s, the deployment {}: {report}",
            (to - from).as_secs_f32(),
            ended.status
        );
        report.lost_only_between(from, to)
    })
}

/// R-DEP-2: without the proxy's own word that it routes to the new release there is no switch: the deployment fails and
/// says so, and the old release loses nothing.
#[test]
fn r_dep_2_an_unreachable_api_of_the_proxy_fails_the_switch_and_loses_nothing() -> Result<()> {
    Machine::run(Setup::default(), |machine| async move {
        let shipped = Shipped::live().await?;
        let (owner, web) = (&shipped.owner, &shipped.web);
        let load = shipped.under_load(200);
        machine.swallow(shipped.berth.proxy_api_port)?;
        owner.set_plain(web, "VERSION", "two").await?;
        let number = owner.deploy(web).await?.number;
        let failed = owner.failed(web, number, DEPLOYMENT).await?;
        let reason = failed.reason.unwrap_or_default();
        ensure!(reason.contains("proxy"), "{reason}");
        ensure!(failed.phases.last().is_some_and(|last| last.phase == Phase::Switch), "{:?}", failed.phases);
        shipped.answers("one").await?;
        shipped.only_runs(1).await?;

        machine.let_through(shipped.berth.proxy_api_port)?;
        owner.ship_version(web, "three").await?;
        shipped.answers("three").await?;
        let report = load.stop().await;
        println!("{reason}\n    {report}");
        report.lost_nothing(200)
    })
}

/// R-DISK-2: a full disk fails the deployment with the words for it, harms nothing that runs, and is over when there is
/// room again.
#[test]
fn r_disk_2_a_full_disk_fails_the_deployment_in_words_and_loses_nothing() -> Result<()> {
    let setup = Setup { disk_mib: Some(900), ..Setup::default() };
    Machine::run(setup, |machine| async move {
        let shipped = Shipped::live().await?;
        let (owner, web) = (&shipped.owner, &shipped.web);
        let load = shipped.under_load(200);
        let filler = machine.fill_disk()?;
        owner.set_plain(web, "VERSION", "two").await?;
        let number = owner.deploy(web).await?.number;
        let failed = owner.failed(web, number, DEPLOYMENT).await?;
        let reason = failed.reason.unwrap_or_default();
        ensure!(reason.to_lowercase().contains("disk is full"), "{reason}");
        shipped.answers("one").await?;
        std::fs::remove_file(filler)?;
        shipped.only_runs(1).await?;
        owner.ship_version(web, "three").await?;
        shipped.answers("three").await?;
        let report = load.stop().await;
        println!("{reason}\n    {report}");
        report.lost_nothing(200)
    })
}
