//! R-RB: going back runs exactly what ran.

use crate::{
    fixture::{Shipped, with},
    git::dockerfile,
};
use berth_tests::{
    berth::shipped_image,
    docker,
    git::GitServer,
    prelude::*,
    verbs::{self, BUILD, DEPLOYMENT, git},
};
use bollard::{models::ContainerInspectResponse, query_parameters::PruneImagesOptionsBuilder};
use std::collections::HashMap;

/// What differs from one container to the next by its nature: times, addresses, and where Docker keeps its files.
const OF_ONE_CONTAINER: [&str; 10] = [
    "Created",
    "GraphDriver",
    "HostnamePath",
    "HostsPath",
    "Id",
    "LogPath",
    "Name",
    "ResolvConfPath",
    "State",
    "RestartCount",
];

/// A domain of the first release, one that another service took since, and one that came with the second.
const FIRST: &str = "first.example.localhost";
const TAKEN: &str = "taken.example.localhost";
const SECOND: &str = "second.example.localhost";

/// What was first: an image built from git, two variables, a command, a volume, limits.
fn first() -> Value {
    with(json!({
        "command": ["serve", "first"], "memory_mib": 64, "cpu_millis": 500, "restart": "on_failure",
        "volumes": [{ "name": "data", "path": "/data" }],
    }))
}

/// What came later: all of it is something else.
fn second() -> Value {
    with(json!({
        "command": ["serve", "second"], "memory_mib": 128, "cpu_millis": 900, "restart": "always",
        "volumes": [{ "name": "data", "path": "/elsewhere" }, { "name": "more", "path": "/more" }],
        "probe": { "kind": { "type": "tcp" } },
    }))
}

/// A service from git that is live with [`first`].
async fn first_release(repository: &Repository) -> Result<Shipped> {
    repository.commit("First", &[("Dockerfile", &dockerfile("one"))])?;
    let shipped = Shipped::waiting(first()).await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.patch(&verbs::of(web), json!({ "source": git(&repository.url) })).await?.done()?;
    owner.set_plain(web, "COLOUR", "blue").await?;
    owner.set_secret(web, "PASSWORD", "first\nwith a line").await?;
    for host in [FIRST, TAKEN] {
        lead(&shipped, web, host).await?;
    }
    let queued = owner.deploy(web).await?;
    owner.live(web, queued.number, BUILD).await?;
    shipped.answers("one").await?;
    Ok(shipped)
}

/// Changes everything that a release holds, and ships that.
async fn second_release(shipped: &Shipped, repository: &Repository) -> Result<()> {
    let (owner, web) = (&shipped.owner, &shipped.web);
    let text = format!("{}ENV EXTRA=layer\n", dockerfile("two"));
    repository.commit("Second", &[("Dockerfile", &text)])?;
    owner.patch(&verbs::of(web), json!({ "settings": second() })).await?.done()?;
    owner.set_plain(web, "COLOUR", "green").await?;
    owner.set_plain(web, "ADDED", "since").await?;
    owner.delete(&format!("{}/variables/PASSWORD", verbs::of(web)), Value::Null).await?.done()?;
    let domains = owner.service(web).await?.domains;
    for domain in domains.iter().filter(|domain| [FIRST, TAKEN].contains(&domain.host.as_str())) {
        owner.delete(&format!("{}/domains/{}", verbs::of(web), domain.id), Value::Null).await?.done()?;
    }
    lead(shipped, web, SECOND).await?;
    let other = path("shop/production/other");
    owner.create_service(&other, verbs::image(&shipped_image()), verbs::swift()).await?;
    lead(shipped, &other, TAKEN).await?;
    let queued = owner.deploy(web).await?;
    owner.live(web, queued.number, BUILD).await?;
    shipped.answers("two").await
}

/// R-RB-1: variables, image, command, mounts, domains and resources change; going back gives the very container of the
/// first release, also with the git host gone and after a clean-up of images that nobody seems to use.
#[tokio::test(flavor = "multi_thread")]
async fn r_rb_1_a_rollback_runs_the_first_release_byte_for_byte() -> Result<()> {
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    let mut shipped = first_release(&repository).await?;
    let before = inspected(&shipped).await?;
    second_release(&shipped, &repository).await?;
    ensure!(inspected(&shipped).await? != before, "the second release is another one");
    preview_tells_what_changes(&shipped).await?;

    drop(server);
    // What a start cleans up is cleaned up too.
    shipped.berth.terminate()?;
    shipped.berth.start_again().await?;
    shipped.berth.proxy_is_up().await?;
    prune(&shipped).await?;

    let queued = shipped.owner.roll_back(&shipped.web, 1).await?;
    shipped.owner.live(&shipped.web, queued.number, DEPLOYMENT).await?;
    shipped.answers("one").await?;
    let after = inspected(&shipped).await?;
    ensure!(after == before, "before: {before:#}\nafter: {after:#}");
    domains_are_back(&shipped, queued.number).await
}

/// R-RB-1: what led to the first release leads to it again; what was added since stays, and nobody loses a domain.
async fn domains_are_back(shipped: &Shipped, number: u64) -> Result<()> {
    for host in [FIRST, SECOND] {
        verbs::answers(shipped.berth.http_port, host, "/", "one").await?;
    }
    let other = shipped.owner.service(&path("shop/production/other")).await?;
    ensure!(other.domains.iter().any(|domain| domain.host.as_str() == TAKEN), "{:?}", other.domains);
    let log = shipped.owner.deployment_log(&shipped.web, number).await?;
    ensure!(log.contains(&format!("{TAKEN}/ leads to another service")), "{log}");
    ensure!(log.contains(&format!("{FIRST}/ leads to the service again")), "{log}");
    Ok(())
}

async fn lead(shipped: &Shipped, to: &ServicePath, host: &str) -> Result<()> {
    let domain = json!({ "host": host, "path": "/" });
    shipped.owner.post(&format!("{}/domains", verbs::of(to)), domain).await?.done()
}

/// R-RB-3: what would change is told before.
async fn preview_tells_what_changes(shipped: &Shipped) -> Result<()> {
    let preview: Value = shipped.owner.get(&format!("{}/rollback/1", verbs::of(&shipped.web))).await?.ok()?;
    let changes = preview["changes"].to_string();
    let lines = ["commit", "image", "command", "volumes", "memory", "CPU", "restart", "probe", "domains"];
    for word in lines.into_iter().chain(["COLOUR", "ADDED", "PASSWORD"]) {
        ensure!(changes.contains(word), "{word} is missing in {preview}");
    }
    ensure!(!changes.contains("with a line"), "a value is shown: {preview}");
    ensure!(preview["image_available"] == true && preview["not_restored"].to_string().len() > 5, "{preview}");
    Ok(())
}

/// R-RB-2: what `docker image prune` does, to the images of this test alone: the tag keeps a release's image.
async fn prune(shipped: &Shipped) -> Result<()> {
    let label = format!("{}={}", docker::INSTANCE, shipped.berth.instance);
    let filters = HashMap::from([("dangling", vec!["true"]), ("label", vec![label.as_str()])]);
    let options = PruneImagesOptionsBuilder::new().filters(&filters).build();
    Docker::connect().await?.api.prune_images(Some(options)).await?;
    let preview: Value = shipped.owner.get(&format!("{}/rollback/1", verbs::of(&shipped.web))).await?.ok()?;
    ensure!(preview["image_available"] == true, "the clean-up took the image: {preview}");
    Ok(())
}

/// Everything that Docker says of the one running instance but what is of one container only.
async fn inspected(shipped: &Shipped) -> Result<Value> {
    shipped.only_runs(1).await?;
    let instance = shipped.running().await?.remove(0);
    let text = without_ids(&instance, serde_json::to_string(&instance)?);
    let mut all: Value = serde_json::from_str(&text)?;
    let object = all.as_object_mut().context("an object")?;
    object.retain(|key, _| !OF_ONE_CONTAINER.contains(&key.as_str()));
    let networks = object["NetworkSettings"]["Networks"].take();
    let aliases = networks.as_object().context("networks")?.iter();
    object["NetworkSettings"] = aliases.map(|(name, network)| json!([name, network["Aliases"]])).collect();
    if let Some(mounts) = object["Mounts"].as_array_mut() {
        mounts.sort_by_key(|mount| mount["Destination"].to_string());
    }
    Ok(all)
}

/// The ids of a container and of its deployment stand in many places.
fn without_ids(instance: &ContainerInspectResponse, mut text: String) -> String {
    let (id, name) = (instance.id.as_deref(), instance.name.as_deref());
    let (id, name) = (id.unwrap_or_default(), name.unwrap_or_default().trim_start_matches('/'));
    for (own, word) in [
        (id, "<id>"),
        (&id[..12], "<id>"),
        (name, "<name>"),
        (docker::label(instance, "berth.deployment"), "<deployment>"),
    ] {
        text = text.replace(own, word);
    }
    let number = docker::label(instance, "berth.number");
    text.replace(&format!("\"berth.number\":\"{number}\""), "\"berth.number\":\"<number>\"")
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
