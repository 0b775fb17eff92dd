//! What happens to a service from outside: something it needs is taken away by hand, and comes back by itself.

use crate::fixture::{Shipped, with};
use berth_tests::{
    prelude::*,
    verbs::{self, DEPLOYMENT},
};
use bollard::{
    models::NetworkDisconnectRequest,
    query_parameters::{InspectNetworkOptions, KillContainerOptions, RestartContainerOptionsBuilder},
};

/// How soon what was broken by hand is in order again.
const REPAIR: Duration = Duration::from_secs(30);

/// The words that the events of a service say since its first deployment.
async fn told(shipped: &Shipped, kind: &str) -> Result<String> {
    let page: Value = shipped.owner.get(&format!("/events?kind={kind}&limit=200")).await?.ok()?;
    let events = page["items"].as_array().cloned().unwrap_or_default();
    Ok(events.iter().filter_map(|event| event["message"].as_str()).collect::<Vec<_>>().join("\n"))
}

/// R-NET-2: a proxy that is restarted in the middle of a rollout comes back with every route, also while Berth is away;
/// the old release itself loses nothing, and clients only what met the closed port.
#[tokio::test(flavor = "multi_thread")]
async fn r_net_2_a_restart_of_the_proxy_keeps_every_route_and_the_rollout_goes_on() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    shipped.owner.set_plain(&shipped.web, "START_DELAY_MS", "8000").await?;
    shipped.owner.set_plain(&shipped.web, "VERSION", "two").await?;
    let old = shipped.instance_of(1).await?;
    let (load, past) = (shipped.under_load(200), shipped.past_the_proxy(&old, 50)?);
    let number = shipped.owner.deploy(&shipped.web).await?.number;
    shipped.is_in(number, Phase::Probe).await?;
    shipped.berth.kill()?;
    let from = load.elapsed();
    restart_the_proxy(&shipped).await?;
    shipped.answers("one").await?;
    let to = load.elapsed();
    shipped.berth.start_again().await?;
    past.stop().await.lost_nothing(50)?;
    shipped.owner.live(&shipped.web, number, DEPLOYMENT).await?;
    shipped.answers("two").await?;
    let report = load.stop().await;
    println!("the proxy was away for {:.1} s: {report}", (to - from).as_secs_f32());
    report.lost_only_between(from, to)
}

async fn restart_the_proxy(shipped: &Shipped) -> Result<()> {
    let proxy = format!("berth-{}-proxy", shipped.berth.instance);
    let options = RestartContainerOptionsBuilder::new().t(5).build();
    Ok(Docker::connect().await?.api.restart_container(&proxy, Some(options)).await?)
}

/// R-DEP-2: a live instance that is killed by hand is shown, and runs again by itself; of three the other two serve.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_2_an_instance_killed_by_hand_is_shown_and_runs_again() -> Result<()> {
    let shipped = Shipped::live_with(with(json!({ "replicas": 3 }))).await?;
    let load = shipped.under_load(100);
    let victim = shipped.running().await?.remove(0);
    let from = load.elapsed();
    let docker = Docker::connect().await?;
    docker.api.kill_container(&victim.id.unwrap_or_default(), None::<KillContainerOptions>).await?;
    eventually_within(REPAIR, "three instances run again", || async {
        let running = shipped.running().await?.len();
        ensure!(running == 3, "{running} instances run");
        let told = told(&shipped, "instance.repaired").await?;
        ensure!(!told.is_empty(), "nothing tells of it");
        Ok(())
    })
    .await?;
    shipped.seen(ServiceState::Live, REPAIR).await?;
    let to = load.elapsed();
    // What comes from here on is answered again.
    for _ in 0..20 {
        shipped.answers("one").await?;
    }
    let report = load.stop().await;
    let words = told(&shipped, "").await?;
    println!("one of three was killed: {report}\n{words}");
    let seen = told(&shipped, "service.observed").await?;
    ensure!(
        seen.contains("137") || seen.to_lowercase().contains("instance"),
        "it is shown what was seen: {words}"
    );
    report.lost_only_between(from, to)
}

/// R-NET-2, R-DEP-2: the network of the environment is removed by hand: that is shown, and it is there again.
#[tokio::test(flavor = "multi_thread")]
async fn r_net_2_a_network_removed_by_hand_is_shown_and_there_again() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (docker, before) = (Docker::connect().await?, shipped.running().await?.remove(0));
    let networks = before.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let network = networks.keys().next().context("a network")?.clone();
    // Berth puts an instance back as soon as it sees that it left: whoever removes the network has to be quicker.
    eventually("the network is removed", || remove_by_hand(&docker, &network)).await?;
    let down = shipped.seen(ServiceState::Down, REPAIR).await;
    let told = told(&shipped, "service.observed").await?;
    ensure!(
        down.is_ok() || told.contains("network"),
        "it is shown that the network is gone: {down:?} {told}"
    );
    eventually_within(Duration::from_secs(60), "the service answers again", || shipped.answers("one"))
        .await?;
    shipped.seen(ServiceState::Live, REPAIR).await?;
    shipped.owner.ship_version(&shipped.web, "two").await?;
    shipped.answers("two").await
}

async fn remove_by_hand(docker: &Docker, network: &str) -> Result<()> {
    let members = docker.api.inspect_network(network, None::<InspectNetworkOptions>).await?.containers;
    for container in members.unwrap_or_default().into_keys() {
        let request = NetworkDisconnectRequest { container, force: Some(true) };
        docker.api.disconnect_network(network, request).await?;
    }
    Ok(docker.api.remove_network(network).await?)
}

/// R-DEP-1d: a release that crashes while the old one still drains gives the traffic back: what was asked of the old
/// release is answered, and nobody is refused once it serves again.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1d_a_crash_while_the_old_release_drains_gives_the_traffic_back() -> Result<()> {
    let shipped = Shipped::live_with(with(json!({ "drain_ms": 15_000 }))).await?;
    shipped.owner.set_plain(&shipped.web, "EXIT_AFTER_MS", "5000").await?;
    shipped.owner.set_plain(&shipped.web, "EXIT_CODE", "5").await?;
    shipped.owner.set_plain(&shipped.web, "VERSION", "two").await?;
    let old = shipped.instance_of(1).await?;
    let (load, past) = (shipped.under_load(200), shipped.past_the_proxy(&old, 50)?);
    let number = shipped.owner.deploy(&shipped.web).await?.number;
    let new = shipped.instance_of(number).await?.id.unwrap_or_default();
    verbs::answers(shipped.berth.http_port, &shipped.host, "/", "two").await?;
    eventually("the new release crashes", || async {
        let running = shipped.running().await?;
        ensure!(!running.iter().any(|instance| instance.id.as_ref() == Some(&new)));
        Ok(())
    })
    .await?;
    let crashed = load.elapsed();
    shipped.answers("one").await?;
    let back = load.elapsed();
    let failed = shipped.owner.failed(&shipped.web, number, DEPLOYMENT).await?;
    let reason = failed.reason.unwrap_or_default();
    ensure!(reason.contains("exit code 5") || reason.contains("code 5"), "{reason}");
    shipped.seen(ServiceState::Live, REPAIR).await?;
    past.stop().await.lost_nothing(50)?;
    let report = load.stop().await;
    println!("{reason} The traffic was back after {:.2} s: {report}", (back - crashed).as_secs_f32());
    // Seeing the end of a container takes Docker a moment.
    report.lost_only_between(crashed - Duration::from_secs(1), back)
}
