//! What stays and what goes: volumes, stopped services, deleted services, and what is not ours.

use crate::{
    fixture::{Shipped, with},
    foreign::Things,
    git::dockerfile,
};
use berth_tests::{names, prelude::*, verbs};

/// R-VOL-1, R-DEP-1b: data outlives five redeployments and a rollback.
#[tokio::test]
async fn r_vol_1_a_volume_outlives_redeployments_and_rollbacks() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    shipped.configure(json!({ "volumes": [{ "name": "data", "path": "/data" }] })).await?;
    owner.ship_version(web, "two").await?;
    shipped.body("/write?path=/data/kept&text=still-here").await?;
    for version in ["three", "four"] {
        owner.ship_version(web, version).await?;
        ensure!(shipped.body("/read?path=/data/kept").await? == "still-here");
    }
    let queued = owner.roll_back(web, 2).await?;
    owner.live(web, queued.number, verbs::DEPLOYMENT).await?;
    ensure!(shipped.body("/read?path=/data/kept").await? == "still-here");
    let volumes: Vec<Value> = owner.get(&format!("{}/volumes", verbs::of(web))).await?.ok()?;
    ensure!(volumes.len() == 1 && volumes[0]["exists"] == true, "{volumes:?}");
    owner
        .delete(&format!("{}/volumes/none", verbs::of(web)), json!({ "confirm": "none" }))
        .await?
        .refused(404)?;
    let at = format!("{}/volumes/data", verbs::of(web));
    owner.delete(&at, json!({ "confirm": "data" })).await?.refused(409)?;
    Ok(())
}

/// R-VOL-1: a folder below the image's working folder outlives redeployments, and begins with what the image has there.
#[tokio::test]
async fn r_vol_1_a_relative_folder_outlives_redeployments_and_begins_with_the_images_files() -> Result<()> {
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    let text = format!("{}WORKDIR /app\nCOPY seed data/seed\n", dockerfile("one"));
    repository.commit("First", &[("Dockerfile", &text), ("seed", "from-the-image")])?;
    let shipped =
        Shipped::waiting(with(json!({ "volumes": [{ "name": "data", "path": "./data" }] }))).await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.patch(&verbs::of(web), json!({ "source": verbs::git(&repository.url) })).await?.done()?;
    let queued = owner.deploy(web).await?;
    owner.live(web, queued.number, verbs::BUILD).await?;
    ensure!(shipped.body("/read?path=/app/data/seed").await? == "from-the-image");
    shipped.body("/write?path=/app/data/kept&text=still-here").await?;
    repository.commit("Second", &[("seed", "a-later-one")])?;
    let queued = owner.deploy(web).await?;
    owner.live(web, queued.number, verbs::BUILD).await?;
    ensure!(shipped.body("/read?path=/app/data/kept").await? == "still-here");
    // What is kept wins over what a later image has in that place.
    ensure!(shipped.body("/read?path=/app/data/seed").await? == "from-the-image");
    Ok(())
}

/// A stopped service stays stopped over a restart, and starts with what it was.
#[tokio::test]
async fn a_stopped_service_stays_stopped_until_it_is_started() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    let at = verbs::of(&shipped.web);
    shipped.owner.post(&format!("{at}/stop"), Value::Null).await?.done()?;
    is_stopped(&shipped).await?;
    shipped.berth.terminate()?;
    shipped.berth.start_again().await?;
    is_stopped(&shipped).await?;
    shipped.owner.post(&format!("{at}/start"), Value::Null).await?.done()?;
    eventually_within(verbs::DEPLOYMENT, "the service is live again", || async {
        let state = shipped.owner.service(&shipped.web).await?.state;
        ensure!(state == ServiceState::Live, "it is {state}");
        Ok(())
    })
    .await?;
    shipped.answers("one").await
}

async fn is_stopped(shipped: &Shipped) -> Result<()> {
    eventually("the service is stopped", || async {
        let state = shipped.owner.service(&shipped.web).await?.state;
        ensure!(state == ServiceState::Stopped, "it is {state}");
        let running = Docker::connect().await?.instances(&shipped.berth.instance).await?;
        ensure!(running.is_empty(), "{} instances run", running.len());
        let response = verbs::visit(shipped.berth.http_port, &shipped.host, "/").await?;
        ensure!(response.status >= 400, "it answers {}", response.status);
        Ok(())
    })
    .await
}

/// R-DISK-3: a deletion takes the service's own containers and nothing else; volumes stay until they are named.
#[tokio::test]
async fn r_disk_3_a_deletion_takes_only_what_is_ours() -> Result<()> {
    let shipped = Shipped::live().await?;
    let docker = Docker::connect().await?;
    let foreign = names::instance();
    let things = Things::make(&docker, &foreign, Some(&foreign)).await?;
    let before = things.as_docker_sees_them(&docker).await?;
    shipped.configure(json!({ "volumes": [{ "name": "data", "path": "/data" }] })).await?;
    shipped.owner.ship_version(&shipped.web, "two").await?;
    let volumes: Vec<Value> =
        shipped.owner.get(&format!("{}/volumes", verbs::of(&shipped.web))).await?.ok()?;
    let volume = volumes[0]["docker_name"].as_str().context("its name in Docker")?.to_owned();

    shipped.owner.delete("/projects/shop", json!({ "confirm": "shop" })).await?.done()?;
    eventually_within(Duration::from_secs(40), "every container of the project is gone", || async {
        let label = format!("{}={}", berth_tests::docker::INSTANCE, shipped.berth.instance);
        let containers = docker.containers(&label).await?;
        let left =
            containers.iter().filter(|c| c.labels.as_ref().is_some_and(|l| l.contains_key("berth.service")));
        ensure!(left.count() == 0);
        let response = verbs::visit(shipped.berth.http_port, &shipped.host, "/").await?;
        ensure!(response.status == 404, "the proxy answers {}", response.status);
        Ok(())
    })
    .await?;
    docker.api.inspect_volume(&volume).await.context("the service's volume stays")?;
    let after = things.as_docker_sees_them(&docker).await?;
    things.remove(&docker).await;
    ensure!(before == after, "what is of another Berth changed");
    Ok(())
}
