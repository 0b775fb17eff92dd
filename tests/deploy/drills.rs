//! Drills of the queue and of builds: storms of pushes, a cancellation at every point, and power cuts while something is
//! fetched.

use crate::{
    fixture::{Shipped, with},
    git::dockerfile,
};
use berth_tests::{
    docker,
    git::{GitServer, Repository},
    prelude::*,
    verbs::{self, BUILD, DEPLOYMENT, git, swift},
    webhook::Delivery,
};
use std::time::Instant;

/// The server stops before this step of a rollout and waits for its end.
const PAUSE: &str = "BERTH_PAUSE_BEFORE_STEP";
/// How long a cancellation may take.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How much longer than alone a service may take that has nothing to do with a storm.
const NOT_DELAYED: Duration = Duration::from_secs(8);

/// A service that is built from a repository by pushes.
async fn pushed(shipped: &Shipped, host: &GitServer, name: &str) -> Result<(ServicePath, Repository, Hook)> {
    let repository = host.repository(name)?;
    let service = path(&format!("shop/production/{name}"));
    shipped.owner.create_service(&service, git(&repository.url), swift()).await?;
    let hook = shipped.owner.webhook(&service).await?;
    Ok((service, repository, Hook { url: hook.url, secret: hook.secret }))
}

/// Where a host tells of pushes.
struct Hook {
    url: String,
    secret: String,
}

impl Hook {
    async fn tell(&self, shipped: &Shipped, commit: &str) -> Result<()> {
        let push = Delivery::push("main", commit, "Change", &self.secret);
        let answer = push.send(&shipped.berth.anonymous()?, &self.url).await?;
        ensure!(answer.status == 202, "{answer:?}");
        Ok(())
    }
}

/// A Dockerfile whose step takes a while and never comes from the cache.
fn slow(shipped: &Shipped, version: &str, seconds: u32) -> String {
    let step = format!("RUN echo {}-{version} && sleep {seconds}", shipped.berth.instance);
    let copied = "COPY --from=slow /etc/debian_version /waited\n";
    format!("FROM debian:bookworm-slim AS slow\n{step}\n{}{copied}", dockerfile(version))
}

/// R-Q-4: of ten pushes in a second two are built at most, the newest is live, and another service is not delayed.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_4_of_ten_pushes_in_a_second_two_are_built_and_another_service_is_not_delayed() -> Result<()> {
    let shipped = Shipped::waiting(swift()).await?;
    let (owner, host) = (&shipped.owner, GitServer::start().await?);
    let (busy, changes, hook) = pushed(&shipped, &host, "busy").await?;
    let (calm, other, other_hook) = pushed(&shipped, &host, "calm").await?;
    let alone = Instant::now();
    other_hook.tell(&shipped, &other.commit("One", &[("Dockerfile", &dockerfile("one"))])?).await?;
    owner.live(&calm, 1, BUILD).await?;
    let alone = alone.elapsed();

    let commit = |at: u32| {
        let version = format!("v{at}");
        changes.commit(&version, &[("Dockerfile", &slow(&shipped, &version, 6))])
    };
    let commits: Vec<String> = (0..10).map(commit).collect::<Result<_>>()?;
    let next = other.commit("Two", &[("Dockerfile", &dockerfile("two"))])?;
    let began = Instant::now();
    futures::future::try_join_all(commits.iter().map(|commit| hook.tell(&shipped, commit))).await?;
    let told = began.elapsed();
    other_hook.tell(&shipped, &next).await?;
    owner.live(&calm, 2, BUILD).await?;
    let beside = began.elapsed();
    println!("ten pushes in {told:?}; the other service alone {alone:?}, beside the storm {beside:?}");
    ensure!(told < Duration::from_secs(3), "the pushes took {told:?}");
    ensure!(beside < alone + told + NOT_DELAYED, "alone it took {alone:?}, beside the storm {beside:?}");

    let queued = owner.deployments(&busy).await?;
    let newest = queued.iter().map(|view| view.number).max().context("deployments")?;
    owner.live(&busy, newest, BUILD).await?;
    let all = owner.deployments(&busy).await?;
    ensure!(all.len() == 10 && all.iter().all(|view| view.status.is_settled()), "{all:?}");
    let built = all.iter().filter(|view| view.started_at.is_some()).count();
    ensure!(built <= 2, "{built} of ten were built");
    let waited = all.iter().filter(|view| view.started_at.is_none());
    ensure!(waited.clone().all(|view| view.status == Status::Superseded), "{all:?}");
    Ok(())
}

/// Cancels a deployment; it has to be over at once, and nothing of it is left.
async fn is_cancelled(shipped: &Shipped, number: u64) -> Result<()> {
    let asked = Instant::now();
    let cancel = format!("{}/deployments/{number}/cancel", verbs::of(&shipped.web));
    shipped.owner.post(&cancel, Value::Null).await?.done()?;
    let ended = shipped.owner.settled(&shipped.web, number, AT_ONCE * 4).await?;
    let took = asked.elapsed();
    ensure!(ended.status == Status::Cancelled, "it is {}: {:?}", ended.status, ended.reason);
    ensure!(took < AT_ONCE, "it took {took:?}");
    shipped.answers("one").await?;
    shipped.only_runs(1).await?;
    nothing_is_built(shipped).await
}

/// No checkout is there, and no container that was made and never started.
async fn nothing_is_built(shipped: &Shipped) -> Result<()> {
    eventually("nothing of a build is left", || async {
        for folder in ["builds", "scratch"] {
            let left = files_below(&shipped.berth.data().join(folder))?;
            ensure!(left.is_empty(), "left: {left:?}");
        }
        let label = format!("{}={}", docker::INSTANCE, shipped.berth.instance);
        let all = Docker::connect().await?.containers(&label).await?;
        let made = all.iter().filter(|c| c.state.is_some_and(|state| state.to_string() == "created"));
        ensure!(made.count() == 0, "a container was made and never started");
        Ok(())
    })
    .await
}

/// Every file below a folder, which need not be there.
pub fn files_below(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

/// A git host that takes every connection and never says a word.
async fn silent_host() -> Result<(tokio::net::TcpListener, String)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    Ok((listener, format!("127.0.0.1:{port}")))
}

/// R-Q-3: one that waits behind another of its service, one that waits for its turn to build, and one that waits for a git
/// host, over http and over ssh.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_3_what_waits_is_cancelled_within_five_seconds() -> Result<()> {
    let one_at_a_time = vec![("BERTH_CONCURRENT_BUILDS".to_owned(), "1".to_owned())];
    let shipped = Shipped::live_where(one_at_a_time).await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    let (_silent, address) = silent_host().await?;
    for url in [format!("http://{address}/a.git"), format!("ssh://git@{address}/a.git")] {
        owner.patch(&verbs::of(web), json!({ "source": git(&url) })).await?.done()?;
        owner.post(&format!("{}/access/deploy-key", verbs::of(web)), Value::Null).await?.done()?;
        if url.starts_with("http") {
            let credential = json!({ "secret": "" });
            owner.put(&format!("{}/credential", verbs::of(web)), credential).await?.done()?;
        }
        let fetching = owner.deploy(web).await?.number;
        says(&shipped, web, fetching, "Fetch ").await?;
        let behind = owner.deploy(web).await?.number;
        is_cancelled_waiting(&shipped, behind).await?;
        is_cancelled(&shipped, fetching).await?;
    }

    let host = GitServer::start().await?;
    let (other, repository, _) = pushed(&shipped, &host, "other").await?;
    repository.commit("Slow", &[("Dockerfile", &slow(&shipped, "slow", 120))])?;
    let building = owner.deploy(&other).await?.number;
    says(&shipped, &other, building, "slow").await?;
    let waiting = owner.deploy(web).await?.number;
    says(&shipped, web, waiting, "Wait for another build").await?;
    is_cancelled_waiting(&shipped, waiting).await?;
    let cancel = format!("{}/deployments/{building}/cancel", verbs::of(&other));
    owner.post(&cancel, Value::Null).await?.done()?;
    let ended = owner.settled(&other, building, AT_ONCE).await?;
    ensure!(ended.status == Status::Cancelled, "it is {}", ended.status);
    nothing_is_built(&shipped).await
}

/// The same without a look at what is left: something else of the service goes on.
async fn is_cancelled_waiting(shipped: &Shipped, number: u64) -> Result<()> {
    let cancel = format!("{}/deployments/{number}/cancel", verbs::of(&shipped.web));
    shipped.owner.post(&cancel, Value::Null).await?.done()?;
    let ended = shipped.owner.settled(&shipped.web, number, AT_ONCE).await?;
    ensure!(ended.status == Status::Cancelled, "it is {}", ended.status);
    Ok(())
}

/// Waits until a deployment's log has this.
async fn says(shipped: &Shipped, service: &ServicePath, number: u64, words: &str) -> Result<()> {
    eventually_within(DEPLOYMENT, &format!("#{number} of {service} says {words:?}"), || async {
        let log = shipped.owner.deployment_log(service, number).await?;
        ensure!(log.contains(words), "{log}");
        Ok(())
    })
    .await
}

/// R-Q-3: a release command that does not end.
#[tokio::test]
async fn r_q_3_a_release_command_is_cancelled_within_five_seconds() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.configure(json!({ "release_command": ["work"], "command_timeout_s": 120 })).await?;
    let queued = shipped.owner.deploy(&shipped.web).await?.number;
    shipped.is_in(queued, Phase::Release).await?;
    says(&shipped, &shipped.web, queued, "work").await?;
    is_cancelled(&shipped, queued).await
}

/// R-Q-3: before every single step until the traffic has moved. After that it is refused, and goes live.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_3_before_any_step_a_deployment_is_cancelled_within_five_seconds() -> Result<()> {
    let settings = with(json!({ "release_command": ["end", "0", "migrated"], "drain_ms": 300 }));
    let mut shipped = Shipped::live_with(settings).await?;
    let (mut cancelled, mut too_late) = (Vec::new(), Vec::new());
    for step in 0.. {
        shipped.berth.terminate()?;
        shipped.berth.set(PAUSE, Some(&step.to_string()));
        shipped.berth.start_again().await?;
        let number = shipped.owner.deploy(&shipped.web).await?.number;
        let Some((words, phase)) = paused(&shipped, number).await? else { break };
        if phase <= Phase::Switch {
            is_cancelled(&shipped, number).await.with_context(|| words.clone())?;
            cancelled.push(words);
            continue;
        }
        let cancel = format!("{}/deployments/{number}/cancel", verbs::of(&shipped.web));
        shipped.owner.post(&cancel, Value::Null).await?.refused(409)?;
        shipped.berth.kill()?;
        shipped.berth.set(PAUSE, None);
        shipped.berth.start_again().await?;
        shipped.owner.live(&shipped.web, number, DEPLOYMENT).await.with_context(|| words.clone())?;
        too_late.push(words);
    }
    println!("cancelled before {cancelled:#?}\ntoo late before {too_late:#?}");
    ensure!(cancelled.len() >= 4 && !too_late.is_empty(), "{cancelled:?} {too_late:?}");
    Ok(())
}

/// The step that a deployment stopped before, and its phase; none when it had no such step and is live.
async fn paused(shipped: &Shipped, number: u64) -> Result<Option<(String, Phase)>> {
    eventually_within(DEPLOYMENT, "the rollout comes to the step or to its end", || async {
        let view = shipped.owner.deployment(&shipped.web, number).await?;
        let log = shipped.owner.deployment_log(&shipped.web, number).await?;
        let line = log.lines().find(|line| line.starts_with("Paused before step"));
        if let (Some(line), Some(phase)) = (line, view.phase) {
            return Ok(Some((line.to_owned(), phase)));
        }
        ensure!(view.status == Status::Live, "it is {} {:?}: {log}", view.status, view.phase);
        Ok(None)
    })
    .await
}

/// R-Q-1: killed while it fetches with a key, and then with others in the queue: after the next start everything has one end,
/// and no checkout, key or container is left.
#[tokio::test(flavor = "multi_thread")]
async fn r_q_1_a_kill_while_fetching_leaves_nothing_behind() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    let (_silent, address) = silent_host().await?;
    let source = git(&format!("ssh://git@{address}/a.git"));
    shipped.owner.patch(&verbs::of(&shipped.web), json!({ "source": source })).await?.done()?;
    let key = format!("{}/access/deploy-key", verbs::of(&shipped.web));
    shipped.owner.post(&key, Value::Null).await?.done()?;
    let fetching = shipped.owner.deploy(&shipped.web).await?.number;
    says(&shipped, &shipped.web, fetching, "Fetch ").await?;
    let behind = shipped.owner.deploy(&shipped.web).await?.number;
    let scratch = shipped.berth.data().join("scratch");
    let keys = eventually("its ssh has the key", || async {
        let files = files_below(&scratch)?;
        ensure!(files.iter().any(|file| file.ends_with("key")), "{files:?}");
        Ok(files)
    })
    .await?;
    shipped.berth.kill()?;
    ensure!(
        keys.iter().any(|file| file.exists()),
        "the kill left nothing to remove: the drill proves nothing"
    );

    shipped.berth.start_again().await?;
    eventually("what the killed process had is gone", || async {
        let left: Vec<_> = keys.iter().filter(|file| file.exists()).collect();
        ensure!(left.is_empty(), "{left:?}");
        Ok(())
    })
    .await?;
    is_cancelled_waiting(&shipped, behind).await?;
    is_cancelled(&shipped, fetching).await
}
