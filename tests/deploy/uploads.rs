//! Deployments without a git host: an image by its reference, source as a tarball; both with the command line.

use crate::git::dockerfile;
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    process::{command, run},
    registry::{ImageRegistry, PASSWORD, USER},
    verbs::{self, image, swift},
};

/// Runs `berth deploy shop/production/web ... --wait` as a program of the owner.
async fn deploy(berth: &Berth, owner: &Client, words: &[&str]) -> Result<String> {
    let made: Value = owner.post("/me/tokens", json!({ "name": "ci", "role": "deployer" })).await?.ok()?;
    let token = made["secret"].as_str().context("a token")?;
    let url = berth.url();
    let all = [&["deploy", "shop/production/web", "--wait", "--url", &url, "--token", token], words].concat();
    berth.cli(&all)
}

#[tokio::test(flavor = "multi_thread")]
async fn r_api_2_a_folder_and_a_tarball_are_built_without_a_git_host() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let service = owner.create_service(&web, json!({ "type": "pushed" }), swift()).await?;
    let host = verbs::host(&service)?;
    let folder = tempfile::tempdir()?;
    let write = |version: &str| std::fs::write(folder.path().join("Dockerfile"), dockerfile(version));
    write("one")?;
    let at = folder.path().to_str().context("a path")?.to_owned();
    deploy(&berth, &owner, &["--tar", &at]).await?;
    verbs::answers(berth.http_port, &host, "/", "one").await?;
    let live = owner.deployment(&web, 1).await?;
    let digest = live.commit.context("what it was built from")?.id;
    ensure!(digest.len() == 64, "{digest}");

    write("two")?;
    let packed = tempfile::tempdir()?;
    let file = packed.path().join("source.tar.gz");
    let mut tar = command("tar");
    tar.arg("-C").arg(folder.path()).arg("-czf").arg(&file).arg(".");
    run(tar)?;
    deploy(&berth, &owner, &["--tar", file.to_str().context("a path")?]).await?;
    verbs::answers(berth.http_port, &host, "/", "two").await?;

    // A release keeps what it was built from.
    let uploads = berth.data().join("uploads").join(service.id.to_string());
    let mut kept: Vec<_> = std::fs::read_dir(uploads)?.flatten().map(|entry| entry.file_name()).collect();
    kept.sort();
    ensure!(kept.len() == 2 && kept.contains(&format!("{digest}.tar").into()), "{kept:?}");
    let queued = owner.roll_back(&web, 1).await?;
    owner.live(&web, queued.number, verbs::DEPLOYMENT).await?;
    verbs::answers(berth.http_port, &host, "/", "one").await?;
    ensure!(owner.deployment(&web, queued.number).await?.rolls_back_to == Some(1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r_api_2_an_image_that_ci_pushed_is_deployed_by_its_reference() -> Result<()> {
    let registry = ImageRegistry::start().await?;
    let environment = vec![("BERTH_PRIVATE_HOSTS".to_owned(), registry.address())];
    let berth = Berth::start(Options { environment, ..Options::default() }).await?;
    berth.proxy_is_up().await?;
    let owner = berth.owner().await?;
    let set = json!({ "address": registry.address(), "username": USER, "secret": PASSWORD });
    owner.post("/registries", set).await?.done()?;
    let docker = Docker::connect().await?;
    let name = format!("team/{}", berth.instance);
    let first = registry.put(&docker, &shipped_image(), &name, "1").await?;
    let second = registry.put(&docker, &shipped_image(), &name, "2").await?;
    let web = path("shop/production/web");
    owner.create_service(&web, image(&first), swift()).await?;
    deploy(&berth, &owner, &[]).await?;
    deploy(&berth, &owner, &["--image", &second]).await?;
    let service = owner.service(&web).await?;
    ensure!(service.source.summary() == second, "{:?}", service.source);
    ensure!(
        service.live.as_ref().and_then(|live| live.image.as_deref()) == Some(second.as_str()),
        "{service:?}"
    );
    Ok(())
}
