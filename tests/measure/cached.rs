//! A build of several steps: again without a change, and after a change of one line, against plain `docker build` and
//! `docker run` of the same folder.

use crate::{
    ship::{answers, docker},
    table::{Table, median},
};
use berth_domain::log::LogPage;
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    process::free_ports,
    verbs::{self, BUILD, git, swift},
    webhook::Delivery,
};
use std::time::Instant;

/// How often each is measured.
const TIMES: u64 = 5;

/// A step that takes a second, one that depends on the source, and a label that makes them this run's own.
fn dockerfile(run: &str) -> String {
    format!(
        "FROM debian:bookworm-slim AS made\nARG RUN={run}\nRUN sleep 1 && echo $RUN >/slow\nCOPY version /version\n\
         RUN cp /version /made\nFROM {}\nCOPY --from=made /slow /made /\n",
        shipped_image()
    )
}

pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    let text = dockerfile(&berth.instance);
    repository.commit("Begin", &[("Dockerfile", &text), ("version", "v0")])?;
    let service = owner.create_service(&web, git(&repository.url), swift()).await?;
    let host = verbs::host(&service)?;
    owner.set_plain(&web, "VERSION", "w0").await?;
    owner.deploy(&web).await?;
    owner.live(&web, 1, BUILD).await?;
    let hook = owner.webhook(&web).await?;

    let by_hand = ByHand::new(&berth, &text)?;
    by_hand.built_and_run("v0", "first").await?;
    let (mut same, mut plain_same) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let began = Instant::now();
        let number = owner.deploy(&web).await?.number;
        owner.live(&web, number, BUILD).await?;
        same.push(began.elapsed().as_secs_f64());
        every_step_is_cached(&owner, &web, number).await?;
        plain_same.push(by_hand.built_and_run("v0", "again").await?);
    }
    note(table, "deploy without a change to live", same, plain_same);

    let (mut line, mut plain_line) = (Vec::new(), Vec::new());
    for number in 1..=TIMES {
        let version = format!("w{number}");
        owner.set_plain(&web, "VERSION", &version).await?;
        let commit = repository.commit(&version, &[("version", &version)])?;
        let began = Instant::now();
        Delivery::push("main", &commit, &version, &hook.secret).send(&owner, &hook.url).await?.done()?;
        answers(berth.http_port, &host, &version).await?;
        line.push(began.elapsed().as_secs_f64());
        owner.live(&web, 1 + TIMES + number, BUILD).await?;
        plain_line.push(by_hand.built_and_run(&version, &version).await?);
    }
    note(table, "push of one line to its answer", line, plain_line);
    Ok(())
}

fn note(table: &mut Table, what: &str, ours: Vec<f64>, plain: Vec<f64>) {
    let (ours, plain) = (median(ours), median(plain));
    let value = format!("{ours:.2} s ({:.2} x, +{:.2} s)", ours / plain, ours - plain);
    table.note(what, value, format!("{plain:.2} s"), "<= floor + 1.0 s", Some(ours <= plain + 1.0));
}

async fn every_step_is_cached(owner: &Client, web: &ServicePath, number: u64) -> Result<()> {
    let at = format!("{}/deployments/{number}/log?limit=5000", verbs::of(web));
    let log: LogPage = owner.get(&at).await?.ok()?;
    let work = |step: &&String| step.contains(" RUN ") || step.contains(" COPY ");
    let cached = log.lines.iter().filter(|line| line.text == "CACHED").map(|line| &line.origin);
    let cached: Vec<_> = cached.filter(work).collect();
    ensure!(cached.len() == 4, "of four steps these came from the cache: {cached:?}");
    Ok(())
}

/// The same folder with Docker's own client.
struct ByHand {
    folder: tempfile::TempDir,
    instance: String,
}

impl ByHand {
    fn new(berth: &Berth, dockerfile: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // Its own cache: it builds nothing that Berth has built.
        std::fs::write(folder.path().join("Dockerfile"), dockerfile.replace("ARG RUN=", "ARG RUN=hand-"))?;
        Ok(Self { folder, instance: berth.instance.clone() })
    }

    /// From the build to the first answer.
    async fn built_and_run(&self, version: &str, tag: &str) -> Result<f64> {
        std::fs::write(self.folder.path().join("version"), version)?;
        let label = format!("{}={}", berth_tests::docker::INSTANCE, self.instance);
        let tag = format!("{}-cached:{tag}", self.instance);
        let [port] = free_ports()?;
        let began = Instant::now();
        docker(self.folder.path(), &["build", "--quiet", "--label", &label, "--tag", &tag, "."])?;
        let (publish, set) = (format!("127.0.0.1:{port}:8080"), format!("VERSION={version}"));
        let run = ["run", "--detach", "--label", &label, "--env", &set, "--publish", &publish, &tag];
        docker(self.folder.path(), &run)?;
        answers(port, "localhost", version).await?;
        Ok(began.elapsed().as_secs_f64())
    }
}
