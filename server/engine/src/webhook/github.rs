//! GitHub's payloads, which Gitea, Forgejo and Gogs speak too, and Berth's own form, which is a part of them.

use super::{
    call::Call,
    delivery::{
        Delivery, PullRequest, PullRequestAction, Unreadable, Update, commit, json, line, message, page,
    },
};
use serde::Deserialize;

/// Reads a call of GitHub, Gitea, Forgejo or Gogs.
pub(super) fn parse(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    match call.event.as_str() {
        "ping" => json::<serde::de::IgnoredAny>(call, body, "a ping").map(|_| Delivery::Ping),
        "push" => push(call, body),
        "delete" => deletion(call, body),
        "pull_request" | "pull_request_sync" => pull_request(call, body),
        _ => Ok(Delivery::Other),
    }
}

/// The part of a push that matters; Berth's own form may say `branch` and `commit` instead.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Push {
    #[serde(rename = "ref")]
    reference: Option<String>,
    branch: Option<String>,
    before: Option<String>,
    after: Option<String>,
    commit: Option<String>,
    message: Option<String>,
    deleted: bool,
    forced: bool,
    head_commit: Option<Commit>,
    /// Older versions of Gitea have no `head_commit`.
    commits: Option<Vec<Commit>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Commit {
    id: String,
    message: String,
}

/// Reads a push.
pub(super) fn push(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let push: Push = json(call, body, "a push")?;
    let branch = push.branch.map(|branch| format!("refs/heads/{branch}"));
    let reference = push.reference.or(branch);
    let reference =
        reference.ok_or_else(|| Unreadable::because("The push does not say which branch it is for."))?;
    let after = push.after.or(push.commit);
    if after.is_none() && !push.deleted {
        return Err(Unreadable::because("The push does not name a commit by its full id."));
    }
    let after = commit(after).filter(|_| !push.deleted);
    let named = |commits: Vec<Commit>| commits.into_iter().find(|one| Some(&one.id) == after.as_ref());
    let head = push.head_commit.or_else(|| push.commits.and_then(named));
    let update = Update {
        reference,
        before: commit(push.before),
        forced: push.forced,
        message: message(head.map(|head| head.message).or(push.message)),
        after,
    };
    Ok(Delivery::Push { updates: vec![update] })
}

#[derive(Debug, Deserialize)]
struct Deletion {
    #[serde(rename = "ref")]
    name: String,
    ref_type: String,
}

/// A host that tells of a deletion in a call of its own says the bare name.
fn deletion(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let gone: Deletion = json(call, body, "a deletion")?;
    let kind = if gone.ref_type == "branch" { "heads" } else { "tags" };
    let name = gone
        .name
        .rsplit_once("refs/")
        .map_or(gone.name.as_str(), |(_, rest)| rest.split_once('/').map_or(rest, |(_, name)| name));
    let reference = format!("refs/{kind}/{name}");
    let update = Update { reference, before: None, after: None, forced: false, message: None };
    Ok(Delivery::Push { updates: vec![update] })
}

#[derive(Debug, Deserialize)]
struct PullRequestCall {
    action: String,
    number: u64,
    pull_request: Request,
}

#[derive(Debug, Deserialize)]
struct Request {
    head: Side,
    base: Side,
    title: Option<String>,
    html_url: Option<String>,
    user: Option<Person>,
    /// What the author is to the repository's owner; GitHub alone says it.
    author_association: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Person {
    login: String,
}

#[derive(Debug, Deserialize)]
struct Side {
    /// Absent when the fork was deleted.
    repo: Option<Repository>,
    #[serde(rename = "ref", default)]
    branch: String,
    #[serde(default)]
    sha: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Repository {
    full_name: String,
}

fn pull_request(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let told: PullRequestCall = json(call, body, "a pull request")?;
    let action = match told.action.as_str() {
        "opened" | "reopened" => PullRequestAction::Opened,
        // GitHub's word and Gitea's.
        "synchronize" | "synchronized" => PullRequestAction::Updated,
        "closed" => PullRequestAction::Closed,
        _ => PullRequestAction::Discussed,
    };
    let Request { head, base, title, html_url, user, author_association } = told.pull_request;
    let member = |what: &str| matches!(what, "OWNER" | "MEMBER");
    Ok(Delivery::PullRequest(PullRequest {
        number: told.number,
        action,
        fork: head.repo.is_none() || head.repo != base.repo,
        outside: author_association.is_some_and(|what| !member(&what)),
        title: line(title),
        author: line(user.map(|user| user.login)),
        branch: line(Some(head.branch)),
        base: line(Some(base.branch)),
        commit: commit(Some(head.sha)).unwrap_or_default(),
        url: page(html_url),
    }))
}
