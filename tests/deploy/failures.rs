//! Deployments that fail: each says why in words, with the last lines, and harms nothing.

use crate::fixture::{Shipped, with};
use berth_tests::{
    berth::shipped_image,
    git::{GitServer, Repository},
    prelude::*,
    verbs::{self, git, image},
};
use bollard::query_parameters::KillContainerOptions;

/// A way to fail.
struct Case {
    what: &'static str,
    source: Value,
    /// What differs from the settings of the live release.
    settings: Value,
    variables: &'static [(&'static str, &'static str)],
    meanwhile: Meanwhile,
    /// Where it ends.
    phase: Phase,
    /// Words of the reason, or of the last lines that are shown with it.
    says: Vec<String>,
}

/// What somebody does while it is deployed.
#[derive(PartialEq)]
enum Meanwhile {
    Nothing,
    KillTheNewInstance,
}

impl Case {
    /// A deployment of the test program that fails in this phase.
    fn new(what: &'static str, phase: Phase, says: &[&str]) -> Self {
        let says = says.iter().map(|word| (*word).to_owned()).collect();
        let (source, settings) = (image(&shipped_image()), json!({}));
        Self { what, source, settings, variables: &[], meanwhile: Meanwhile::Nothing, phase, says }
    }

    fn from(self, source: Value) -> Self {
        Self { source, ..self }
    }

    fn settings(self, settings: Value) -> Self {
        Self { settings, ..self }
    }

    fn variables(self, variables: &'static [(&'static str, &'static str)]) -> Self {
        Self { variables, ..self }
    }
}

fn impatient(kind: Value) -> Value {
    json!({ "probe": { "kind": kind, "start_period_ms": 3_000 } })
}

/// What ends before anything of it runs.
fn before_it_runs(site: &Repository, stalls: &str) -> Vec<Case> {
    let missing = site.url.replace("site", "none");
    let of_site = |more: Value| {
        let mut source = git(&site.url);
        if let (Some(all), Value::Object(more)) = (source.as_object_mut(), more) {
            all.extend(more);
        }
        source
    };
    let build = |what, says: &[&str]| Case::new(what, Phase::Build, says);
    vec![
        build("a build error", &["does-not-exist", "Break the build"]).from(git(&site.url)),
        build("a missing repository", &["none"]).from(git(&missing)),
        build("a missing branch", &["nowhere"]).from(of_site(json!({ "branch": "nowhere" }))),
        build("a missing folder", &["not-here"]).from(of_site(json!({ "folder": "not-here" }))),
        build("a missing image", &["berth-test-missing:9"]).from(image("berth-test-missing:9")),
        build("a registry that stalls", &[stalls, "not done within 8 s"])
            .from(image(stalls))
            .settings(json!({ "build_timeout_s": 8 })),
        Case::new("a release command that fails", Phase::Release, &["release command", "7", "no such table"])
            .settings(json!({ "release_command": ["end", "7", "no such table"] })),
    ]
}

/// What ends before it gets any traffic.
fn before_it_answers() -> Vec<Case> {
    let probe = |what, says: &[&str]| Case::new(what, Phase::Probe, says);
    vec![
        probe("a crash at the start", &["exit", "3", "ends by itself"])
            .variables(&[("EXIT_AFTER_MS", "0"), ("EXIT_CODE", "3")]),
        probe("a crash after 5 s", &["exit", "4", "ends by itself"]).variables(&[
            ("EXIT_AFTER_MS", "5000"),
            ("EXIT_CODE", "4"),
            ("NEVER_LISTEN", "1"),
        ]),
        probe("a program that never listens", &["8080", "does not listen"])
            .variables(&[("NEVER_LISTEN", "1")])
            .settings(impatient(json!({ "type": "tcp" }))),
        // Berth tells the program its port in PORT; this one insists on another.
        probe("a wrong port", &["9999", "listens on port 8080"]).variables(&[("PORT", "8080")]).settings(
            json!({
                "port": 9999, "probe": { "kind": { "type": "tcp" }, "start_period_ms": 3_000 },
            }),
        ),
        probe("a probe that answers 500", &["500", "/healthz"])
            .variables(&[("PROBE_STATUS", "500")])
            .settings(impatient(json!({ "type": "http", "path": "/healthz" }))),
        probe("too little memory", &["memory"])
            .variables(&[("EAT_MB", "128")])
            .settings(json!({ "memory_mib": 32 })),
        Case {
            meanwhile: Meanwhile::KillTheNewInstance,
            ..probe("a container killed by hand", &["137"]).variables(&[("START_DELAY_MS", "15000")])
        },
    ]
}

/// R-DEP-1d, R-HC-2, R-HC-4, R-Q-2: whatever is wrong with the new release, the deployment ends failed, in the phase and
/// with the words that explain it, and the old release loses no request.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1d_every_failure_ends_in_words_and_the_old_release_loses_nothing() -> Result<()> {
    let shipped = Shipped::live().await?;
    let host = GitServer::start().await?;
    let site = host.repository("site")?;
    let dockerfile = "FROM debian:bookworm-slim\nRUN echo about-to-fail && ls /does-not-exist\n";
    site.commit("Break the build", &[("Dockerfile", dockerfile)])?;
    // A registry that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let stalls = format!("127.0.0.1:{}/berth/stalls:1", silent.local_addr()?.port());

    let mut wrong = Vec::new();
    for case in before_it_runs(&site, &stalls).into_iter().chain(before_it_answers()) {
        let load = shipped.under_load(200);
        let ended = fails(&shipped, &case).await;
        load.sent(100).await?;
        let report = load.stop().await;
        match ended.and_then(|reason| report.lost_nothing(100).map(|()| reason)) {
            Ok(reason) => println!("{}: {reason}\n    {report}", case.what),
            Err(error) => wrong.push(format!("{}: {error:#}", case.what)),
        }
    }
    ensure!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n\n"));
    shipped.owner.ship_version(&shipped.web, "two").await?;
    shipped.answers("two").await
}

/// Deploys what cannot work, sees how it ends, and gives the reason; the service is then configured as it was.
async fn fails(shipped: &Shipped, case: &Case) -> Result<String> {
    let (owner, web) = (&shipped.owner, &shipped.web);
    let change = json!({ "source": case.source, "settings": with(case.settings.clone()) });
    owner.patch(&verbs::of(web), change).await?.done()?;
    for (key, value) in case.variables {
        owner.set_plain(web, key, value).await?;
    }
    let number = owner.deploy(web).await?.number;
    if case.meanwhile == Meanwhile::KillTheNewInstance {
        let instance = shipped.instance_of(number).await?.id.unwrap_or_default();
        Docker::connect().await?.api.kill_container(&instance, None::<KillContainerOptions>).await?;
    }
    let failed = owner.failed(web, number, verbs::BUILD).await;
    owner
        .patch(&verbs::of(web), json!({ "source": image(&shipped_image()), "settings": with(json!({})) }))
        .await?
        .done()?;
    for (key, _) in case.variables {
        owner.delete(&format!("{}/variables/{key}", verbs::of(web)), Value::Null).await?.done()?;
    }
    let failed = failed?;
    let reason = failed.reason.clone().unwrap_or_default();
    let commit = failed.commit.as_ref().map_or("", |commit| &commit.title);
    let words = format!("{reason}\n{}\n{commit}", failed.last_lines.join("\n"));
    for word in &case.says {
        ensure!(words.to_lowercase().contains(&word.to_lowercase()), "{word:?} is missing in: {words}");
    }
    let last = failed.phases.last().context("a phase")?;
    ensure!(last.failed && last.phase == case.phase, "it ended in {}: {words}", last.phase);
    if case.what.starts_with("a crash") {
        is_told_at_once(&failed)?;
    }
    nothing_came_of_it(shipped).await?;
    Ok(reason)
}

/// A crash does not wait for the end of the start period, and shows what the program said last.
fn is_told_at_once(failed: &DeploymentView) -> Result<()> {
    ensure!(!failed.last_lines.is_empty(), "the last lines of the program are shown: {failed:?}");
    let took = failed.ended_at.context("ended")? - failed.started_at.context("started")?;
    ensure!(took.num_seconds() < 30, "it took {took}");
    Ok(())
}

/// The service is as it was: the first release is live, answers, and is all that runs.
async fn nothing_came_of_it(shipped: &Shipped) -> Result<()> {
    shipped.answers("one").await?;
    let service = shipped.seen(ServiceState::Live, Duration::from_secs(5)).await?;
    ensure!(service.live.as_ref().map(|live| live.number) == Some(1), "{:?}", service.live);
    shipped.only_runs(1).await
}
