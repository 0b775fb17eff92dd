//! What is left in Docker: found, shown, removed when its time has come; and what is not Berth's, never touched.

use crate::{fixture::Shipped, foreign::Things};
use berth_domain::disk::{DiskView, OrphanKind, OrphanReport, OrphanView};
use berth_tests::{docker::INSTANCE, names, prelude::*, verbs};
use std::collections::HashMap;

/// How long the reconciler may take for what is due.
const DUE: Duration = Duration::from_secs(40);

async fn report(owner: &Client) -> Result<OrphanReport> {
    owner.get("/orphans").await?.ok()
}

fn find<'a>(report: &'a OrphanReport, kind: OrphanKind, name: &str) -> Option<&'a OrphanView> {
    report.items.iter().find(|item| item.kind == kind && item.name == name)
}

/// Waits until something is in the report.
async fn listed(owner: &Client, kind: OrphanKind, name: &str) -> Result<OrphanView> {
    eventually_within(DUE, &format!("{kind} {name} is listed"), || async {
        let report = report(owner).await?;
        find(&report, kind, name).cloned().with_context(|| format!("{report:?}"))
    })
    .await
}

fn with(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

/// R-DISK-3, R-ORP-1: what carries Berth's label and belongs to nothing goes after the grace; what is somebody else's, and
/// data, stays as it is, also over the deletion of a service and a project.
#[tokio::test]
async fn r_disk_3_what_nobody_wants_goes_and_what_is_not_ours_stays_as_it_is() -> Result<()> {
    let shipped = Shipped::live_where(with("BERTH_ORPHAN_GRACE", "2s")).await?;
    let docker = Docker::connect().await?;
    let (plain, other) = (names::instance(), names::instance());
    let foreign = [
        Things::make(&docker, &format!("x{plain}"), None).await?,
        Things::make(&docker, &other, Some(&other)).await?,
    ];
    let told = everything_goes_but_the_foreign(&shipped, &docker, &foreign).await;
    for things in &foreign {
        things.remove(&docker).await;
    }
    told
}

async fn everything_goes_but_the_foreign(
    shipped: &Shipped,
    docker: &Docker,
    foreign: &[Things],
) -> Result<()> {
    let (owner, instance) = (&shipped.owner, shipped.berth.instance.as_str());
    let mut before = Vec::new();
    for things in foreign {
        before.push(things.as_docker_sees_them(docker).await?);
    }
    let name = format!("berth-{instance}-stray");
    let strays = Things::make(docker, &name, Some(instance)).await?;
    let unknown = running_for_nobody(docker, instance).await?;
    nudge(shipped).await?;
    eventually_within(DUE, "what nobody wants is gone", || async {
        let api = &docker.api;
        ensure!(api.inspect_container(&name, None).await.is_err(), "the container is there");
        ensure!(api.inspect_network(&name, None).await.is_err(), "the network is there");
        Ok(())
    })
    .await?;
    docker.api.inspect_volume(&name).await.context("data stays")?;
    docker.api.inspect_image(&format!("{name}:1")).await.context("a name that Berth did not give stays")?;
    let seen = listed(owner, OrphanKind::Container, &unknown).await?;
    ensure!(seen.removed_at.is_none() && seen.why.contains("does not know"), "{seen:?}");
    ensure!(listed(owner, OrphanKind::Volume, &name).await?.removed_at.is_none());
    shipped.answers("one").await?;

    owner.delete(&verbs::of(&shipped.web), json!({ "confirm": "web" })).await?.done()?;
    owner.delete("/projects/shop", json!({ "confirm": "shop" })).await?.done()?;
    only_the_unknown_is_left(docker, instance, &unknown).await?;
    strays.remove(docker).await;
    for (things, before) in foreign.iter().zip(before) {
        ensure!(things.as_docker_sees_them(docker).await? == before, "{} changed", things.name);
    }
    eventually("it is told", || async {
        let events: Value = owner.get("/events?kind=orphan.").await?.ok()?;
        let told = events.to_string();
        ensure!(
            told.contains("shop/production/web was deleted") && told.contains("Removed container"),
            "{told}"
        );
        Ok(())
    })
    .await
}

/// A container that runs, of a service that the database does not know: made after the backup that was restored.
async fn running_for_nobody(docker: &Docker, instance: &str) -> Result<String> {
    let name = format!("berth-{instance}-unknown");
    let labels = HashMap::from([
        (INSTANCE.to_owned(), instance.to_owned()),
        ("berth.service".to_owned(), "0000000000004000800000000000abcd".to_owned()),
        ("berth.number".to_owned(), "1".to_owned()),
    ]);
    docker.create(&name, &labels).await?;
    docker.api.start_container(&name, None).await?;
    Ok(name)
}

/// The reconciler looks every few minutes, and after every deletion.
async fn nudge(shipped: &Shipped) -> Result<()> {
    let other = path("nudge/production/web");
    shipped.owner.create_shipped(&other).await?;
    shipped.owner.delete("/projects/nudge", json!({ "confirm": "nudge" })).await?.done()
}

async fn only_the_unknown_is_left(docker: &Docker, instance: &str, unknown: &str) -> Result<()> {
    eventually_within(DUE, "what the service left is gone", || async {
        let label = format!("{INSTANCE}={instance}");
        let left = docker.containers(&label).await?.into_iter();
        let left = left.filter(|c| c.labels.as_ref().is_some_and(|l| l.contains_key("berth.service")));
        let left: Vec<_> = left.flat_map(|c| c.names.unwrap_or_default()).collect();
        ensure!(left == [format!("/{unknown}")], "{left:?}");
        let tags = docker.tags(&format!("berth-{instance}/*")).await?;
        ensure!(tags.is_empty(), "{tags:?}");
        let networks = docker.networks(&label).await?;
        ensure!(networks.iter().all(|name| !name.contains("-env-")), "{networks:?}");
        Ok(())
    })
    .await
}

/// R-ORP-1: what nobody wants is shown with its reason and its time, and a person can remove it at once. What is wanted,
/// and what is of somebody else, cannot be removed that way.
#[tokio::test]
async fn r_orp_1_what_nobody_wants_is_shown_before_it_goes_and_can_be_removed_at_once() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, docker) = (&shipped.owner, Docker::connect().await?);
    let name = format!("berth-{}-stray", shipped.berth.instance);
    let label = HashMap::from([(INSTANCE.to_owned(), shipped.berth.instance.clone())]);
    docker.create(&name, &label).await?;
    nudge(&shipped).await?;
    let seen = listed(owner, OrphanKind::Container, &name).await?;
    let grace = seen.removed_at.context("it goes by itself")? - seen.since;
    ensure!(grace.num_minutes() == 60 && seen.why == "It names no service.", "{seen:?}");
    let wanted = docker.instances(&shipped.berth.instance).await?.remove(0).name.unwrap_or_default();
    let remove = |name: &str| json!({ "kind": "container", "name": name });
    owner.post("/orphans/remove", remove(wanted.trim_start_matches('/'))).await?.refused(404)?;
    let developer = shipped.berth.member(Role::Developer).await?;
    developer.post("/orphans/remove", remove(&name)).await?.refused(403)?;
    let stranger = shipped.berth.stranger().await?;
    stranger.post("/orphans/remove", remove(&name)).await?.refused(404)?;
    ensure!(report(&stranger).await?.items.is_empty(), "another organisation sees it");

    let left: OrphanReport = owner.post("/orphans/remove", remove(&name)).await?.ok()?;
    ensure!(find(&left, OrphanKind::Container, &name).is_none(), "{left:?}");
    ensure!(docker.api.inspect_container(&name, None).await.is_err(), "it is still there");
    let events: Value = owner.get("/events?kind=orphan.removed").await?.ok()?;
    ensure!(events["items"][0]["actor"] == berth_tests::berth::OWNER, "{events}");
    shipped.answers("one").await
}

/// R-DISK-3: the deletion of a volume can be taken back until its time has come; then the data goes.
#[tokio::test]
async fn r_disk_3_a_volume_can_be_kept_until_its_time_has_come() -> Result<()> {
    let shipped = Shipped::live_where(with("BERTH_VOLUME_GRACE", "30s")).await?;
    let (owner, docker, at) = (&shipped.owner, Docker::connect().await?, verbs::of(&shipped.web));
    let volume = unmounted_volume(&shipped).await?;
    let data = format!("{at}/volumes/data");
    let delete = || async {
        // An instance of the release before has it mounted until it has stopped.
        eventually("the volume can be marked", || async {
            owner.delete(&data, json!({ "confirm": "data" })).await?.ok::<Value>()
        })
        .await
    };
    let marked = delete().await?;
    ensure!(marked["deletion"]["asked_by"] == berth_tests::berth::OWNER, "{marked}");
    let kept: Value = owner.post(&format!("{data}/keep"), Value::Null).await?.ok()?;
    ensure!(kept.get("deletion").is_none(), "{kept}");

    // Mounted again while it is marked: whoever deploys it wants it.
    delete().await?;
    shipped.configure(json!({ "volumes": [{ "name": "data", "path": "/data" }] })).await?;
    owner.ship_version(&shipped.web, "four").await?;
    nudge(&shipped).await?;
    eventually_within(DUE, "the wish is gone and the volume is not", || async {
        let volumes: Vec<Value> = owner.get(&format!("{at}/volumes")).await?.ok()?;
        ensure!(volumes.len() == 1 && volumes[0].get("deletion").is_none(), "{volumes:?}");
        Ok(())
    })
    .await?;
    ensure!(shipped.body("/read?path=/data/kept").await? == "still-here");

    shipped.configure(json!({ "volumes": [] })).await?;
    owner.ship_version(&shipped.web, "five").await?;
    delete().await?;
    docker.api.inspect_volume(&volume).await.context("its time has not come")?;
    eventually_within(Duration::from_secs(90), "the volume is gone", || async {
        ensure!(docker.api.inspect_volume(&volume).await.is_err(), "it is still there");
        Ok(())
    })
    .await?;
    let events: Value = owner.get("/events?kind=volume.").await?.ok()?;
    let kinds: Vec<_> =
        events["items"].as_array().into_iter().flatten().map(|event| &event["kind"]).collect();
    ensure!(kinds.first().is_some_and(|kind| *kind == "volume.deleted") && kinds.len() == 6, "{events}");
    Ok(())
}

/// A volume with something in it that no instance has mounted; gives its name in Docker.
async fn unmounted_volume(shipped: &Shipped) -> Result<String> {
    shipped.configure(json!({ "volumes": [{ "name": "data", "path": "/data" }] })).await?;
    shipped.owner.ship_version(&shipped.web, "two").await?;
    shipped.body("/write?path=/data/kept&text=still-here").await?;
    shipped.configure(json!({ "volumes": [] })).await?;
    shipped.owner.ship_version(&shipped.web, "three").await?;
    let volumes: Vec<Value> =
        shipped.owner.get(&format!("{}/volumes", verbs::of(&shipped.web))).await?.ok()?;
    Ok(volumes[0]["docker_name"].as_str().context("its name in Docker")?.to_owned())
}

/// R-VOL-2: whatever becomes of a service, its data stays as it is; of a deleted one it is listed, kept or deleted.
#[tokio::test]
async fn r_vol_2_no_rename_and_no_deletion_of_a_service_touches_its_volume() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, docker) = (&shipped.owner, Docker::connect().await?);
    let volume = unmounted_volume(&shipped).await?;
    let seen = || async { anyhow::Ok(json!(docker.api.inspect_volume(&volume).await?)) };
    let before = seen().await?;
    owner.patch(&verbs::of(&shipped.web), json!({ "name": "site" })).await?.done()?;
    owner.patch("/projects/shop/environments/production", json!({ "name": "live" })).await?.done()?;
    owner.patch("/projects/shop", json!({ "name": "store" })).await?.done()?;
    let site = path("store/live/site");
    owner.ship(&site).await?;
    let volumes: Vec<Value> = owner.get(&format!("{}/volumes", verbs::of(&site))).await?.ok()?;
    ensure!(volumes[0]["docker_name"] == *volume, "{volumes:?}");
    ensure!(seen().await? == before, "a rename changed it");

    owner.delete("/projects/store", json!({ "confirm": "store" })).await?.done()?;
    let left = listed(owner, OrphanKind::Volume, &volume).await?;
    ensure!(left.belonged_to.as_deref() == Some("store/live/site") && left.removed_at.is_none(), "{left:?}");
    ensure!(seen().await? == before, "a deletion changed it");
    let named = |confirm: &str| json!({ "kind": "volume", "name": volume, "confirm": confirm });
    owner.post("/orphans/remove", named("data")).await?.refused(422)?;
    let marked: OrphanReport = owner.post("/orphans/remove", named(&volume)).await?.ok()?;
    let marked = find(&marked, OrphanKind::Volume, &volume).context("it is still listed")?;
    ensure!(marked.removed_at.is_some() && marked.asked_by.is_some(), "{marked:?}");
    let kept: OrphanReport = owner.post("/orphans/keep", named("")).await?.ok()?;
    ensure!(find(&kept, OrphanKind::Volume, &volume).is_some_and(|kept| kept.removed_at.is_none()));
    ensure!(seen().await? == before, "it was touched");
    Ok(())
}

/// R-DISK-4: what each service takes, and the rest of what Berth takes.
#[tokio::test]
async fn r_disk_4_the_disk_page_says_what_each_service_takes() -> Result<()> {
    let shipped = Shipped::live().await?;
    let owner = &shipped.owner;
    let volume = unmounted_volume(&shipped).await?;
    shipped.body("/write?path=/layer&text=a-few-bytes").await?;
    let disk: DiskView = eventually_within(DUE, "the disk is measured", || async {
        let disk: DiskView = owner.post("/disk/measure", Value::Null).await?.ok()?;
        ensure!(disk.measured_at.is_some() && !disk.measuring, "{disk:?}");
        Ok(disk)
    })
    .await?;
    ensure!(disk.problem.is_none() && disk.services.len() == 1, "{disk:?}");
    let web = &disk.services[0];
    ensure!(web.path == shipped.web && web.releases == 3, "{web:?}");
    ensure!(web.images > 100_000 && web.volumes >= 10 && web.logs > 0 && web.instances >= 11, "{web:?}");
    ensure!(disk.database > 10_000, "{disk:?}");
    ensure!(disk.file_systems.iter().all(|system| system.available < system.total), "{disk:?}");
    let again: DiskView = owner.get("/disk").await?.ok()?;
    ensure!(again.measured_at == disk.measured_at, "a look is not a measurement");

    owner.delete("/projects/shop", json!({ "confirm": "shop" })).await?.done()?;
    listed(owner, OrphanKind::Volume, &volume).await?;
    let without: DiskView = owner.get("/disk").await?.ok()?;
    ensure!(without.services.is_empty() && without.orphans == web.volumes, "{without:?}");
    Ok(())
}
