//! GitLab's payloads.

use super::{
    call::Call,
    delivery::{
        Delivery, PullRequest, PullRequestAction, Unreadable, Update, commit, json, line, message, page,
    },
};
use serde::Deserialize;

/// Reads a call of GitLab. Its own test button sends a push or whatever else is chosen.
pub(super) fn parse(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    match call.event.as_str() {
        "Push Hook" | "Tag Push Hook" => push(call, body),
        "Merge Request Hook" => merge_request(call, body),
        _ => Ok(Delivery::Other),
    }
}

#[derive(Debug, Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    #[serde(default)]
    commits: Vec<Commit>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    id: String,
    #[serde(default)]
    message: String,
}

fn push(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let push: Push = json(call, body, "a push")?;
    let reference =
        push.reference.ok_or_else(|| Unreadable::because("The push does not say which branch it is for."))?;
    if push.after.is_none() {
        return Err(Unreadable::because("The push does not name a commit by its full id."));
    }
    let after = commit(push.after);
    let head = push.commits.into_iter().find(|one| Some(&one.id) == after.as_ref());
    let update = Update {
        reference,
        before: commit(push.before),
        // GitLab does not tell; git finds out where it matters.
        forced: false,
        message: message(head.map(|head| head.message)),
        after,
    };
    Ok(Delivery::Push { updates: vec![update] })
}

#[derive(Debug, Deserialize)]
struct MergeRequestCall {
    /// Who did what is told, not always the author.
    user: Option<Person>,
    object_attributes: MergeRequest,
}

#[derive(Debug, Deserialize)]
struct Person {
    username: String,
}

#[derive(Debug, Deserialize)]
struct MergeRequest {
    iid: u64,
    #[serde(default)]
    action: String,
    /// Only there when the request got new commits.
    oldrev: Option<String>,
    source_project_id: Option<u64>,
    target_project_id: Option<u64>,
    title: Option<String>,
    url: Option<String>,
    #[serde(default)]
    source_branch: String,
    #[serde(default)]
    target_branch: String,
    last_commit: Option<Commit>,
}

fn merge_request(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let told: MergeRequestCall = json(call, body, "a merge request")?;
    let request = told.object_attributes;
    let action = match (request.action.as_str(), &request.oldrev) {
        ("open" | "reopen", _) => PullRequestAction::Opened,
        ("update", Some(_)) => PullRequestAction::Updated,
        ("close" | "merge", _) => PullRequestAction::Closed,
        _ => PullRequestAction::Discussed,
    };
    let fork = request.source_project_id.is_none() || request.source_project_id != request.target_project_id;
    Ok(Delivery::PullRequest(PullRequest {
        number: request.iid,
        action,
        fork,
        outside: false,
        title: line(request.title),
        author: line(told.user.map(|user| user.username)),
        branch: line(Some(request.source_branch)),
        base: line(Some(request.target_branch)),
        commit: commit(request.last_commit.map(|last| last.id)).unwrap_or_default(),
        url: page(request.url),
    }))
}
