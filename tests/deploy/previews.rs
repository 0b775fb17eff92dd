//! Previews of pull requests: built, routed, updated and removed for real.

use crate::{fixture::with, git::dockerfile};
use berth_domain::preview::{PreviewState, PreviewView};
use berth_tests::{
    docker,
    forge::{Forge, TOKEN},
    prelude::*,
    verbs::{self, BUILD, of},
    webhook::Host,
};
use bollard::query_parameters::ListVolumesOptionsBuilder;
use std::collections::HashMap;

/// How long the reconcilers may take for what is due.
const DUE: Duration = Duration::from_secs(60);

/// A service with previews whose repository is on a host with Gitea's interface.
struct Site {
    berth: Berth,
    owner: Client,
    web: ServicePath,
    forge: Forge,
    repository: Repository,
    hook: String,
    secret: String,
}

impl Site {
    async fn new(check: &str) -> Result<Self> {
        let environment = vec![("BERTH_PREVIEW_CHECK".to_owned(), check.to_owned())];
        let berth = Berth::start(Options { environment, ..Options::default() }).await?;
        berth.proxy_is_up().await?;
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        let forge = Forge::start().await?;
        let repository = forge.git.repository("team/site")?;
        repository.commit("Release one", &[("Dockerfile", &dockerfile("one"))])?;
        let volumes = json!([{ "name": "data", "path": "/data" }]);
        let settings = with(json!({ "previews": { "on": true }, "volumes": volumes }));
        owner.create_service(&web, verbs::git(&repository.url), settings).await?;
        let hook = owner.webhook(&web).await?;
        Ok(Self { berth, owner, web, forge, repository, hook: hook.url, secret: hook.secret })
    }

    /// Keeps the host's token.
    async fn with_token(&self) -> Result<()> {
        let credential = json!({ "username": "git", "secret": TOKEN });
        self.owner.put(&format!("{}/credential", of(&self.web)), credential).await?.done()
    }

    /// A commit on a branch of its own.
    fn commit(&self, branch: &str, version: &str) -> Result<String> {
        self.repository.branch(branch)?;
        self.repository.commit(&format!("Change to {version}"), &[("Dockerfile", &dockerfile(version))])
    }

    /// The host's call for a pull request.
    async fn tells(&self, action: &str, request: &Request<'_>, status: u16) -> Result<()> {
        let own = json!({ "full_name": "team/site" });
        let from = if request.fork { json!({ "full_name": "stranger/site" }) } else { own.clone() };
        let body = json!({ "action": action, "number": request.number, "pull_request": {
            "title": "A change", "user": { "login": "person" },
            "head": { "ref": request.branch, "sha": request.commit, "repo": from },
            "base": { "ref": "main", "sha": "", "repo": own },
        }});
        let call = Host::Gitea.call("pull_request", body.to_string().into_bytes(), &self.secret);
        let answer = call.send(&self.berth.anonymous()?, &self.hook).await?;
        ensure!(answer.status.as_u16() == status, "{action}: {answer:?}");
        Ok(())
    }

    async fn preview(&self, number: u64) -> Result<PreviewView> {
        let all: Vec<PreviewView> = self.owner.get(&format!("{}/previews", of(&self.web))).await?.ok()?;
        all.into_iter()
            .find(|preview| preview.number == number)
            .with_context(|| format!("no preview {number}"))
    }

    /// Waits until the preview answers with this version on its own host.
    async fn answers(&self, number: u64, deployment: u64, version: &str) -> Result<PreviewView> {
        let preview = self.preview(number).await?;
        let child = preview.service.clone().context("a service")?;
        self.owner.live(&child, deployment, BUILD).await?;
        verbs::answers(self.berth.http_port, &format!("pr-{number}-web-shop.localhost"), "/", version)
            .await?;
        Ok(preview)
    }

    /// Waits until nothing in Docker carries the label of the preview's service or environment, and no row is left.
    async fn is_gone(&self, number: u64, traces: &Traces) -> Result<()> {
        let seen = Docker::connect().await?;
        let instance = &self.berth.instance;
        eventually_within(DUE, &format!("nothing is left of preview {number}"), || async {
            ensure!(self.preview(number).await.is_err(), "the pull request is known still");
            let at = format!("/projects/shop/environments/pr-{number}-web");
            ensure!(self.owner.get(&at).await?.status == 404, "the environment is there");
            let left = seen.containers(&format!("berth.service={}", traces.service)).await?;
            ensure!(left.is_empty(), "containers: {left:?}");
            let networks = seen.networks(&format!("berth.environment={}", traces.environment)).await?;
            ensure!(networks.is_empty(), "networks: {networks:?}");
            ensure!(volumes(&seen, &traces.service).await?.is_empty(), "a volume is there");
            let end = &traces.service[traces.service.len() - 12..];
            let images = seen.tags(&format!("berth-{instance}/*")).await?;
            ensure!(!images.iter().any(|tag| tag.contains(end)), "images: {images:?}");
            Ok(())
        })
        .await
    }

    /// What the preview's instance says of itself.
    async fn traces(&self, preview: &PreviewView) -> Result<Traces> {
        let child = self.owner.service(preview.service.as_ref().context("a service")?).await?;
        let service = child.id.to_string();
        let seen = Docker::connect().await?.instances(&self.berth.instance).await?;
        let its = seen.into_iter().find(|one| docker::label(one, "berth.service") == service);
        let its = its.context("its instance runs")?;
        let networks = its.network_settings.as_ref().and_then(|all| all.networks.as_ref());
        Ok(Traces {
            environment: docker::label(&its, "berth.environment").to_owned(),
            networks: networks.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
            variables: its.config.and_then(|config| config.env).unwrap_or_default().join("\n"),
            service,
        })
    }
}

/// A pull request at the host.
struct Request<'a> {
    number: u64,
    branch: &'a str,
    commit: &'a str,
    fork: bool,
}

/// What a preview has in Docker.
struct Traces {
    service: String,
    environment: String,
    networks: Vec<String>,
    variables: String,
}

async fn volumes(docker: &Docker, service: &str) -> Result<Vec<String>> {
    let filters = HashMap::from([("label".to_owned(), vec![format!("berth.service={service}")])]);
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let found = docker.api.list_volumes(Some(options)).await?.volumes.unwrap_or_default();
    Ok(found.into_iter().map(|volume| volume.name).collect())
}

/// R-PRV-1, R-PRV-3: own network, volume, host and variables; one comment; a second commit; and after the end exactly
/// what was the preview's is gone.
#[tokio::test]
async fn r_prv_3_a_pull_request_runs_apart_and_leaves_nothing_behind() -> Result<()> {
    let site = Site::new("1h").await?;
    let owner = &site.owner;
    site.with_token().await?;
    owner.set_secret(&site.web, "PRODUCTION", "canary-production").await?;
    let variable = format!("{}/previews/variables/GREETING", of(&site.web));
    owner.put(&variable, json!({ "value": "hello-preview" })).await?.done()?;
    let queued = owner.deploy(&site.web).await?;
    owner.live(&site.web, queued.number, BUILD).await?;

    let commit = site.commit("feature", "two")?;
    let request = Request { number: 7, branch: "feature", commit: &commit, fork: false };
    site.tells("opened", &request, 202).await?;
    let preview = site.answers(7, 1, "two").await?;
    let traces = site.traces(&preview).await?;
    ensure!(traces.variables.contains("GREETING=hello-preview"), "{}", traces.variables);
    ensure!(!traces.variables.contains("canary"), "{}", traces.variables);
    let production = owner.service(&site.web).await?.id.to_string();
    let running = Docker::connect().await?.instances(&site.berth.instance).await?;
    let theirs = running.iter().find(|one| docker::label(one, "berth.service") == production);
    let theirs =
        theirs.and_then(|one| one.network_settings.as_ref()?.networks.as_ref()).context("networks")?;
    ensure!(!traces.networks.is_empty() && !traces.networks.iter().any(|name| theirs.contains_key(name)));
    ensure!(
        volumes(&Docker::connect().await?, &traces.service).await?.len() == 1,
        "it has a volume of its own"
    );
    site.says(7, "answers at http://pr-7-web-shop.localhost").await?;

    let second = site.commit("feature", "three")?;
    site.tells("synchronized", &Request { commit: &second, ..request }, 202).await?;
    site.answers(7, 2, "three").await?;
    site.says(7, &second[..8]).await?;
    site.tells("closed", &Request { number: 7, branch: "feature", commit: &second, fork: false }, 200)
        .await?;
    site.is_gone(7, &traces).await?;
    site.says(7, "was removed").await?;
    verbs::answers(site.berth.http_port, "web-shop.localhost", "/", "one").await?;
    ensure!(volumes(&Docker::connect().await?, &production).await?.len() == 1, "production's volume stays");
    Ok(())
}

impl Site {
    /// Waits until the one comment says this.
    async fn says(&self, number: u64, words: &str) -> Result<()> {
        eventually_within(DUE, &format!("the comment says {words:?}"), || async {
            let comments = self.forge.comments(number);
            ensure!(comments.len() == 1 && comments[0].contains(words), "{comments:?}");
            Ok(())
        })
        .await
    }
}

/// R-PRV-2: calls that never came are found by asking the host, or the repository where no token is kept.
#[tokio::test]
async fn r_prv_2_a_lost_call_is_found_by_asking() -> Result<()> {
    let site = Site::new("2s").await?;
    let commit = site.commit("lost", "two")?;
    let request = Request { number: 8, branch: "lost", commit: &commit, fork: false };
    site.tells("opened", &request, 202).await?;
    let preview = site.answers(8, 1, "two").await?;
    let traces = site.traces(&preview).await?;
    let moved = site.commit("lost", "three")?;
    eventually_within(DUE, "the new commit is found", || async {
        ensure!(site.preview(8).await?.commit == moved, "it is not");
        Ok(())
    })
    .await?;
    site.answers(8, 2, "three").await?;
    site.repository.delete_branch("lost")?;
    site.is_gone(8, &traces).await?;

    site.with_token().await?;
    let commit = site.commit("closed", "four")?;
    site.forge.pull_request(9, "open", &commit);
    site.tells("opened", &Request { number: 9, branch: "closed", commit: &commit, fork: false }, 202).await?;
    let preview = site.answers(9, 1, "four").await?;
    let traces = site.traces(&preview).await?;
    site.forge.pull_request(9, "closed", &commit);
    site.is_gone(9, &traces).await
}

/// R-SEC-11: a fork's commit is built when it is approved, and not before; switched off, everything goes.
#[tokio::test]
async fn r_sec_11_a_fork_is_held_and_switching_off_removes_all() -> Result<()> {
    let site = Site::new("1h").await?;
    let owner = &site.owner;
    let foreign = site.repository.commit_as(
        "refs/pull/5/head",
        "From a fork",
        &[("Dockerfile", &dockerfile("forked"))],
    )?;
    site.tells("opened", &Request { number: 5, branch: "main", commit: &foreign, fork: true }, 200).await?;
    let own = site.commit("feature", "two")?;
    site.tells("opened", &Request { number: 6, branch: "feature", commit: &own, fork: false }, 202).await?;
    let second = site.answers(6, 1, "two").await?;
    let waiting = site.preview(5).await?;
    ensure!(waiting.state == PreviewState::Waiting && waiting.service.is_none(), "{waiting:?}");
    let running = Docker::connect().await?.instances(&site.berth.instance).await?;
    ensure!(running.len() == 1, "only the other preview runs");

    let at = format!("{}/previews/5/approve", of(&site.web));
    owner.post(&at, json!({ "commit": foreign })).await?.done()?;
    let first = site.answers(5, 1, "forked").await?;
    let traces = [site.traces(&first).await?, site.traces(&second).await?];
    owner
        .patch(&of(&site.web), json!({ "settings": with(json!({ "previews": { "on": false } })) }))
        .await?
        .done()?;
    for (number, traces) in [(5, &traces[0]), (6, &traces[1])] {
        site.is_gone(number, traces).await?;
    }
    Ok(())
}
