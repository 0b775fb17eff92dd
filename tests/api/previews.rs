//! R-PRV, R-SEC-11: pull requests as the hosts tell of them, and what becomes of them, without Docker.

use berth_domain::{
    preview::{PreviewState, PreviewView},
    project::EnvironmentView,
    variable::VariablesView,
};
use berth_tests::{
    prelude::*,
    verbs::{self, of},
    webhook::Host,
};

const NEXT: &str = "2222222222222222222222222222222222222222";

macro_rules! payload {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("payloads/", $path, ".json")))
            .expect("a payload is JSON")
    };
}

fn with(mut body: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("the payload has {pointer}")) = value.clone();
    }
    body
}

/// A service with previews, and the host that calls it.
struct Hosted {
    owner: Client,
    nobody: Client,
    web: ServicePath,
    url: String,
    secret: String,
}

impl Hosted {
    /// Whose repository has this branch.
    async fn deploying(berth: &Berth, branch: &str, previews: Value) -> Result<Self> {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        let source = json!({ "type": "git", "url": "http://127.0.0.1:9/team/site.git", "branch": branch });
        owner.create_service(&web, source, json!({ "previews": previews })).await?;
        let hook = owner.webhook(&web).await?;
        Ok(Self { owner, nobody: berth.anonymous()?, web, url: hook.url, secret: hook.secret })
    }

    /// Makes a call, and sees its verdict and a part of the reason.
    async fn told(&self, host: Host, event: &str, body: &Value, wanted: (u16, &str)) -> Result<Value> {
        let call = host.call(event, body.to_string().into_bytes(), &self.secret);
        let answer = call.send(&self.nobody, &self.url).await?;
        ensure!(
            answer.status.as_u16() == wanted.0 && answer.text.contains(wanted.1),
            "{wanted:?}: {answer:?}"
        );
        let told: Value = serde_json::from_str(&answer.text)?;
        ensure!((told["verdict"] == "queued") == (wanted.0 == 202), "{told}");
        Ok(told)
    }

    async fn github(&self, body: &Value, wanted: (u16, &str)) -> Result<Value> {
        self.told(Host::GitHub, "pull_request", body, wanted).await
    }

    async fn previews(&self) -> Result<Vec<PreviewView>> {
        self.owner.get(&format!("{}/previews", of(&self.web))).await?.ok()
    }

    /// The only one.
    async fn preview(&self) -> Result<PreviewView> {
        let mut all = self.previews().await?;
        ensure!(all.len() == 1, "{all:?}");
        all.pop().context("a preview")
    }

    async fn there_is_none(&self) -> Result<()> {
        ensure!(self.previews().await?.is_empty(), "{:?}", self.previews().await?);
        let project: Value = self.owner.get("/projects/shop").await?.ok()?;
        ensure!(project["environments"].as_array().is_some_and(|all| all.len() == 1), "{project}");
        Ok(())
    }

    fn at(&self, verb: &str) -> String {
        format!("{}/previews/2{verb}", of(&self.web))
    }
}

fn on() -> Value {
    json!({ "on": true })
}

/// GitHub's own payload, from a fork.
fn from_a_fork() -> Value {
    with(
        payload!("github/pull_request_opened"),
        &[("/pull_request/head/repo/full_name", "stranger/Hello-World".into())],
    )
}

fn next(body: Value) -> Value {
    with(body, &[("/action", "synchronize".into()), ("/pull_request/head/sha", NEXT.into())])
}

both_databases! {
    /// R-PRV-1, R-PRV-2, R-SEC-11: opened, updated and closed, as GitHub tells it.
    async fn r_prv_1_a_pull_request_gets_an_environment_with_the_variables_of_previews_only(berth) {
        let hosted = Hosted::deploying(&berth, "master", on()).await?;
        let owner = &hosted.owner;
        owner.set_secret(&hosted.web, "PRODUCTION", "canary-production").await?;
        let variable = format!("{}/previews/variables", of(&hosted.web));
        owner.put(&format!("{variable}/PLAIN"), json!({ "value": "shown", "secret": false })).await?.done()?;
        owner.put(&format!("{variable}/HIDDEN"), json!({ "value": "canary-preview" })).await?.done()?;
        let listed = owner.get(&variable).await?;
        ensure!(listed.text.contains("shown") && !listed.text.contains("canary-preview"), "{}", listed.text);

        let opened = payload!("github/pull_request_opened");
        let first = hosted.github(&opened, (202, "deployment #1 of shop/pr-2-web/web was queued")).await?;
        ensure!(first["deployment"].is_null(), "the service itself deployed: {first}");
        let preview = hosted.preview().await?;
        ensure!(preview.state == PreviewState::Open && !preview.foreign, "{preview:?}");
        ensure!(preview.title == "Update the README with new information." && preview.author == "Codertocat");
        ensure!(preview.url.as_deref() == Some("https://github.com/Codertocat/Hello-World/pull/2"));
        ensure!(preview.link.as_deref().is_some_and(|link| link.contains("//pr-2-web-shop.localhost")), "{preview:?}");
        let environment: EnvironmentView = owner.get("/projects/shop/environments/pr-2-web").await?.ok()?;
        ensure!(environment.preview.is_some_and(|of| of.number == 2 && of.service == hosted.web));

        let child = preview.service.context("a service")?;
        let variables: VariablesView = owner.get(&format!("{}/variables", of(&child))).await?.ok()?;
        let keys: Vec<_> = variables.variables.iter().map(|variable| (variable.key.as_str(), variable.secret)).collect();
        ensure!(keys == [("HIDDEN", true), ("PLAIN", false)], "{keys:?}");
        let revealed: Value = owner.post(&format!("{}/variables/HIDDEN/reveal", of(&child)), Value::Null).await?.ok()?;
        ensure!(revealed["value"] == "canary-preview", "{revealed}");

        hosted.github(&next(opened), (202, "deployment #2 of shop/pr-2-web/web")).await?;
        ensure!(hosted.preview().await?.commit == NEXT);
        ensure!(owner.deployments(&hosted.web).await?.is_empty(), "the service itself was deployed");
        hosted.github(&payload!("github/pull_request_closed"), (200, "preview is being removed")).await?;
        hosted.there_is_none().await?;
        owner.get("/projects/shop/environments/pr-2-web").await?.refused(404)?;
        hosted.github(&payload!("github/pull_request_closed"), (200, "no preview of it to remove")).await?;
        Ok(())
    }

    /// R-SEC-11: a fork's commit waits for a member, each commit anew, and nothing else lets it run.
    async fn r_sec_11_a_forks_commit_runs_only_when_a_member_approved_it(berth) {
        let hosted = Hosted::deploying(&berth, "master", on()).await?;
        let owner = &hosted.owner;
        hosted.github(&from_a_fork(), (200, "without a member's approval")).await?;
        let waiting = hosted.preview().await?;
        ensure!(waiting.foreign && waiting.state == PreviewState::Waiting && waiting.service.is_none(), "{waiting:?}");
        owner.get("/projects/shop/environments/pr-2-web").await?.refused(404)?;
        owner.post(&hosted.at("/redeploy"), Value::Null).await?.refused(409)?;
        owner.post(&hosted.at("/approve"), json!({ "commit": NEXT })).await?.refused(409)?;
        let viewer = berth.member(Role::Viewer).await?;
        viewer.post(&hosted.at("/approve"), json!({ "commit": waiting.commit })).await?.refused(403)?;

        let deployer = berth.member(Role::Deployer).await?;
        let approved: PreviewView =
            deployer.post(&hosted.at("/approve"), json!({ "commit": waiting.commit })).await?.ok()?;
        ensure!(approved.state == PreviewState::Open, "{approved:?}");
        ensure!(approved.approved_by.as_deref() == Some("deployer@example.com"), "{approved:?}");
        let child = approved.service.context("a service")?;
        ensure!(owner.deployments(&child).await?.len() == 1);
        owner.post(&hosted.at("/approve"), json!({ "commit": waiting.commit })).await?.refused(409)?;

        hosted.github(&next(from_a_fork()), (200, "without a member's approval")).await?;
        let again = hosted.preview().await?;
        ensure!(again.state == PreviewState::Waiting && again.approved_by.is_none() && again.commit == NEXT, "{again:?}");
        owner.post(&hosted.at("/redeploy"), Value::Null).await?.refused(409)?;
        let deployments = format!("{}/deployments", of(&child));
        owner.post(&deployments, json!({ "commit": NEXT })).await?.refused(409)?;
        ensure!(owner.deployments(&child).await?.len() == 1, "something of the new commit was queued");
        let events: Value = owner.get("/events?kind=preview.").await?.ok()?;
        let kinds: Vec<_> = events["items"].as_array().or(events.as_array()).into_iter().flatten().map(|event| event["kind"].clone()).collect();
        ensure!(kinds.contains(&json!("preview.asked")) && kinds.contains(&json!("preview.approved")), "{events}");
        Ok(())
    }

    /// R-SEC-11: so does that of an outsider with a branch in the repository itself.
    async fn r_sec_11_an_outsiders_commit_waits_too(berth) {
        let hosted = Hosted::deploying(&berth, "master", on()).await?;
        let opened = payload!("github/pull_request_opened");
        for what in ["COLLABORATOR", "CONTRIBUTOR", "NONE"] {
            let body = with(opened.clone(), &[("/pull_request/author_association", what.into())]);
            hosted.github(&body, (200, "without a member's approval")).await?;
        }
        hosted.github(&with(opened, &[("/pull_request/author_association", "MEMBER".into())]), (202, "deployment #1")).await?;
        Ok(())
    }

    /// R-PRV-2: switched off, all are gone; so when the service itself is deleted.
    async fn r_prv_2_without_previews_or_without_the_service_there_is_nothing_left(berth) {
        let hosted = Hosted::deploying(&berth, "master", on()).await?;
        let (owner, opened) = (&hosted.owner, payload!("github/pull_request_opened"));
        let third = with(from_a_fork(), &[("/number", 3.into())]);
        hosted.github(&opened, (202, "deployment #1")).await?;
        hosted.github(&third, (200, "approval")).await?;
        owner.patch(&of(&hosted.web), json!({ "settings": { "previews": { "on": false } } })).await?.done()?;
        hosted.there_is_none().await?;
        hosted.github(&opened, (200, "previews are not set up")).await?;
        owner.patch(&of(&hosted.web), json!({ "settings": { "previews": { "on": true } } })).await?.done()?;
        hosted.github(&opened, (202, "deployment #1")).await?;
        owner.delete(&of(&hosted.web), json!({ "confirm": "web" })).await?.done()?;
        owner.get("/projects/shop/environments/pr-2-web").await?.refused(404)?;
        Ok(())
    }

    /// R-PRV-2: the one that was quiet for the longest makes room; a deleted branch takes its preview along.
    async fn r_prv_2_there_are_never_too_many_and_none_of_a_deleted_branch(berth) {
        let hosted = Hosted::deploying(&berth, "master", json!({ "on": true, "most": 1 })).await?;
        let opened = payload!("github/pull_request_opened");
        hosted.github(&opened, (202, "deployment #1")).await?;
        let third = with(opened.clone(), &[("/number", 3.into()), ("/pull_request/head/ref", "third".into())]);
        hosted.github(&third, (202, "deployment #1")).await?;
        let all = hosted.previews().await?;
        let states: Vec<_> = all.iter().map(|preview| (preview.number, preview.state)).collect();
        ensure!(states == [(3, PreviewState::Open), (2, PreviewState::Removed)], "{states:?}");
        ensure!(all[1].reason.as_deref().is_some_and(|why| why.contains("1 previews at the most")), "{all:?}");
        hosted.owner.post(&hosted.at("/redeploy"), Value::Null).await?.done()?;
        let states: Vec<_> = hosted.previews().await?.iter().map(|preview| preview.state).collect();
        ensure!(states == [PreviewState::Removed, PreviewState::Open], "{states:?}");

        let gone = with(payload!("github/push"), &[
            ("/ref", "refs/heads/changes".into()), ("/deleted", true.into()), ("/after", "0".repeat(40).into()),
        ]);
        hosted.told(Host::GitHub, "push", &gone, (200, "The branch of pull request 2 was deleted")).await?;
        ensure!(hosted.previews().await?.iter().all(|preview| preview.number == 3));
        hosted.owner.delete(&hosted.at(""), Value::Null).await?.refused(404)?;
        Ok(())
    }

    /// The other hosts' pull requests, and those that are for another branch.
    async fn r_prv_1_every_hosts_pull_request_gets_a_preview(berth) {
        let hosted = Hosted::deploying(&berth, "main", on()).await?;
        let merge = payload!("gitlab/merge_request");
        hosted.told(Host::GitLab, "Merge Request Hook", &merge, (202, "shop/pr-7-web/web")).await?;
        hosted.told(Host::Gitea, "pull_request", &payload!("gitea/pull_request"), (202, "shop/pr-4-web/web")).await?;
        let data_center = payload!("bitbucket/pr_opened");
        hosted.told(Host::Bitbucket, "pr:opened", &data_center, (200, "without a member's approval")).await?;
        let own = with(data_center, &[("/pullRequest/fromRef/repository/id", 84.into())]);
        hosted.told(Host::Bitbucket, "pr:opened", &own, (202, "shop/pr-3-web/web")).await?;
        // Its cloud tells a part of the commit's id only, and the repository does not answer here.
        let cloud = payload!("bitbucket/pull_request");
        hosted.told(Host::Bitbucket, "pullrequest:created", &cloud, (200, "Pull request 12 has no preview")).await?;
        hosted.github(&payload!("github/pull_request_opened"), (200, "is for master; this service deploys main")).await?;
        let titles: Vec<_> = hosted.previews().await?.into_iter().map(|preview| preview.title).collect();
        ensure!(titles == ["Another title"; 3], "{titles:?}");
        hosted.told(Host::GitLab, "Merge Request Hook", &with(merge, &[("/object_attributes/action", "merge".into())]), (200, "is being removed")).await?;
        ensure!(hosted.previews().await?.len() == 2);
        Ok(())
    }
}

/// Settings that make no sense are refused at their field.
#[tokio::test]
async fn the_limits_of_previews_are_checked() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    owner.create_service(&web, verbs::git("http://127.0.0.1:9/site.git"), json!({})).await?;
    for (previews, field) in [(json!({ "ttl_h": 0 }), "preview_ttl"), (json!({ "most": 0 }), "preview_most")]
    {
        let change = json!({ "settings": { "previews": previews } });
        owner.patch(&of(&web), change).await?.refuses_field(field)?;
    }
    Ok(())
}
