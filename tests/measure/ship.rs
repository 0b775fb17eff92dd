//! From a push to the new version's first answer, against plain `docker build` and `docker run`.

use crate::table::{Table, median};
use anyhow::Result;
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    process::{command, free_ports, run},
    verbs::{self, BUILD, git, swift},
    webhook::Delivery,
};
use std::{net::SocketAddr, path::Path, time::Instant};

fn dockerfile(version: &str) -> String {
    format!("FROM {}\nENV VERSION={version}\n", shipped_image())
}

pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    repository.commit("Begin", &[("Dockerfile", &dockerfile("v0"))])?;
    let service = owner.create_service(&web, git(&repository.url), swift()).await?;
    let host = verbs::host(&service)?;
    owner.deploy(&web).await?;
    owner.live(&web, 1, BUILD).await?;
    let hook = owner.webhook(&web).await?;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for number in 1..=5 {
        let version = format!("v{number}");
        let commit = repository.commit(&version, &[("Dockerfile", &dockerfile(&version))])?;
        let began = Instant::now();
        Delivery::push("main", &commit, &version, &hook.secret).send(&owner, &hook.url).await?.done()?;
        answers(berth.http_port, &host, &version).await?;
        ours.push(began.elapsed().as_secs_f64());
        owner.live(&web, number + 1, BUILD).await?;
        plain.push(by_hand(&berth, &format!("w{number}")).await?);
    }
    let (ours, plain) = (median(ours), median(plain));
    let budget = "<= floor + 1.0 s";
    table.note(
        "push to the new version answering",
        format!("{ours:.2} s"),
        format!("{plain:.2} s"),
        budget,
        Some(ours <= plain + 1.0),
    );
    Ok(())
}

/// `docker build` and `docker run` of the same Dockerfile, to the first answer.
async fn by_hand(berth: &Berth, version: &str) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("Dockerfile"), dockerfile(version))?;
    let label = format!("{}={}", berth_tests::docker::INSTANCE, berth.instance);
    let tag = format!("{}-by-hand:{version}", berth.instance);
    let [port] = free_ports()?;
    let began = Instant::now();
    docker(folder.path(), &["build", "--quiet", "--label", &label, "--tag", &tag, "."])?;
    let publish = format!("127.0.0.1:{port}:8080");
    docker(folder.path(), &["run", "--detach", "--label", &label, "--publish", &publish, &tag])?;
    answers(port, "localhost", version).await?;
    Ok(began.elapsed().as_secs_f64())
}

pub fn docker(folder: &Path, arguments: &[&str]) -> Result<String> {
    // Debian's own client builds with BuildKit without a plugin.
    let client = if Path::new("/usr/bin/docker").exists() { "/usr/bin/docker" } else { "docker" };
    let mut docker = command(client);
    docker.current_dir(folder).env("DOCKER_BUILDKIT", "1").args(arguments);
    run(docker)
}

pub async fn answers(port: u16, host: &str, version: &str) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let until = Instant::now() + BUILD;
    while Instant::now() < until {
        let answer = berth_tests::http::get(address, host, "/").await;
        if answer.is_ok_and(|answer| answer.text() == version) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bail!("{version} never answered")
}
