//! Deployments without a git host: an image by its reference, source as a tarball; both with the command line.

use crate::git::dockerfile;
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    process::{command, run},
    registry::{ImageRegistry, PASSWORD, USER},
    verbs::{self, image, swift},
};
use bollard::query_parameters::{RemoveImageOptions, TagImageOptionsBuilder};
use futures::StreamExt as _;
use std::{io::Write as _, path::Path};

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

/// Writes what `docker save` gives of the test program under a name, which the machine then forgets.
async fn save(docker: &Docker, repository: &str, to: &Path) -> Result<()> {
    let named = TagImageOptionsBuilder::new().repo(repository).tag("1").build();
    docker.api.tag_image(&shipped_image(), Some(named)).await?;
    let name = format!("{repository}:1");
    let mut file = std::fs::File::create(to)?;
    let mut pieces = Box::pin(docker.api.export_image(&name));
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece?)?;
    }
    docker.api.remove_image(&name, None::<RemoveImageOptions>, None).await?;
    Ok(())
}

/// R-SEC-10: the image runs under Berth's own name, and the name that its archive wants is given to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn r_api_2_an_image_that_docker_saved_is_deployed_without_a_registry() -> Result<()> {
    let (berth, docker) = (Berth::with_docker().await?, Docker::connect().await?);
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let service = owner.create_service(&web, json!({ "type": "pushed" }), swift()).await?;
    let host = verbs::host(&service)?;
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("image.tar");
    let wanted = format!("berth-test-saved-{}", berth.instance);
    save(&docker, &wanted, &archive).await?;
    let at = archive.to_str().context("a path")?.to_owned();

    owner.set_plain(&web, "VERSION", "one").await?;
    deploy(&berth, &owner, &["--image-archive", &at]).await?;
    verbs::answers(berth.http_port, &host, "/", "one").await?;
    ensure!(docker.tags(&format!("{wanted}*")).await?.is_empty(), "the archive has given a name");
    ensure!(docker.tags(&format!("berth-{}/*", berth.instance)).await?.len() == 1);
    let live = owner.deployment(&web, 1).await?;
    ensure!(live.commit.as_ref().is_some_and(|commit| commit.title.contains("as an archive")), "{live:?}");
    let log = owner.deployment_log(&web, 1).await?;
    ensure!(log.contains("Loaded sha256:"), "{log}");

    owner.set_plain(&web, "VERSION", "two").await?;
    let mut gzip = command("gzip");
    gzip.arg(&archive);
    run(gzip)?;
    let packed = format!("{at}.gz");
    deploy(&berth, &owner, &["--image-archive", &packed]).await?;
    verbs::answers(berth.http_port, &host, "/", "two").await?;
    let queued = owner.roll_back(&web, 1).await?;
    owner.live(&web, queued.number, verbs::DEPLOYMENT).await?;
    verbs::answers(berth.http_port, &host, "/", "one").await
}
