//! Bitbucket's payloads: of Bitbucket Cloud, and of Data Center, which are quite different.

use super::{
    call::Call,
    delivery::{
        CHANGES, Delivery, PullRequest, PullRequestAction, Unreadable, Update, commit, json, line, message,
    },
};
use serde::{Deserialize, de::IgnoredAny};

/// Reads a call of Bitbucket.
pub(super) fn parse(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    match call.event.as_str() {
        "diagnostics:ping" => json::<IgnoredAny>(call, body, "a ping").map(|_| Delivery::Ping),
        "repo:push" => push(call, body),
        "repo:refs_changed" => refs_changed(call, body),
        event if event.starts_with("pullrequest:") || event.starts_with("pr:") => pull_request(call, body),
        _ => Ok(Delivery::Other),
    }
}

#[derive(Debug, Deserialize)]
struct PushCall {
    push: Changes<Change>,
}

#[derive(Debug, Deserialize)]
struct Changes<T> {
    changes: Vec<T>,
}

/// A branch or tag in the cloud.
#[derive(Debug, Deserialize)]
struct Change {
    old: Option<Place>,
    new: Option<Place>,
    #[serde(default)]
    forced: bool,
}

#[derive(Debug, Deserialize)]
struct Place {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    target: Target,
}

#[derive(Debug, Deserialize)]
struct Target {
    hash: String,
    message: Option<String>,
}

fn push(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let told: PushCall = json(call, body, "a push")?;
    let update = |change: Change| {
        let place = change.new.as_ref().or(change.old.as_ref())?;
        let kind = if place.kind.ends_with("branch") { "heads" } else { "tags" };
        let reference = format!("refs/{kind}/{}", place.name);
        let (after, words) = match change.new {
            Some(new) => (commit(Some(new.target.hash)), new.target.message),
            None => (None, None),
        };
        let before = commit(change.old.map(|old| old.target.hash));
        Some(Update { reference, before, after, forced: change.forced, message: message(words) })
    };
    Ok(Delivery::Push { updates: told.push.changes.into_iter().take(CHANGES).filter_map(update).collect() })
}

/// A branch or tag in Data Center.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefChange {
    #[serde(rename = "ref")]
    reference: Reference,
    from_hash: Option<String>,
    to_hash: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    id: String,
}

fn refs_changed(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let told: Changes<RefChange> = json(call, body, "a push")?;
    let update = |change: RefChange| Update {
        reference: change.reference.id,
        before: commit(change.from_hash),
        after: commit(change.to_hash),
        forced: false,
        message: None,
    };
    Ok(Delivery::Push { updates: told.changes.into_iter().take(CHANGES).map(update).collect() })
}

#[derive(Debug, Deserialize)]
struct PullRequestCall {
    #[serde(alias = "pullRequest")]
    pullrequest: Request,
}

#[derive(Debug, Deserialize)]
struct Request {
    id: u64,
    title: Option<String>,
    author: Option<Author>,
    #[serde(alias = "fromRef")]
    source: Side,
    #[serde(alias = "toRef")]
    destination: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    /// Absent when the fork was deleted.
    repository: Option<Repository>,
    /// In the cloud.
    branch: Option<Branch>,
    /// In the cloud, and only how its id begins.
    commit: Option<Target>,
    /// In Data Center.
    #[serde(rename = "displayId")]
    display_id: Option<String>,
    /// In Data Center.
    #[serde(rename = "latestCommit")]
    latest_commit: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Branch {
    name: String,
}

/// In the cloud a person; in Data Center one with a part in the request.
#[derive(Debug, Deserialize)]
struct Author {
    nickname: Option<String>,
    user: Option<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    name: String,
}

impl Side {
    fn branch(&self) -> Option<String> {
        self.branch.as_ref().map(|branch| branch.name.clone()).or(self.display_id.clone())
    }

    fn commit(&self) -> Option<String> {
        self.latest_commit.clone().or(self.commit.as_ref().map(|commit| commit.hash.clone()))
    }
}

/// Cloud says `full_name`, Data Center says `id`.
#[derive(Debug, PartialEq, Deserialize)]
struct Repository {
    full_name: Option<String>,
    id: Option<u64>,
}

fn pull_request(call: &Call, body: &[u8]) -> Result<Delivery, Unreadable> {
    let told: PullRequestCall = json(call, body, "a pull request")?;
    let action = match call.event.as_str() {
        "pullrequest:created" | "pr:opened" => PullRequestAction::Opened,
        "pullrequest:updated" | "pr:from_ref_updated" => PullRequestAction::Updated,
        "pullrequest:fulfilled" | "pullrequest:rejected" | "pr:merged" | "pr:declined" | "pr:deleted" => {
            PullRequestAction::Closed
        }
        _ => PullRequestAction::Discussed,
    };
    let Request { id, title, author, source, destination } = told.pullrequest;
    let name = author.and_then(|author| author.nickname.or(author.user.map(|user| user.name)));
    Ok(Delivery::PullRequest(PullRequest {
        number: id,
        action,
        fork: source.repository.is_none() || source.repository != destination.repository,
        outside: false,
        title: line(title),
        author: line(name),
        branch: line(source.branch()),
        base: line(destination.branch()),
        commit: commit(source.commit()).unwrap_or_default(),
        // Cloud and Data Center tell it in places of their own, and nobody needs it.
        url: None,
    }))
}
