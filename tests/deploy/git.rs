//! Services that are built from git.

use berth_tests::{
    berth::shipped_image,
    git::{GitServer, Repository},
    prelude::*,
    verbs::{self, BUILD, git, swift},
    webhook::Delivery,
};

/// A Dockerfile that answers this version; its base is there without a registry.
pub fn dockerfile(version: &str) -> String {
    format!("FROM {}\nENV VERSION={version}\n", shipped_image())
}

/// Commits a version of the site.
fn release(repository: &Repository, version: &str) -> Result<String> {
    repository.commit(&format!("Release {version}"), &[("Dockerfile", &dockerfile(version))])
}

#[tokio::test]
async fn a_dockerfile_in_git_is_built_and_a_signed_push_deploys_by_itself() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    let first = release(&repository, "one")?;
    let service = owner.create_service(&web, git(&repository.url), swift()).await?;
    let host = verbs::host(&service)?;

    let queued = owner.deploy(&web).await?;
    let live = owner.live(&web, queued.number, BUILD).await?;
    ensure!(
        live.commit.as_ref().is_some_and(|c| c.id == first && c.title == "Release one"),
        "{:?}",
        live.commit
    );
    verbs::answers(berth.http_port, &host, "/", "one").await?;

    let hook = owner.webhook(&web).await?;
    let second = release(&repository, "two")?;
    let push = Delivery::push("main", &second, "Release two", &hook.secret);
    ensure!(push.send(&berth.anonymous()?, &hook.url).await?.status == 202);
    let live = owner.live(&web, 2, BUILD).await?;
    ensure!(
        live.cause.as_str() == "push" && live.commit.as_ref().is_some_and(|c| c.id == second),
        "{live:?}"
    );
    verbs::answers(berth.http_port, &host, "/", "two").await?;

    let queued = owner.roll_back(&web, 1).await?;
    owner.live(&web, queued.number, BUILD).await?;
    verbs::answers(berth.http_port, &host, "/", "one").await
}

#[tokio::test]
async fn a_private_repository_takes_its_credential_and_tells_when_it_is_wrong() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let server = GitServer::private("person", "canary-password").await?;
    let repository = server.repository("private-site")?;
    release(&repository, "one")?;
    owner.create_service(&web, git(&repository.url), swift()).await?;
    let queued = owner.deploy(&web).await?;
    let failed = owner.failed(&web, queued.number, BUILD).await?;
    ensure!(failed.reason.as_deref().is_some_and(|r| r.contains("private-site")), "{:?}", failed.reason);

    let credential = json!({ "username": "person", "secret": "canary-password" });
    owner.put(&format!("{}/credential", verbs::of(&web)), credential).await?.done()?;
    let queued = owner.deploy(&web).await?;
    owner.live(&web, queued.number, BUILD).await?;
    let log = owner.deployment_log(&web, queued.number).await?;
    ensure!(!log.contains("canary-password"), "{log}");
    Ok(())
}

/// Branch, folder, Dockerfile, build arguments and the stage are all used.
#[tokio::test]
async fn the_whole_source_is_used() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    release(&repository, "main-branch")?;
    repository.branch("release")?;
    let stages = format!(
        "FROM {0} AS wanted\nARG TITLE=default\nENV VERSION=$TITLE\nFROM {0}\nENV VERSION=last-stage\n",
        shipped_image()
    );
    repository.commit("Stages", &[("web/docker/File", &stages)])?;
    let source = json!({
        "type": "git", "url": repository.url, "branch": "release", "folder": "web", "dockerfile": "docker/File",
        "build_args": { "TITLE": "from-the-argument" }, "target": "wanted",
    });
    let service = owner.create_service(&web, source, swift()).await?;
    let queued = owner.deploy(&web).await?;
    owner.live(&web, queued.number, BUILD).await?;
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "from-the-argument").await
}

/// R-BLD-3: a build without a change takes every step from the cache, and `no_cache` none.
#[tokio::test]
async fn r_bld_3_the_cache_is_used_unless_told_otherwise() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    let text = format!(
        "FROM debian:bookworm-slim AS made\nRUN date +%s%N > /stamp\nFROM {}\nCOPY --from=made /stamp /stamp\nENV VERSION=one\n",
        shipped_image()
    );
    repository.commit("Stamp", &[("Dockerfile", &text)])?;
    let service = owner.create_service(&web, git(&repository.url), swift()).await?;
    let host = verbs::host(&service)?;
    let mut stamps = Vec::new();
    for no_cache in [false, false, true] {
        let request = json!({ "no_cache": no_cache });
        let queued: DeploymentView =
            owner.post(&format!("{}/deployments", verbs::of(&web)), request).await?.ok()?;
        owner.live(&web, queued.number, BUILD).await?;
        stamps.push(verbs::visit(berth.http_port, &host, "/read?path=/stamp").await?.text());
    }
    ensure!(stamps[0].len() > 10 && stamps[0] == stamps[1] && stamps[1] != stamps[2], "{stamps:?}");
    Ok(())
}
