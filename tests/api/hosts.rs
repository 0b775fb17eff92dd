//! R-GIT-1, R-GIT-4: what each host sends, over HTTP, with the verdict and the status that it gets. GitHub's payloads are
//! its own; see `payloads/README.md`.

use berth_tests::{
    prelude::*,
    verbs::{self, image},
    webhook::{Host, HostCall},
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const SECOND: &str = "2222222222222222222222222222222222222222";

macro_rules! payload {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("payloads/", $path, ".json")))
            .expect("a payload is JSON")
    };
}

/// What a host sends on each occasion: the event's name and the body.
struct Sent {
    ping: Option<(&'static str, Value)>,
    push: (&'static str, Value),
    tag: (&'static str, Value),
    deletion: (&'static str, Value),
    rewritten: (&'static str, Value),
    requests: Vec<(&'static str, Value, &'static str)>,
    unknown: &'static str,
}

fn with(mut body: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("the payload has {pointer}")) = value.clone();
    }
    body
}

fn zero() -> Value {
    "0".repeat(40).into()
}

impl Sent {
    fn by(host: Host) -> Self {
        match host {
            Host::GitHub => Self::github(),
            Host::GitLab => Self::gitlab(),
            Host::Gitea | Host::Forgejo => Self::gitea(),
            Host::Bitbucket => Self::bitbucket(),
        }
    }

    fn github() -> Self {
        let push =
            with(payload!("github/push"), &[("/ref", "refs/heads/main".into()), ("/after", COMMIT.into())]);
        let opened = payload!("github/pull_request_opened");
        let fork =
            with(opened.clone(), &[("/pull_request/head/repo/full_name", "stranger/Hello-World".into())]);
        let deletion = with(push.clone(), &[("/deleted", true.into()), ("/after", zero())]);
        let rewritten = with(push.clone(), &[("/forced", true.into()), ("/after", SECOND.into())]);
        Self {
            ping: Some(("ping", payload!("github/ping"))),
            push: ("push", push),
            tag: ("push", payload!("github/push_tag")),
            deletion: ("push", deletion),
            rewritten: ("push", rewritten),
            requests: vec![
                ("pull_request", opened, "opened: previews"),
                ("pull_request", payload!("github/pull_request_synchronize"), "updated: previews"),
                ("pull_request", payload!("github/pull_request_closed"), "closed"),
                ("pull_request", fork, "from a fork"),
            ],
            unknown: "issues",
        }
    }

    fn gitlab() -> Self {
        let push = payload!("gitlab/push");
        let request = payload!("gitlab/merge_request");
        let action = |word: &str| with(request.clone(), &[("/object_attributes/action", word.into())]);
        let updated = with(action("update"), &[("/object_attributes/oldrev", COMMIT.into())]);
        let fork = with(request.clone(), &[("/object_attributes/source_project_id", 99.into())]);
        let event = "Merge Request Hook";
        Self {
            ping: None,
            tag: ("Tag Push Hook", payload!("gitlab/tag_push")),
            deletion: ("Push Hook", with(push.clone(), &[("/after", zero())])),
            rewritten: ("Push Hook", with(push.clone(), &[("/after", SECOND.into())])),
            push: ("Push Hook", push),
            requests: vec![
                (event, request.clone(), "opened: previews"),
                (event, updated, "updated: previews"),
                (event, action("close"), "closed"),
                (event, fork, "from a fork"),
            ],
            unknown: "Note Hook",
        }
    }

    fn gitea() -> Self {
        let push = payload!("gitea/push");
        let request = payload!("gitea/pull_request");
        let action = |word: &str| with(request.clone(), &[("/action", word.into())]);
        let fork = with(request.clone(), &[("/pull_request/head/repo/full_name", "stranger/site".into())]);
        Self {
            ping: None,
            tag: ("push", with(push.clone(), &[("/ref", "refs/tags/v1".into())])),
            deletion: ("delete", payload!("gitea/delete")),
            rewritten: ("push", with(push.clone(), &[("/after", SECOND.into())])),
            push: ("push", push),
            requests: vec![
                ("pull_request", request.clone(), "opened: previews"),
                ("pull_request_sync", action("synchronized"), "updated: previews"),
                ("pull_request", action("closed"), "closed"),
                ("pull_request", fork, "from a fork"),
            ],
            unknown: "issues",
        }
    }

    fn bitbucket() -> Self {
        let push = payload!("bitbucket/push");
        let request = payload!("bitbucket/pull_request");
        let fork =
            with(request.clone(), &[("/pullrequest/source/repository/full_name", "stranger/site".into())]);
        let only_tag = json!([push["push"]["changes"][0].clone()]);
        let forced =
            [("/push/changes/1/forced", true.into()), ("/push/changes/1/new/target/hash", SECOND.into())];
        Self {
            ping: Some(("diagnostics:ping", json!({ "test": true }))),
            tag: ("repo:push", with(push.clone(), &[("/push/changes", only_tag)])),
            deletion: ("repo:push", with(push.clone(), &[("/push/changes/1/new", Value::Null)])),
            rewritten: ("repo:push", with(push.clone(), &forced)),
            push: ("repo:push", push),
            requests: vec![
                ("pullrequest:created", request.clone(), "opened: previews"),
                ("pullrequest:updated", request.clone(), "updated: previews"),
                ("pullrequest:fulfilled", request, "closed"),
                ("pullrequest:created", fork, "from a fork"),
            ],
            unknown: "repo:fork",
        }
    }
}

/// A service with a webhook, and the one who calls it.
struct Hooked {
    owner: Client,
    host: Client,
    service: ServicePath,
    url: String,
    secret: String,
}

impl Hooked {
    async fn new(berth: &Berth, source: Value) -> Result<Self> {
        let owner = berth.owner().await?;
        let service = path("shop/production/web");
        owner.create_service(&service, source, json!({})).await?;
        let hook = owner.webhook(&service).await?;
        Ok(Self { owner, host: berth.anonymous()?, service, url: hook.url, secret: hook.secret })
    }

    /// Makes a call, and sees that answer and record agree.
    async fn told(&self, call: &HostCall, status: u16, verdict: &str, words: &str) -> Result<Value> {
        let answer = call.send(&self.host, &self.url).await?;
        ensure!(answer.status.as_u16() == status, "{words}: {answer:?}");
        let told: Value = serde_json::from_str(&answer.text)?;
        ensure!(told["verdict"] == verdict, "{words}: {told}");
        ensure!(told["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{words}: {told}");
        let page: Value = self
            .owner
            .get(&format!("{}/webhook/deliveries?limit=200", verbs::of(&self.service)))
            .await?
            .ok()?;
        let kept = page["items"].as_array().context("deliveries")?;
        ensure!(
            kept.iter().any(|kept| kept["id"] == told["id"] && kept["status"] == status),
            "{words}: {kept:?}"
        );
        Ok(told)
    }
}

async fn everything_of(host: Host) -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let hooked = Hooked::new(&berth, verbs::git("http://127.0.0.1:9/site.git")).await?;
    let sent = Sent::by(host);
    let call = |event: &str, body: &Value| host.call(event, body.to_string().into_bytes(), &hooked.secret);
    if let Some((event, body)) = &sent.ping {
        hooked.told(&call(event, body), 200, "ignored", "can reach").await?;
    }
    let push = call(sent.push.0, &sent.push.1);
    let first = hooked.told(&push, 202, "queued", "Deployment #1").await?;
    let again = hooked.told(&push, 202, "queued", "Deployment #1").await?;
    ensure!(first["id"] == again["id"], "a delivery that comes twice is judged once");
    hooked.told(&call(sent.tag.0, &sent.tag.1), 200, "ignored", "is not a branch").await?;
    hooked.told(&call(sent.deletion.0, &sent.deletion.1), 200, "ignored", "main was deleted").await?;
    hooked.told(&call(sent.rewritten.0, &sent.rewritten.1), 202, "queued", "Deployment #2").await?;
    for (event, body, words) in &sent.requests {
        hooked.told(&call(event, body), 200, "ignored", words).await?;
    }
    hooked.told(&call(sent.unknown, &json!({})), 200, "ignored", "is not a push").await?;
    refuses(host, &hooked, &sent).await?;
    ensure!(hooked.owner.deployments(&hooked.service).await?.len() == 2, "something else was deployed");
    Ok(())
}

/// R-SEC-8: a wrong secret, a tampered body, no JSON, too much of it.
async fn refuses(host: Host, hooked: &Hooked, sent: &Sent) -> Result<()> {
    let (event, body) = (sent.push.0, sent.push.1.to_string().into_bytes());
    let wrong = host.call(event, body.clone(), "another secret");
    hooked.told(&wrong, 401, "rejected", "wrong").await?;
    let unsigned = HostCall { headers: wrong.headers.into_iter().take(1).collect(), ..wrong };
    hooked.told(&unsigned, 401, "rejected", "The call").await?;
    if host != Host::GitLab {
        let signed = host.call(event, body.clone(), &hooked.secret);
        let tampered = HostCall { body: sent.rewritten.1.to_string().into_bytes(), ..signed };
        hooked.told(&tampered, 401, "rejected", "wrong").await?;
    }
    hooked.told(&host.call(event, b"{".to_vec(), &hooked.secret), 400, "rejected", "is not the JSON").await?;
    // As large as GitHub's largest: the tag's, so that nothing is deployed.
    let mut large = sent.tag.1.to_string().into_bytes();
    large.resize(25_000_000, b' ');
    let large = host.call(sent.tag.0, large, &hooked.secret);
    hooked.told(&large, 200, "ignored", "is not a branch").await?;
    let too_large = host.call(event, vec![b' '; (25 << 20) + 1], &hooked.secret);
    hooked.told(&too_large, 413, "rejected", "25 MiB").await?;
    Ok(())
}

#[tokio::test]
async fn r_git_4_githubs_calls_get_the_right_verdicts() -> Result<()> {
    everything_of(Host::GitHub).await
}

#[tokio::test]
async fn r_git_4_gitlabs_calls_get_the_right_verdicts() -> Result<()> {
    everything_of(Host::GitLab).await
}

#[tokio::test]
async fn r_git_4_giteas_calls_get_the_right_verdicts() -> Result<()> {
    everything_of(Host::Gitea).await
}

#[tokio::test]
async fn r_git_4_forgejos_calls_get_the_right_verdicts() -> Result<()> {
    everything_of(Host::Forgejo).await
}

#[tokio::test]
async fn r_git_4_bitbuckets_calls_get_the_right_verdicts() -> Result<()> {
    everything_of(Host::Bitbucket).await
}

both_databases! {
    /// Docker Hub's address carries its right; a registry of one's own has it in a header.
    async fn r_git_4_a_registrys_call_deploys_the_image_that_it_renews(berth) {
        let hooked = Hooked::new(&berth, image("registry.example:5000/team/app")).await?;
        let hook = hooked.owner.webhook(&hooked.service).await?;
        let (_, query) = hook.registry_url.split_once('?').context("a token")?;
        let hub = |body: &Value| HostCall { headers: vec![], query: format!("?{query}"), body: body.to_string().into_bytes() };
        let pushed = payload!("registry/docker_hub");
        hooked.told(&hub(&pushed), 200, "ignored", "person/site:1.2").await?;
        let ours = with(pushed, &[("/repository/repo_name", "team/app".into()), ("/push_data/tag", "latest".into())]);
        hooked.told(&hub(&ours), 202, "queued", "team/app:latest was pushed").await?;
        hooked.told(&hub(&ours), 202, "queued", "Deployment #1").await?;
        let forged = HostCall { query: "?token=00".into(), ..hub(&ours) };
        hooked.told(&forged, 401, "rejected", "wrong").await?;

        let kind = "application/vnd.docker.distribution.events.v2+json".to_owned();
        let bearer = format!("Bearer {}", hook.secret);
        let events = HostCall {
            headers: vec![("content-type", kind), ("authorization", bearer)],
            query: String::new(),
            body: payload!("registry/distribution").to_string().into_bytes(),
        };
        hooked.told(&events, 202, "queued", "Deployment #2").await?;
        ensure!(hooked.owner.deployments(&hooked.service).await?.len() == 2);
        Ok(())
    }

    /// GitLab's signing token is the same secret in another form.
    async fn r_sec_8_gitlab_may_sign_instead_of_sending_the_secret(berth) {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        use hmac::{Hmac, Mac};
        let hooked = Hooked::new(&berth, verbs::git("http://127.0.0.1:9/site.git")).await?;
        let hook = hooked.owner.webhook(&hooked.service).await?;
        let key = hook.signing_token.strip_prefix("whsec_").context("a signing token")?;
        let body = payload!("gitlab/push").to_string();
        let signed = |at: i64| -> Result<HostCall> {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&BASE64_STANDARD.decode(key)?).ok().context("a key")?;
            mac.update(format!("msg_1.{at}.{body}").as_bytes());
            let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
            let headers = vec![
                ("x-gitlab-event", "Push Hook".into()),
                ("webhook-id", "msg_1".into()),
                ("webhook-timestamp", at.to_string()),
                ("webhook-signature", signature),
            ];
            Ok(HostCall { headers, query: String::new(), body: body.clone().into_bytes() })
        };
        let now = chrono::Utc::now().timestamp();
        hooked.told(&signed(now - 3_600)?, 401, "rejected", "five minutes").await?;
        hooked.told(&signed(now)?, 202, "queued", "Deployment #1").await?;
        Ok(())
    }

    /// R-GIT-1: a stored delivery is judged once more by who may deploy.
    async fn r_git_1_a_delivery_is_replayed(berth) {
        let hooked = Hooked::new(&berth, verbs::git("http://127.0.0.1:9/site.git")).await?;
        let push = Host::GitHub.call("push", payload!("gitea/push").to_string().into_bytes(), &hooked.secret);
        let first = hooked.told(&push, 202, "queued", "Deployment #1").await?;
        let id = first["id"].as_str().unwrap_or_default();
        let replay = format!("{}/webhook/deliveries/{id}/replay", verbs::of(&hooked.service));
        hooked.owner.settled(&hooked.service, 1, Duration::from_secs(60)).await?;
        let again: Value = hooked.owner.post(&replay, Value::Null).await?.ok()?;
        ensure!(again["verdict"] == "queued" && again["deployment"] == 2 && again["replay_of"] == id, "{again}");
        let wrong = Host::GitHub.call("push", b"{}".to_vec(), "another secret");
        let rejected = hooked.told(&wrong, 401, "rejected", "wrong").await?;
        let id = rejected["id"].as_str().unwrap_or_default();
        let replay = format!("{}/webhook/deliveries/{id}/replay", verbs::of(&hooked.service));
        hooked.owner.post(&replay, Value::Null).await?.refused(409)?;
        Ok(())
    }
}
