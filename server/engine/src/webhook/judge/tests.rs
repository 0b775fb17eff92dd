//! Every kind of call of every host: GitHub's as it sends them, the others' as they document them.

use super::super::signature;
use super::*;
use serde_json::{Value, json};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const BEFORE: &str = "89abcdef0123456789abcdef0123456789abcdef";

macro_rules! payload {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            "../../../../../tests/api/payloads/",
            $path,
            ".json"
        )))
        .unwrap()
    };
}

fn call(headers: &[(&str, &str)]) -> Call {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Call::read(&headers, None)
}

fn git(branch: &str) -> Source {
    Source::Git(GitSource { branch: branch.into(), ..GitSource::new("https://git.example/a/b.git") })
}

fn said(judgement: Result<Judgement, Rejection>) -> String {
    match judgement {
        Ok(Judgement::Ignore { reason, .. }) => format!("ignored: {reason}"),
        Ok(Judgement::Reject(why)) | Err(why) => format!("rejected {}: {}", why.status, why.reason),
        Ok(Judgement::Deploy(wanted)) => {
            format!("deploys {} from {:?}", wanted.commit.unwrap_or_default(), wanted.before)
        }
        Ok(Judgement::Preview(request)) => {
            let PullRequest { number, action, fork, outside, .. } = &request;
            let of = format!("{} by {} at {}", request.branch, request.author, request.commit);
            format!("preview {number} {action:?} fork {fork} outside {outside}: {of}")
        }
        Ok(Judgement::Previewed(done)) => done.reason,
    }
}

fn judged_for(source: &Source, settings: &ServiceSettings, call: &Call, body: &Value) -> String {
    let read = understand(call, body.to_string().as_bytes()).map_err(Rejection::from);
    said(read.map(|(delivery, _)| judge(source, settings, &call.event, &delivery)))
}

/// What becomes of a call to a service that deploys `branch`.
fn judged(branch: &str, headers: &[(&str, &str)], body: &Value) -> String {
    judged_for(&git(branch), &ServiceSettings::default(), &call(headers), body)
}

fn changed(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).unwrap_or_else(|| panic!("the payload has {pointer}")) = value;
    body
}

#[test]
fn r_git_4_githubs_pushes_are_judged() {
    let push = |body: &Value| judged("master", &[("x-github-event", "push")], body);
    let new = payload!("github/push");
    let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
    assert_eq!(push(&new), format!("deploys {commit} from None"), "a new branch");
    let later = changed(new.clone(), "/before", json!(BEFORE));
    assert_eq!(push(&later), format!("deploys {commit} from Some(\"{BEFORE}\")"));
    let forced = changed(later.clone(), "/forced", json!(true));
    assert_eq!(push(&forced), format!("deploys {commit} from None"), "nothing to compare with");
    let zero = json!("0".repeat(40));
    let deleted = changed(changed(later.clone(), "/deleted", json!(true)), "/after", zero);
    assert_eq!(push(&deleted), "ignored: The branch master was deleted.");
    assert_eq!(push(&payload!("github/push_tag")), "ignored: refs/tags/simple-tag is not a branch.");
    assert_eq!(
        push(&changed(new.clone(), "/head_commit/message", json!("x [Skip CI]"))),
        "ignored: The commit's message asks to skip it."
    );
    assert_eq!(
        judged("main", &[("x-github-event", "push")], &new),
        "ignored: The push is for master; this service deploys main."
    );
    let gone = judged("master", &[("x-github-event", "delete")], &payload!("github/delete_tag"));
    assert_eq!(gone, "ignored: refs/tags/simple-tag is not a branch.");
    let ping = judged("master", &[("x-github-event", "ping")], &payload!("github/ping"));
    assert_eq!(ping, "ignored: The git host can reach this webhook.");
}

/// What a service with previews makes of a call.
fn previewed(branch: &str, headers: &[(&str, &str)], body: &Value) -> String {
    let mut settings = ServiceSettings::default();
    settings.previews.on = true;
    judged_for(&git(branch), &settings, &call(headers), body)
}

#[test]
fn r_prv_1_pull_requests_of_every_host_are_read_with_who_and_what() {
    let github = |body: &Value| previewed("master", &[("x-github-event", "pull_request")], body);
    let opened = payload!("github/pull_request_opened");
    let of = "changes by Codertocat at ec26c3e57ca3a959ca5aad62de7213c562f8c821";
    assert_eq!(github(&opened), format!("preview 2 Opened fork false outside false: {of}"));
    let outsider = changed(opened.clone(), "/pull_request/author_association", json!("CONTRIBUTOR"));
    assert_eq!(github(&outsider), format!("preview 2 Opened fork false outside true: {of}"));
    let fork = changed(opened.clone(), "/pull_request/head/repo", Value::Null);
    assert_eq!(github(&fork), format!("preview 2 Opened fork true outside false: {of}"));
    let closed = payload!("github/pull_request_closed");
    assert!(github(&closed).starts_with("preview 2 Closed"), "{}", github(&closed));
    let elsewhere = previewed("main", &[("x-github-event", "pull_request")], &opened);
    assert_eq!(elsewhere, "ignored: Pull request 2 is for master; this service deploys main.");
    let labelled = changed(opened, "/action", json!("labeled"));
    assert!(github(&labelled).contains("changes nothing that would run"));

    let merge = payload!("gitlab/merge_request");
    let gitlab = previewed("main", &[("x-gitlab-event", "Merge Request Hook")], &merge);
    assert_eq!(gitlab, format!("preview 7 Opened fork false outside false: title by person at {COMMIT}"));
    let gitea = previewed("main", &[("x-gitea-event", "pull_request")], &payload!("gitea/pull_request"));
    assert_eq!(gitea, format!("preview 4 Opened fork false outside false: title by person at {COMMIT}"));
    let cloud = payload!("bitbucket/pull_request");
    let cloud = previewed("main", &[("x-event-key", "pullrequest:created")], &cloud);
    assert_eq!(cloud, "preview 12 Opened fork false outside false: title by  at 0123456789ab");
    let center = previewed("main", &[("x-event-key", "pr:opened")], &payload!("bitbucket/pr_opened"));
    assert_eq!(center, format!("preview 3 Opened fork true outside false: title by  at {COMMIT}"));
}

#[test]
fn what_was_kept_before_previews_makes_none() {
    let kept = r#"{"what": "pull_request", "number": 2, "action": "opened", "fork": false}"#;
    let delivery: Delivery = serde_json::from_str(kept).unwrap();
    let mut settings = ServiceSettings::default();
    settings.previews.on = true;
    let judgement = judge(&git("main"), &settings, "pull_request", &delivery);
    assert_eq!(said(Ok(judgement)), "ignored: Too little is known of pull request 2.");
}

#[test]
fn r_sec_11_githubs_pull_requests_have_no_previews_and_forks_least_of_all() {
    let told = |body: &Value| judged("master", &[("x-github-event", "pull_request")], body);
    let opened = payload!("github/pull_request_opened");
    assert_eq!(told(&opened), "ignored: Pull request 2 was opened: previews are not set up.");
    assert_eq!(
        told(&payload!("github/pull_request_synchronize")),
        "ignored: Pull request 2 was updated: previews are not set up."
    );
    assert_eq!(
        told(&payload!("github/pull_request_closed")),
        "ignored: Pull request 2 was closed, and there is no preview of it to remove."
    );
    let fork = changed(opened.clone(), "/pull_request/head/repo/full_name", json!("stranger/Hello-World"));
    let words = "ignored: Pull request 2 was opened from a fork: nothing of it runs without a member's approval, and previews are not set up.";
    assert_eq!(told(&fork), words);
    assert_eq!(
        told(&changed(opened.clone(), "/pull_request/head/repo", Value::Null)),
        words,
        "a deleted fork"
    );
    assert_eq!(
        told(&changed(opened, "/action", json!("labeled"))),
        "ignored: What happened to pull request 2 changes nothing that would run."
    );
}

#[test]
fn r_git_4_gitlabs_calls_are_judged() {
    let told = |event: &str, body: &Value| judged("main", &[("x-gitlab-event", event)], body);
    let push = payload!("gitlab/push");
    assert_eq!(told("Push Hook", &push), format!("deploys {COMMIT} from Some(\"{BEFORE}\")"));
    let zero = json!("0".repeat(40));
    assert_eq!(
        told("Push Hook", &changed(push.clone(), "/before", zero.clone())),
        format!("deploys {COMMIT} from None")
    );
    assert_eq!(
        told("Push Hook", &changed(push.clone(), "/after", zero)),
        "ignored: The branch main was deleted."
    );
    assert_eq!(
        told("Push Hook", &changed(push, "/commits/0/message", json!("x [skip berth]"))),
        "ignored: The commit's message asks to skip it."
    );
    assert_eq!(
        told("Tag Push Hook", &payload!("gitlab/tag_push")),
        "ignored: refs/tags/v1.0.0 is not a branch."
    );
    let merge = payload!("gitlab/merge_request");
    let merged = |body: &Value| told("Merge Request Hook", body);
    assert_eq!(merged(&merge), "ignored: Pull request 7 was opened: previews are not set up.");
    let action = |word: &str| changed(merge.clone(), "/object_attributes/action", json!(word));
    let updated = changed(action("update"), "/object_attributes/oldrev", json!(BEFORE));
    assert_eq!(merged(&updated), "ignored: Pull request 7 was updated: previews are not set up.");
    assert_eq!(
        merged(&action("update")),
        "ignored: What happened to pull request 7 changes nothing that would run."
    );
    assert!(merged(&action("merge")).contains("was closed"));
    let fork = changed(merge.clone(), "/object_attributes/source_project_id", json!(99));
    assert!(merged(&fork).contains("from a fork"), "{}", merged(&fork));
    assert_eq!(told("Note Hook", &json!({})), "ignored: The event \"Note Hook\" is not a push.");
}

#[test]
fn r_git_4_giteas_calls_are_judged_whatever_it_calls_itself() {
    for header in ["x-gitea-event", "x-forgejo-event", "x-gogs-event"] {
        let told = |event: &str, body: &Value| judged("main", &[(header, event)], body);
        let push = payload!("gitea/push");
        assert_eq!(told("push", &push), format!("deploys {COMMIT} from Some(\"{BEFORE}\")"));
        let older = changed(push.clone(), "/head_commit", Value::Null);
        let skipped = changed(older, "/commits/0/message", json!("[ci skip] x"));
        assert_eq!(told("push", &skipped), "ignored: The commit's message asks to skip it.");
        let tag = changed(push.clone(), "/ref", json!("refs/tags/v1"));
        assert_eq!(told("push", &tag), "ignored: refs/tags/v1 is not a branch.");
        assert_eq!(told("delete", &payload!("gitea/delete")), "ignored: The branch main was deleted.");
        let request = payload!("gitea/pull_request");
        let action = |word: &str| changed(request.clone(), "/action", json!(word));
        assert!(told("pull_request", &request).contains("request 4 was opened: previews"));
        assert!(told("pull_request_sync", &action("synchronized")).contains("request 4 was updated"));
        assert!(told("pull_request", &action("closed")).contains("request 4 was closed"));
        let fork = changed(request.clone(), "/pull_request/head/repo/full_name", json!("stranger/site"));
        assert!(told("pull_request", &fork).contains("from a fork"));
    }
}

#[test]
fn r_git_4_bitbuckets_calls_are_judged_in_the_cloud_and_at_home() {
    let told = |event: &str, body: &Value| judged("main", &[("x-event-key", event)], body);
    let push = payload!("bitbucket/push");
    assert_eq!(
        told("repo:push", &push),
        format!("deploys {COMMIT} from Some(\"{BEFORE}\")"),
        "the second change"
    );
    let forced = changed(push.clone(), "/push/changes/1/forced", json!(true));
    assert_eq!(told("repo:push", &forced), format!("deploys {COMMIT} from None"));
    let skipped = changed(push.clone(), "/push/changes/1/new/target/message", json!("[skip ci]"));
    assert_eq!(told("repo:push", &skipped), "ignored: The commit's message asks to skip it.");
    let deleted = changed(push.clone(), "/push/changes/1/new", Value::Null);
    assert_eq!(told("repo:push", &deleted), "ignored: The branch main was deleted.");
    let tag = changed(push.clone(), "/push/changes", json!([push["push"]["changes"][0].clone()]));
    assert_eq!(told("repo:push", &tag), "ignored: refs/tags/v1.0.0 is not a branch.");
    assert_eq!(
        told("repo:push", &changed(push, "/push/changes", json!([]))),
        "ignored: The push changed no branch."
    );
    let request = payload!("bitbucket/pull_request");
    assert!(told("pullrequest:created", &request).contains("request 12 was opened: previews"));
    assert!(told("pullrequest:updated", &request).contains("request 12 was updated: previews"));
    assert!(told("pullrequest:fulfilled", &request).contains("request 12 was closed"));
    let fork = changed(request, "/pullrequest/source/repository/full_name", json!("stranger/site"));
    assert!(told("pullrequest:created", &fork).contains("from a fork"));

    let home = payload!("bitbucket/refs_changed");
    assert_eq!(told("repo:refs_changed", &home), format!("deploys {COMMIT} from Some(\"{BEFORE}\")"));
    let gone = changed(home, "/changes/0/toHash", json!("0".repeat(40)));
    assert_eq!(told("repo:refs_changed", &gone), "ignored: The branch main was deleted.");
    assert!(told("pr:opened", &payload!("bitbucket/pr_opened")).contains("request 3 was opened from a fork"));
    assert_eq!(
        told("diagnostics:ping", &json!({"test": true})),
        "ignored: The git host can reach this webhook."
    );
}

#[test]
fn r_git_4_a_registrys_call_deploys_the_image_that_it_renews() {
    let on = ServiceSettings::default();
    let hub = payload!("registry/docker_hub");
    let told = |reference: &str, body: &Value| {
        let source = Source::Image(ImageSource { reference: reference.into() });
        let call = Call::read(&[], Some("t".into()));
        judged_for(&source, &on, &call, body)
    };
    assert_eq!(told("person/site:1.2", &hub), "deploys  from None");
    assert_eq!(told("docker.io/person/site:1.2", &hub), "deploys  from None");
    let other = "ignored: The push is for person/site:1.2; this service runs person/site.";
    assert_eq!(told("person/site", &hub), other);
    let pinned = format!("person/site:1.2@sha256:{}", "0".repeat(64));
    assert_eq!(
        told(&pinned, &hub),
        "ignored: This service's image is pinned to a digest: no push changes it."
    );

    let events = payload!("registry/distribution");
    assert_eq!(told("registry.example:5000/team/app", &events), "deploys  from None");
    assert!(told("registry.example:5000/team/other", &events).contains("The push is for team/app:latest"));
    let pull = changed(events.clone(), "/events/1/action", json!("pull"));
    assert_eq!(told("registry.example:5000/team/app", &pull), "ignored: No image was pushed under a tag.");
    let id = understand(&Call::read(&[], Some("t".into())), events.to_string().as_bytes()).unwrap().1;
    assert_eq!(id.as_deref(), Some("320678d8-ca14-430f-8bb6-4ca139cd83f7"));

    assert!(told("person/site:1.2", &json!({})).starts_with("rejected 400"));
    let call = Call::read(&[], Some("t".into()));
    assert!(judged_for(&git("main"), &on, &call, &hub).contains("built from a repository"));
    let off = ServiceSettings { auto_deploy: false, ..on.clone() };
    let source = Source::Image(ImageSource { reference: "person/site:1.2".into() });
    assert_eq!(judged_for(&source, &off, &call, &hub), "ignored: Automatic deployments are switched off.");
    let generic = self::call(&[]);
    assert_eq!(
        judged_for(&source, &on, &generic, &json!({"image": "person/site:1.2"})),
        "deploys  from None"
    );
}

#[test]
fn r_git_1_berths_own_form_is_a_branch_and_a_commit() {
    let told = |body: &Value| judged("main", &[], body);
    assert_eq!(told(&json!({"branch": "main", "commit": COMMIT})), format!("deploys {COMMIT} from None"));
    let with = json!({"branch": "main", "before": BEFORE, "commit": COMMIT, "message": "Fix it"});
    assert_eq!(told(&with), format!("deploys {COMMIT} from Some(\"{BEFORE}\")"));
    let skipped = changed(with.clone(), "/message", json!("[skip berth]"));
    assert_eq!(told(&skipped), "ignored: The commit's message asks to skip it.");
    let option = changed(with.clone(), "/commit", json!("--upload-pack=x"));
    assert_eq!(told(&option), "rejected 400: The push does not name a commit by its full id.");
    let of_image = judged_for(
        &Source::Image(ImageSource { reference: "nginx:1".into() }),
        &ServiceSettings::default(),
        &call(&[]),
        &with,
    );
    assert_eq!(of_image, "ignored: This service comes from an image, not from a repository.");
    assert_eq!(told(&json!({})), "rejected 400: The push does not say which branch it is for.");
    assert_eq!(
        told(&json!({"branch": "main"})),
        "rejected 400: The push does not name a commit by its full id."
    );
}

#[test]
fn r_git_1_what_is_no_json_is_rejected_for_every_host() {
    let hosts = [
        ("x-github-event", "push"),
        ("x-gitlab-event", "Push Hook"),
        ("x-gitea-event", "push"),
        ("x-event-key", "repo:push"),
        ("x-berth-event", "push"),
        ("content-type", "application/vnd.docker.distribution.events.v2+json"),
    ];
    for host in hosts {
        for body in ["not json", "[1]", "{\"ref\": 1}", "{\"push\": {}}", ""] {
            let read = understand(&call(&[host]), body.as_bytes()).map_err(Rejection::from);
            let said = said(read.map(|_| Judgement::Deploy(Wanted::default())));
            assert!(said.starts_with("rejected 400: The "), "{host:?} {body}: {said}");
        }
    }
}

#[test]
fn r_git_1_a_form_is_read_like_json() {
    let mut call = call(&[("x-github-event", "push")]);
    call.form = true;
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload!("github/push").to_string())
        .finish();
    let (delivery, _) = understand(&call, body.as_bytes()).unwrap();
    let judgement = judge(&git("master"), &ServiceSettings::default(), "push", &delivery);
    assert!(matches!(judgement, Judgement::Deploy(_)), "{judgement:?}");
}

#[test]
fn what_is_kept_of_a_delivery_is_judged_the_same_and_has_no_secret() {
    let body = changed(payload!("gitea/push"), "/secret", json!("canary-secret"));
    let (delivery, _) = understand(&call(&[("x-gitea-event", "push")]), body.to_string().as_bytes()).unwrap();
    let kept = serde_json::to_vec(&delivery).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("canary"));
    assert_eq!(serde_json::from_slice::<Delivery>(&kept).unwrap(), delivery);
    assert!(kept.len() < 1_000, "only what matters is kept");
}

#[test]
fn r_sec_8_a_secret_of_another_host_opens_nothing() {
    let secret = b"00ff";
    for headers in [
        vec![("x-github-event", "push"), ("x-gitlab-token", "00ff")],
        vec![("x-event-key", "repo:push"), ("x-gitlab-token", "00ff")],
        vec![("x-gitea-event", "push"), ("authorization", "Bearer 00ff")],
        vec![("x-gitlab-event", "Push Hook"), ("authorization", "Bearer 00ff")],
    ] {
        let distrust = signature::distrust(secret, &call(&headers), b"{}", crate::store::now());
        assert!(distrust.is_some(), "{headers:?}");
    }
}
