use super::*;
use berth_domain::source::{GitSource, ImageSource};
use serde_json::{Value, json};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn push() -> Value {
    json!({
        "ref": "refs/heads/main", "before": "00", "after": COMMIT, "deleted": false,
        "head_commit": { "id": COMMIT, "message": "Fix it", "author": { "name": "A" } },
        "repository": { "full_name": "a/b" }
    })
}

fn call(event: &str) -> Call {
    let headers =
        [("x-github-event", event), ("x-github-delivery", "d1"), ("x-hub-signature-256", "sha256=00")];
    Call::read(&headers.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn judged(body: &Value) -> Judgement {
    let source = Source::Git(GitSource::new("https://git.example/a/b.git"));
    judge(&source, &ServiceSettings::default(), &call("push"), body.to_string().as_bytes())
}

fn reason(judgement: Judgement) -> String {
    match judgement {
        Judgement::Ignore { reason, .. } => format!("ignored: {reason}"),
        Judgement::Reject { reason } => format!("rejected: {reason}"),
        Judgement::Deploy { commit } => format!("deploys {commit}"),
    }
}

fn with(field: &str, value: Value) -> Value {
    let mut body = push();
    body[field] = value;
    body
}

#[test]
fn r_git_1_a_push_to_the_branch_deploys_its_commit() {
    assert_eq!(judged(&push()), Judgement::Deploy { commit: COMMIT.into() });
    let generic = json!({ "branch": "main", "commit": COMMIT });
    assert_eq!(judged(&generic), Judgement::Deploy { commit: COMMIT.into() });
}

#[test]
fn r_git_1_a_form_is_read_like_json() {
    let mut call = call("push");
    call.form = true;
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &push().to_string())
        .finish();
    let source = Source::Git(GitSource::new("https://git.example/a/b.git"));
    let judgement = judge(&source, &ServiceSettings::default(), &call, body.as_bytes());
    assert_eq!(judgement, Judgement::Deploy { commit: COMMIT.into() });
}

#[test]
fn r_git_1_each_reason_not_to_deploy_is_said() {
    let zero = "0".repeat(40);
    let cases = [
        (with("ref", json!("refs/heads/dev")), "ignored: The push is for dev; this service deploys main."),
        (with("ref", json!("refs/tags/v1")), "ignored: refs/tags/v1 is not a branch."),
        (with("deleted", json!(true)), "ignored: The branch main was deleted."),
        (with("after", json!(zero)), "ignored: The branch main was deleted."),
        (
            with("after", json!("--upload-pack=x")),
            "rejected: The push does not name a commit by its full id.",
        ),
        (
            with("head_commit", json!({"message": "x [Skip CI]"})),
            "ignored: The commit's message asks to skip it.",
        ),
        (
            with("head_commit", json!({"message": "[ci skip]"})),
            "ignored: The commit's message asks to skip it.",
        ),
        (with("deleted", json!("what")), "rejected: The body is not the JSON of a push."),
        (json!({}), "rejected: The push does not say which branch it is for."),
        (json!([1]), "rejected: The body is not the JSON of a push."),
    ];
    for (body, want) in cases {
        assert_eq!(reason(judged(&body)), want);
    }
}

#[test]
fn r_git_1_the_service_and_the_event_decide_too() {
    let git = Source::Git(GitSource::new("https://git.example/a/b.git"));
    let image = Source::Image(ImageSource { reference: "nginx:1".into() });
    let body = push().to_string();
    let on = ServiceSettings::default();
    let off = ServiceSettings { auto_deploy: false, ..ServiceSettings::default() };
    let said = |source, settings, event: &str| reason(judge(source, settings, &call(event), body.as_bytes()));
    assert_eq!(said(&git, &off, "push"), "ignored: Automatic deployments are switched off.");
    assert_eq!(
        said(&image, &on, "push"),
        "ignored: This service comes from an image, not from a repository."
    );
    assert_eq!(said(&git, &on, "ping"), "ignored: The git host can reach this webhook.");
    assert_eq!(said(&git, &on, "issues"), "ignored: The event \"issues\" is not a push.");
}

#[test]
fn headers_are_read_in_both_forms_and_kept_short() {
    let long = "x".repeat(500);
    let headers = [("x-berth-signature", "sha256=ab"), ("x-berth-delivery", long.as_str())];
    let call = Call::read(&headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(call.event, "push");
    assert_eq!(call.signature.as_deref(), Some("sha256=ab"));
    assert_eq!(call.delivery.map(|id| id.len()), Some(100));
}
