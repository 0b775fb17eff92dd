//! Images out of a private registry, and releases into it.

use berth_tests::{
    berth::shipped_image,
    prelude::*,
    registry::{ImageRegistry, PASSWORD, USER},
    verbs::{self, BUILD, DEPLOYMENT, git, image, swift},
};

/// A registry, and a Berth that may ask it.
async fn beside_a_registry() -> Result<(ImageRegistry, Berth)> {
    let registry = ImageRegistry::start().await?;
    let environment = vec![("BERTH_PRIVATE_HOSTS".to_owned(), registry.address())];
    let berth = Berth::start(Options { environment, ..Options::default() }).await?;
    berth.proxy_is_up().await?;
    Ok((registry, berth))
}

#[tokio::test]
async fn a_private_image_is_pulled_with_the_organisations_password() -> Result<()> {
    let (registry, berth) = beside_a_registry().await?;
    let owner = berth.owner().await?;
    let name = format!("team/{}", berth.instance);
    let reference = registry.put(&Docker::connect().await?, &shipped_image(), &name, "1").await?;
    let web = path("shop/production/web");
    let service = owner.create_service(&web, image(&reference), swift()).await?;
    let first = owner.deploy(&web).await?.number;
    let failed = owner.failed(&web, first, DEPLOYMENT).await?;
    ensure!(failed.reason.as_ref().is_some_and(|why| why.contains("credentials")), "{:?}", failed.reason);

    // Credentials for other images of the same registry are not for this one.
    let other =
        json!({ "address": registry.address(), "prefix": "others", "username": USER, "secret": PASSWORD });
    let other: Value = owner.post("/registries", other).await?.ok()?;
    let second = owner.deploy(&web).await?.number;
    owner.failed(&web, second, DEPLOYMENT).await?;
    let at = format!("/registries/{}", other["id"].as_str().context("an id")?);
    let fitting = json!({ "address": registry.address(), "prefix": "team", "username": USER });
    owner.put(&at, fitting).await?.done()?;
    let third = owner.deploy(&web).await?.number;
    owner.live(&web, third, DEPLOYMENT).await?;
    verbs::visit(berth.http_port, &verbs::host(&service)?, "/").await?;
    Ok(())
}

/// The base image is private, and what is built on it goes to the same registry. R-LOG-1: the password is seen nowhere.
#[tokio::test]
async fn r_log_1_a_private_base_image_is_built_on_and_the_release_pushed() -> Result<()> {
    let (registry, berth) = beside_a_registry().await?;
    let owner = berth.owner().await?;
    let docker = Docker::connect().await?;
    let base = registry.put(&docker, &shipped_image(), &format!("team/{}", berth.instance), "1").await?;
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    // A step of its own makes the build ask for the layers, not only for the manifest.
    repository.commit("First", &[("Dockerfile", &format!("FROM {base}\nCOPY Dockerfile /from\n"))])?;
    let web = path("shop/production/web");
    owner.create_service(&web, git(&repository.url), swift()).await?;
    let first = owner.deploy(&web).await?.number;
    let failed = owner.failed(&web, first, BUILD).await?;
    ensure!(failed.reason.as_ref().is_some_and(|why| why.contains(&base)), "{:?}", failed.reason);

    let set = json!({ "address": registry.address(), "username": USER, "secret": PASSWORD, "push": true });
    owner.post("/registries", set).await?.done()?;
    let second = owner.deploy(&web).await?.number;
    let live = owner.live(&web, second, BUILD).await?;
    ensure!(registry.tags("shop-production-web").await? == ["2"], "{}", registry.log());
    let expected = format!("{}/shop-production-web@sha256:", registry.address());
    ensure!(live.image.as_ref().is_some_and(|image| image.starts_with(&expected)), "{:?}", live.image);
    // The machine keeps it under Berth's own tag only.
    ensure!(docker.tags(&format!("{}/*", registry.address())).await?.is_empty(), "a tag stayed");
    let log = owner.deployment_log(&web, second).await?;
    ensure!(log.contains("Pushed ") && !log.contains(PASSWORD), "{log}");
    let berths = std::fs::read_to_string(berth.log_file())?;
    ensure!(!berths.contains(PASSWORD), "Berth's own log shows the password");
    Ok(())
}

/// R-LOG-1: a build sees the variables that are marked for it, as secrets, and no other one.
#[tokio::test]
async fn r_log_1_a_build_gets_the_variables_that_are_marked_for_it() -> Result<()> {
    const CANARY: &str = "canary-of-the-build-31c7";
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    let text = format!(
        "FROM debian:bookworm-slim AS a\nARG RUN={}\n\
         RUN --mount=type=secret,id=GIVEN --mount=type=secret,id=KEPT \
         echo \"given: $(cat /run/secrets/GIVEN)\" && test ! -e /run/secrets/KEPT && touch /seen\n\
         FROM {}\nCOPY --from=a /seen /seen\n",
        berth.instance,
        shipped_image()
    );
    repository.commit("First", &[("Dockerfile", &text)])?;
    let web = path("shop/production/web");
    owner.create_service(&web, git(&repository.url), swift()).await?;
    owner.set_secret(&web, "GIVEN", CANARY).await?;
    owner.set_secret(&web, "KEPT", "canary-not-for-the-build").await?;
    let mut settings = swift();
    settings["build_variables"] = json!(["MISSING"]);
    owner.patch(&verbs::of(&web), json!({ "settings": settings })).await?.done()?;
    let number = owner.deploy(&web).await?.number;
    let failed = owner.failed(&web, number, BUILD).await?;
    ensure!(failed.reason.as_ref().is_some_and(|why| why.contains("MISSING")), "{:?}", failed.reason);

    settings["build_variables"] = json!(["GIVEN"]);
    owner.patch(&verbs::of(&web), json!({ "settings": settings })).await?.done()?;
    let number = owner.deploy(&web).await?.number;
    owner.live(&web, number, BUILD).await?;
    let log = owner.deployment_log(&web, number).await?;
    ensure!(log.contains("given: ") && !log.contains(CANARY), "{log}");
    let docker = Docker::connect().await?;
    let instances = docker.instances(&berth.instance).await?;
    let history = docker.api.image_history(instances[0].image.as_deref().unwrap_or_default()).await?;
    ensure!(!serde_json::to_string(&history)?.contains(CANARY), "the image's history holds it");
    Ok(())
}
