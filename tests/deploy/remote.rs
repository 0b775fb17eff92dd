//! Services that are pushed to Berth itself, with the real git: over HTTP with a token, over SSH with a key.

use crate::git::dockerfile;
use berth_tests::{
    prelude::*,
    process::{self, free_ports},
    push::{WorkingCopy, with_token},
    verbs::{self, BUILD, swift},
};
use std::process::{Child, Stdio};

/// A Berth with the project `shop`, and somebody who pushes to its service `web`, which is not there yet.
struct Pusher {
    owner: Client,
    web: ServicePath,
    mine: WorkingCopy,
    url: String,
    berth: Berth,
}

impl Pusher {
    async fn new() -> Result<Self> {
        let berth = Berth::with_docker().await?;
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        let token = token(&owner, "laptop", "developer").await?;
        let url = with_token(&format!("{}/git/shop/web.git", berth.url()), &token);
        Ok(Self { owner, web: path("shop/production/web"), mine: WorkingCopy::new()?, url, berth })
    }

    /// One whose first version is live, with settings that make the next rollouts quick.
    async fn live() -> Result<Self> {
        let pusher = Self::new().await?;
        pusher.release("one")?;
        pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
        pusher.owner.patch(&verbs::of(&pusher.web), json!({ "settings": swift() })).await?.done()?;
        pusher.answers("one").await?;
        Ok(pusher)
    }

    fn release(&self, version: &str) -> Result<String> {
        self.mine.commit(&format!("Release {version}"), &[("Dockerfile", &dockerfile(version))])
    }

    /// A version whose build takes a while.
    fn slow_release(&self, version: &str) -> Result<String> {
        // The last stage needs the slow one, so that the builder does not leave it out.
        let text = format!(
            "FROM debian:bookworm-slim AS slow\nRUN echo {version} >/slow && sleep 6\n{}COPY --from=slow /slow /slow\n",
            dockerfile(version)
        );
        self.mine.commit(&format!("Release {version}"), &[("Dockerfile", &text)])
    }

    /// Pushes in the background, until it is killed or done.
    fn begins_to_push(&self) -> Result<Child> {
        let mut git = self.mine.pushing(&self.url, &["HEAD:main"]);
        Ok(git.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    async fn answers(&self, version: &str) -> Result<()> {
        let host = verbs::host(&self.owner.service(&self.web).await?)?;
        verbs::answers(self.berth.http_port, &host, "/", version).await
    }

    fn main(&self) -> Result<Option<String>> {
        self.mine.remote_ref(&self.url, "refs/heads/main")
    }

    async fn builds(&self, number: u64) -> Result<()> {
        eventually_within(BUILD, &format!("deployment {number} builds"), || async {
            let view = self.owner.deployment(&self.web, number).await?;
            ensure!(view.phase == Some(Phase::Build) && view.commit.is_some(), "{view:?}");
            Ok(())
        })
        .await
    }
}

async fn token(owner: &Client, name: &str, role: &str) -> Result<String> {
    let made: Value = owner.post("/me/tokens", json!({ "name": name, "role": role })).await?.ok()?;
    Ok(made["secret"].as_str().context("the secret is shown once")?.to_owned())
}

#[tokio::test]
async fn the_first_push_makes_and_deploys_a_service_and_the_second_redeploys_it() -> Result<()> {
    let pusher = Pusher::new().await?;
    let first = pusher.release("one")?;
    let told = pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
    for words in ["remote: -> build", "remote: -> switch", "Release one", "remote: Live at http://"] {
        ensure!(told.contains(words), "the push does not show {words:?}:\n{told}");
    }
    pusher.answers("one").await?;
    let live = pusher.owner.deployment(&pusher.web, 1).await?;
    ensure!(live.status == Status::Live && live.actor == "laptop", "{live:?}");
    ensure!(live.commit.is_some_and(|commit| commit.id == first && commit.title == "Release one"));
    ensure!(pusher.main()? == Some(first.clone()));

    pusher.owner.patch(&verbs::of(&pusher.web), json!({ "settings": swift() })).await?.done()?;
    let second = pusher.release("two")?;
    pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
    pusher.answers("two").await?;
    ensure!(pusher.main()? == Some(second.clone()));

    // Without a push, what is there is deployed again; and an older commit when that is asked for.
    let again = pusher.owner.deploy(&pusher.web).await?;
    let again = pusher.owner.live(&pusher.web, again.number, BUILD).await?;
    ensure!(again.commit.is_some_and(|commit| commit.id == second));
    let older = json!({ "commit": first });
    let older: DeploymentView =
        pusher.owner.post(&format!("{}/deployments", verbs::of(&pusher.web)), older).await?.ok()?;
    pusher.owner.live(&pusher.web, older.number, BUILD).await?;
    pusher.answers("one").await?;
    ensure!(pusher.main()? == Some(second));
    Ok(())
}

/// The same as somebody sees it who never opens the panel.
#[tokio::test]
async fn what_was_pushed_is_seen_and_deployed_again_with_the_command_line() -> Result<()> {
    let pusher = Pusher::live().await?;
    let token = token(&pusher.owner, "terminal", "developer").await?;
    let url = pusher.berth.url();
    let berth = |words: &[&str]| pusher.berth.cli(&[words, &["--url", &url, "--token", &token]].concat());
    let shown = berth(&["remote", "shop/production/web"])?;
    let address = format!("{url}/git/shop/web.git");
    ensure!(shown.contains(&format!("git remote add berth {address}")), "{shown}");
    ensure!(berth(&["services"])?.contains("shop/production/web  live"));

    pusher.release("two")?;
    let to = with_token(&address, &token);
    pusher.mine.push(&to, &["HEAD:main"])?.accepted()?;
    pusher.answers("two").await?;
    let bad = format!("{}COPY nothing-of-that-name /x\n", dockerfile("three"));
    pusher.mine.commit("Break it", &[("Dockerfile", &bad)])?;
    pusher.mine.push(&to, &["HEAD:main"])?.rejected("remote: Not deployed (failed)")?;

    let listed = berth(&["deployments", "shop/production/web"])?;
    let row = |number: &str| listed.lines().find(|line| line.starts_with(number)).unwrap_or_default();
    ensure!(row("#2").contains("live") && row("#2").contains("Release two"), "{listed}");
    ensure!(row("#3").contains("failed") && row("#3").contains("Break it"), "{listed}");
    ensure!(row("#1").contains("superseded") && row("#1").contains("push"), "{listed}");
    let again = berth(&["deploy", "shop/production/web", "--wait"])?;
    ensure!(again.contains("shop/production/web#4  live"), "{again}");
    pusher.answers("two").await
}

#[tokio::test]
async fn a_push_that_does_not_build_is_told_and_rejected() -> Result<()> {
    let pusher = Pusher::live().await?;
    let first = pusher.main()?;
    let bad = format!("{}COPY nothing-of-that-name /x\n", dockerfile("two"));
    pusher.mine.commit("Break it", &[("Dockerfile", &bad)])?;
    let told = pusher.mine.push(&pusher.url, &["HEAD:main"])?.rejected("pre-receive hook declined")?;
    ensure!(
        told.contains("nothing-of-that-name") && told.contains("remote: Not deployed (failed)"),
        "{told}"
    );
    ensure!(pusher.main()? == first, "the branch was moved");
    pusher.answers("one").await?;
    let id = pusher.owner.service(&pusher.web).await?.id;
    let objects = pusher.berth.data().join("repositories").join(format!("{id}.git/objects"));
    let left = std::fs::read_dir(objects)?.flatten().map(|entry| entry.file_name()).collect::<Vec<_>>();
    ensure!(left.iter().all(|name| !name.to_string_lossy().contains("incoming")), "{left:?}");

    pusher.release("three")?;
    pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
    pusher.answers("three").await
}

#[tokio::test]
async fn a_release_that_never_answers_is_rejected_too() -> Result<()> {
    let pusher = Pusher::live().await?;
    let first = pusher.main()?;
    let mut settings = swift();
    settings["port"] = json!(8081);
    settings["probe"]["start_period_ms"] = json!(2_000);
    pusher.owner.patch(&verbs::of(&pusher.web), json!({ "settings": settings })).await?.done()?;
    // Without it the program would listen where the settings say.
    pusher.owner.set_plain(&pusher.web, "PORT", "8080").await?;
    pusher.release("two")?;
    pusher.mine.push(&pusher.url, &["HEAD:main"])?.rejected("remote: Not deployed (failed)")?;
    ensure!(pusher.main()? == first, "the branch was moved");
    pusher.answers("one").await
}

#[tokio::test]
async fn a_clone_has_what_was_pushed() -> Result<()> {
    let pusher = Pusher::live().await?;
    let reader = token(&pusher.owner, "reader", "viewer").await?;
    let url = with_token(&format!("{}/git/shop/production/web.git", pusher.berth.url()), &reader);
    let clone = pusher.mine.clone_of(&url)?;
    ensure!(std::fs::read_to_string(clone.join("Dockerfile"))? == dockerfile("one"));
    let stranger = pusher.berth.stranger().await?;
    let foreign = token(&stranger, "foreign", "owner").await?;
    let url = with_token(&format!("{}/git/shop/web.git", pusher.berth.url()), &foreign);
    ensure!(pusher.mine.clone_of(&url).is_err(), "a stranger has cloned it");
    Ok(())
}

/// Once a push has come in whole, branch and traffic end the same way without its client, too.
#[tokio::test]
async fn a_client_that_goes_away_leaves_branch_and_traffic_together() -> Result<()> {
    let pusher = Pusher::live().await?;
    let second = pusher.slow_release("two")?;
    let mut client = pusher.begins_to_push()?;
    pusher.builds(2).await?;
    client.kill()?;
    client.wait()?;
    pusher.owner.live(&pusher.web, 2, BUILD).await?;
    pusher.answers("two").await?;
    eventually("the branch follows", || async {
        ensure!(pusher.main()? == Some(second.clone()), "it is at {:?}", pusher.main()?);
        Ok(())
    })
    .await
}

/// R-Q-1: a push that is cut off with Berth itself moves nothing, and can be repeated.
#[tokio::test]
async fn r_q_1_a_push_over_which_berth_is_killed_moves_nothing() -> Result<()> {
    let mut pusher = Pusher::live().await?;
    let first = pusher.main()?;
    pusher.slow_release("two")?;
    let mut client = pusher.begins_to_push()?;
    pusher.builds(2).await?;
    pusher.berth.kill()?;
    ensure!(!client.wait()?.success(), "the push was accepted");
    pusher.berth.start_again().await?;
    pusher.berth.proxy_is_up().await?;
    let cut = pusher.owner.failed(&pusher.web, 2, BUILD).await?;
    ensure!(cut.reason.is_some_and(|reason| reason.contains("Push it again")));
    ensure!(pusher.main()? == first, "the branch was moved");
    pusher.answers("one").await?;
    pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
    pusher.answers("two").await
}

#[tokio::test]
async fn the_same_over_ssh_with_a_key_of_the_account() -> Result<()> {
    let [port] = free_ports()?;
    let environment = vec![("BERTH_SSH_ADDR".to_owned(), format!("127.0.0.1:{port}"))];
    let berth = Berth::start(Options { environment, ..Options::default() }).await?;
    berth.proxy_is_up().await?;
    let owner = berth.owner().await?;
    owner.create_project("shop").await?;
    let mut mine = WorkingCopy::new()?;
    let (web, url) = (path("shop/production/web"), format!("ssh://git@127.0.0.1:{port}/shop/web.git"));
    let key = mine.make_key()?;
    let first = mine.commit("Release one", &[("Dockerfile", &dockerfile("one"))])?;
    mine.push(&url, &["HEAD:main"])?.rejected("Permission denied (publickey)")?;

    owner.post("/me/keys", json!({ "public_key": key })).await?.done()?;
    let told = mine.push(&url, &["HEAD:main"])?.accepted()?;
    ensure!(told.contains("remote: -> build") && told.contains("remote: Live at http://"), "{told}");
    let service = owner.service(&web).await?;
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "one").await?;
    let live = owner.deployment(&web, 1).await?;
    ensure!(live.actor == berth_tests::berth::OWNER, "{live:?}");
    let view: Value = owner.get(&format!("{}/remote", verbs::of(&web))).await?.ok()?;
    ensure!(view["ssh_url"] == url, "{view}");

    owner.patch(&verbs::of(&web), json!({ "settings": swift() })).await?.done()?;
    let second = mine.commit("Release two", &[("Dockerfile", &dockerfile("two"))])?;
    mine.push(&url, &["HEAD:main"])?.accepted()?;
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "two").await?;
    mine.commit("Break it", &[("Dockerfile", "FROM berth-test-missing:1\n")])?;
    mine.push(&url, &["HEAD:main"])?.rejected("remote: Not deployed (failed)")?;
    ensure!(first != second && mine.remote_ref(&url, "refs/heads/main")? == Some(second));
    verbs::answers(berth.http_port, &verbs::host(&service)?, "/", "two").await?;
    let clone = mine.clone_of(&url)?;
    ensure!(std::fs::read_to_string(clone.join("Dockerfile"))? == dockerfile("two"));
    Ok(())
}

/// R-SEC-1: there is no shell behind SSH, no other program, and no way on.
#[tokio::test]
async fn r_sec_1_ssh_answers_git_and_nothing_else() -> Result<()> {
    let [port, inner] = free_ports()?;
    let environment = vec![("BERTH_SSH_ADDR".to_owned(), format!("127.0.0.1:{port}"))];
    let berth = Berth::start(Options { environment, docker: false, ..Options::default() }).await?;
    let owner = berth.owner().await?;
    let mut mine = WorkingCopy::new()?;
    let key = mine.make_key()?;
    owner.post("/me/keys", json!({ "public_key": key })).await?.done()?;
    mine.ssh(port, &[])?.rejected("no shell here")?;
    mine.ssh(port, &["-tt"])?.rejected("PTY allocation request failed")?;
    let canary = berth.scratch().join("canary");
    for command in [
        format!("touch {}", canary.display()),
        format!("git-receive-pack '/shop/web.git'; touch {}", canary.display()),
        "git-receive-pack '/../../etc'".to_owned(),
        "git-upload-archive '/shop/web.git'".to_owned(),
    ] {
        mine.ssh(port, &[&command])?.rejected("Only git is answered here")?;
    }
    mine.ssh(port, &["git-upload-pack '/shop/missing.git'"])?.rejected("no such repository")?;
    ensure!(!canary.exists(), "a command was run");
    ensure!(!mine.ssh(port, &["-s", "sftp"])?.accepted, "sftp was answered");
    let forward = format!("{inner}:127.0.0.1:{}", berth.port);
    ensure!(!mine.ssh(port, &["-o", "ExitOnForwardFailure=yes", "-N", "-R", &forward])?.accepted);

    let keys: Vec<Value> = owner.get("/me/keys").await?.ok()?;
    ensure!(keys[0]["used_at"].is_string(), "{keys:?}");
    let id = keys[0]["id"].as_str().context("it has an id")?;
    owner.delete(&format!("/me/keys/{id}"), Value::Null).await?.done()?;
    mine.ssh(port, &[])?.rejected("Permission denied")?;
    let log = process::tail(&berth.log_file(), 1_000);
    ensure!(log.contains("git is answered over SSH"), "{log}");
    Ok(())
}
