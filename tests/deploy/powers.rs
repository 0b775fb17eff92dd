//! What a service's instances may do on their machine.

use crate::fixture::Shipped;
use berth_tests::{
    git::GitServer,
    prelude::*,
    verbs::{self, BUILD, git, swift},
};

/// A field of what the kernel says of the program.
async fn kernel_says(shipped: &Shipped, field: &str) -> Result<String> {
    let status = shipped.body("/read?path=/proc/self/status").await?;
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
    Ok(line.with_context(|| format!("{field} in {status}"))?.trim().to_owned())
}

/// What of Docker's own set is left: CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, NET_BIND_SERVICE.
const LEFT: &str = "00000000000004eb";

#[tokio::test]
async fn every_instance_has_few_capabilities_and_gets_no_new_privileges() -> Result<()> {
    let shipped = Shipped::live().await?;
    ensure!(kernel_says(&shipped, "CapBnd").await? == LEFT);
    ensure!(kernel_says(&shipped, "NoNewPrivs").await? == "1");
    let docker = Docker::connect().await?;
    let instance = docker.instances(&shipped.berth.instance).await?.remove(0);
    let host = instance.host_config.context("the host's part")?;
    ensure!(host.pids_limit == Some(4096) && host.privileged != Some(true), "{host:?}");
    Ok(())
}

#[tokio::test]
async fn the_options_of_isolation_reach_the_process() -> Result<()> {
    let shipped = Shipped::live().await?;
    ensure!(
        shipped.body("/write?path=/here&text=x").await? == "written",
        "by default the root can be written"
    );
    let isolation = json!({
        "user": "1234:2345", "read_only_root": true, "pids_limit": 64, "drop_capabilities": true,
    });
    shipped.configure(json!({ "isolation": isolation })).await?;
    ensure!(shipped.owner.service(&shipped.web).await?.restart_needed, "a restart is needed");
    shipped.owner.ship_version(&shipped.web, "two").await?;
    shipped.answers("two").await?;

    for (field, wanted) in
        [("Uid", "1234"), ("Gid", "2345"), ("CapBnd", "0000000000000000"), ("NoNewPrivs", "1")]
    {
        let seen = kernel_says(&shipped, field).await?;
        ensure!(seen.split_whitespace().all(|word| word == wanted), "{field} is {seen}");
    }
    let response = verbs::visit(shipped.berth.http_port, &shipped.host, "/write?path=/here&text=x").await?;
    ensure!(response.status == 500 && response.text().contains("Read-only"), "{}", response.text());
    ensure!(shipped.body("/write?path=/tmp/here&text=kept").await? == "written");
    ensure!(shipped.body("/read?path=/tmp/here").await? == "kept");
    let docker = Docker::connect().await?;
    let limits = docker.instances(&shipped.berth.instance).await?;
    ensure!(limits.iter().all(|one| one.host_config.as_ref().and_then(|h| h.pids_limit) == Some(64)));
    Ok(())
}

/// Programs that begin as root and become somebody else start with what is left by default.
#[tokio::test]
async fn ordinary_images_start_with_the_default_capabilities() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let server = GitServer::start().await?;
    let repository = server.repository("ordinary")?;
    let (dockerfile, start) =
        (include_str!("../images/ordinary/Dockerfile"), include_str!("../images/ordinary/start"));
    repository.commit("Ordinary", &[("Dockerfile", dockerfile), ("start", start)])?;
    let mut settings = swift();
    settings["port"] = json!(80);
    settings["probe"] = json!({ "kind": { "type": "http", "path": "/", "body_contains": "postgres 42" } });
    let service = owner.create_service(&web, git(&repository.url), settings).await?;
    let queued = owner.deploy(&web).await?;
    owner.live(&web, queued.number, BUILD).await?;
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "PONG\npostgres 42").await
}
