//! The first deployment and what belongs to it.

use crate::fixture::Shipped;
use berth_tests::{
    prelude::*,
    values::NASTY,
    verbs::{self, swift},
};

/// R-HC-4, R-HC-1: with nothing configured, and with no tool in the image, the first deployment opens at its domain.
#[tokio::test]
async fn r_hc_4_an_image_with_nothing_configured_opens_at_its_default_domain() -> Result<()> {
    let shipped = Shipped::waiting(json!({})).await?;
    shipped.owner.set_plain(&shipped.web, "VERSION", "one").await?;
    let deployed = shipped.owner.ship(&shipped.web).await?;
    shipped.answers("one").await?;

    // The state is an observation: it follows the deployment.
    let service = shipped.seen(ServiceState::Live, verbs::DEPLOYMENT).await?;
    ensure!(service.port == Some(8080), "{service:?}");
    ensure!(
        service.live.as_ref().map(|live| live.number) == Some(1) && !service.restart_needed,
        "{service:?}"
    );
    ensure!(service.instances.iter().any(|instance| instance.running), "{:?}", service.instances);
    let phases: Vec<_> = deployed.phases.iter().map(|record| record.phase).collect();
    ensure!(phases == Phase::ALL, "{phases:?}");
    ensure!(
        deployed.phases.iter().all(|record| record.ended_at.is_some() && !record.failed),
        "{:?}",
        deployed.phases
    );
    let log = shipped.owner.deployment_log(&shipped.web, 1).await?;
    ensure!(log.lines().count() >= 4, "the log tells little: {log}");
    Ok(())
}

/// R-HC-4: without EXPOSE's help Berth finds the port that listens.
#[tokio::test]
async fn r_hc_4_a_port_that_only_listening_shows_is_found() -> Result<()> {
    let shipped = Shipped::waiting(json!({})).await?;
    shipped.owner.set_plain(&shipped.web, "PORT", "9123").await?;
    shipped.owner.set_plain(&shipped.web, "VERSION", "one").await?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    let settled = shipped.owner.settled(&shipped.web, queued.number, verbs::DEPLOYMENT).await?;
    // EXPOSE says 8080 and nothing listens there: either the other port is found, or the message names both.
    match settled.status {
        Status::Live => shipped.answers("one").await,
        _ => {
            let reason = settled.reason.unwrap_or_default();
            ensure!(reason.contains("8080") && reason.contains("9123"), "{reason}");
            Ok(())
        }
    }
}

/// R-HC-2: an instance that is slow to start is waited for within its start period.
#[tokio::test]
async fn r_hc_2_a_slow_start_is_waited_for() -> Result<()> {
    let shipped = Shipped::waiting(swift()).await?;
    shipped.owner.set_plain(&shipped.web, "START_DELAY_MS", "6000").await?;
    shipped.owner.ship_version(&shipped.web, "slow").await?;
    shipped.answers("slow").await
}

/// R-ENV-1: every byte of a value arrives in the container's configuration and in the process.
#[tokio::test]
async fn r_env_1_values_reach_the_process_byte_for_byte() -> Result<()> {
    let shipped = Shipped::waiting(swift()).await?;
    for (key, value) in NASTY {
        shipped.owner.set_secret(&shipped.web, key, value).await?;
    }
    shipped.owner.ship(&shipped.web).await?;

    let instances = Docker::connect().await?.instances(&shipped.berth.instance).await?;
    let configured = instances[0].config.as_ref().and_then(|config| config.env.clone()).unwrap_or_default();
    let seen: Value = serde_json::from_str(&shipped.body("/env").await?)?;
    for (key, value) in NASTY {
        ensure!(configured.contains(&format!("{key}={value}")), "{key} in docker inspect");
        ensure!(seen[key] == value, "{key} in the process: {:?}", seen[key]);
    }
    Ok(())
}

/// R-ENV-3: a change is marked until it runs.
#[tokio::test]
async fn r_env_3_a_changed_variable_needs_a_restart_until_it_runs() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.set_plain(web, "COLOUR", "blue").await?;
    let variables: Value = owner.get(&format!("{}/variables", verbs::of(web))).await?.ok()?;
    ensure!(variables["restart_needed"] == true, "{variables}");
    let against = |key: &str| {
        let list = variables["variables"].as_array().cloned().unwrap_or_default();
        list.into_iter().find(|v| v["key"] == key).map(|v| v["against_running"].clone())
    };
    ensure!(
        against("COLOUR") == Some(json!("added")) && against("VERSION") == Some(json!("same")),
        "{variables}"
    );
    ensure!(owner.service(web).await?.restart_needed);

    let restart = json!({ "restart": true });
    let queued: DeploymentView =
        owner.post(&format!("{}/deployments", verbs::of(web)), restart).await?.ok()?;
    let live = owner.live(web, queued.number, verbs::DEPLOYMENT).await?;
    ensure!(live.cause.as_str() == "restart", "{}", live.cause);
    ensure!(!owner.service(web).await?.restart_needed);
    ensure!(shipped.body("/env").await?.contains("\"COLOUR\":\"blue\""));
    Ok(())
}

/// A domain is effective at once, without a deployment, and gone at once.
#[tokio::test]
async fn r_trf_1_a_domain_leads_to_the_service_at_once() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domains = format!("{}/domains", verbs::of(&shipped.web));
    let port = shipped.berth.http_port;
    let request = json!({ "host": "shop.example.localhost", "path": "/" });
    let made: Value = shipped.owner.post(&domains, request).await?.ok()?;
    verbs::answers(port, "shop.example.localhost", "/", "one").await?;

    let id = made["id"].as_str().context("an id")?;
    shipped.owner.delete(&format!("{domains}/{id}"), Value::Null).await?.done()?;
    eventually("the domain is gone", || async {
        let response = verbs::visit(port, "shop.example.localhost", "/").await?;
        ensure!(response.status == 404, "it answers {}", response.status);
        Ok(())
    })
    .await?;
    shipped.answers("one").await
}

/// R-DEP-2: what is shown is what is: a container that somebody removed shows, and so does its return.
#[tokio::test]
async fn r_dep_2_a_container_removed_by_hand_shows_within_a_minute() -> Result<()> {
    let shipped = Shipped::live().await?;
    let docker = Docker::connect().await?;
    let instance = docker.instances(&shipped.berth.instance).await?.remove(0);
    let options = bollard::query_parameters::RemoveContainerOptionsBuilder::new().force(true).build();
    docker.api.remove_container(&instance.id.unwrap_or_default(), Some(options)).await?;
    eventually_within(Duration::from_secs(60), "the service is shown down, or healed", || async {
        let service = shipped.owner.service(&shipped.web).await?;
        let events = shipped.owner.get("/events?kind=service.observed").await?;
        ensure!(service.state == ServiceState::Down || events.text.contains("down"), "{:?}", service.state);
        Ok(())
    })
    .await?;
    shipped.owner.ship_version(&shipped.web, "two").await?;
    shipped.answers("two").await
}

/// R-ORP-2: what Berth does to a container is in the audit trail, with the cause.
#[tokio::test]
async fn r_orp_2_what_berth_does_to_containers_is_in_the_audit_trail() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.owner.ship_version(&shipped.web, "two").await?;
    for (kind, words) in [("instance.created", "was created"), ("instance.stopped", "#2 took its place")] {
        eventually(&format!("{kind} is told"), || async {
            let page: Value = shipped.owner.get(&format!("/events?kind={kind}&limit=50")).await?.ok()?;
            let events = page["items"].as_array().cloned().unwrap_or_default();
            let told = |event: &Value| event["message"].as_str().is_some_and(|said| said.contains(words));
            ensure!(events.iter().any(told), "{page}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}
