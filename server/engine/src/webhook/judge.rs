//! What a believed call asks for. Pure: the body and the service decide.

use crate::git;
use berth_domain::{service::ServiceSettings, source::Source};
use serde::Deserialize;

/// What the headers say, in GitHub's form or the generic one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The host's own id of the delivery.
    pub delivery: Option<String>,
    pub event: String,
    pub signature: Option<String>,
    /// The body is a form with the JSON in its field `payload`, as GitHub sends it unless told otherwise.
    pub form: bool,
}

/// What to do about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    Deploy { commit: String },
    Ignore { reason: String, commit: Option<String> },
    Reject { reason: String },
}

impl Call {
    /// Reads the headers (names in lower case).
    pub fn read(headers: &[(String, String)]) -> Self {
        let one =
            |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let short =
            |value: &str| value.trim().chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        let first =
            |names: &[&str]| names.iter().find_map(|name| one(name)).map(short).filter(|v| !v.is_empty());
        Self {
            delivery: first(&["x-github-delivery", "x-berth-delivery"]),
            event: first(&["x-github-event", "x-berth-event"]).unwrap_or_else(|| "push".into()),
            signature: first(&["x-hub-signature-256", "x-berth-signature"]),
            form: one("content-type")
                .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")),
        }
    }
}

/// The part of a push that matters; the generic form may say `branch` and `commit` instead.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Push {
    #[serde(rename = "ref")]
    reference: Option<String>,
    branch: Option<String>,
    after: Option<String>,
    commit: Option<String>,
    deleted: bool,
    head_commit: Option<HeadCommit>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HeadCommit {
    message: String,
}

/// Judges a call whose signature was right.
pub(super) fn judge(source: &Source, settings: &ServiceSettings, call: &Call, body: &[u8]) -> Judgement {
    match call.event.as_str() {
        "ping" => return ignore("The git host can reach this webhook.", None),
        "push" => {}
        other => return ignore(format!("The event {other:?} is not a push."), None),
    }
    let Some(push) = read(call, body) else {
        return Judgement::Reject { reason: "The body is not the JSON of a push.".into() };
    };
    let git = match source {
        Source::Git(git) => git,
        Source::Pushed(_) => return ignore("This service comes from what is pushed to Berth itself.", None),
        Source::Image(_) => return ignore("This service comes from an image, not from a repository.", None),
    };
    let reference =
        push.reference.clone().or_else(|| push.branch.as_ref().map(|b| format!("refs/heads/{b}")));
    let Some(reference) = reference else {
        return Judgement::Reject { reason: "The push does not say which branch it is for.".into() };
    };
    let Some(branch) = reference.strip_prefix("refs/heads/") else {
        return ignore(format!("{} is not a branch.", shown(&reference)), None);
    };
    let after = push.after.as_deref().or(push.commit.as_deref()).unwrap_or_default();
    if push.deleted || (!after.is_empty() && after.chars().all(|c| c == '0')) {
        return ignore(format!("The branch {} was deleted.", shown(branch)), None);
    }
    if !git::is_commit_id(after) {
        return Judgement::Reject { reason: "The push does not name a commit by its full id.".into() };
    }
    let commit = after.to_ascii_lowercase();
    if branch != git.branch {
        let reason = format!("The push is for {}; this service deploys {}.", shown(branch), git.branch);
        return ignore(reason, Some(commit));
    }
    if !settings.auto_deploy {
        return ignore("Automatic deployments are switched off.", Some(commit));
    }
    if skips(push.head_commit.as_ref().map_or("", |head| &head.message)) {
        return ignore("The commit's message asks to skip it.", Some(commit));
    }
    Judgement::Deploy { commit }
}

fn read(call: &Call, body: &[u8]) -> Option<Push> {
    if !call.form {
        return serde_json::from_slice(body).ok();
    }
    let (_, payload) = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload")?;
    serde_json::from_str(&payload).ok()
}

fn ignore(reason: impl Into<String>, commit: Option<String>) -> Judgement {
    Judgement::Ignore { reason: reason.into(), commit }
}

/// Text of the git host, fit for a sentence.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

fn skips(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("[skip ci]") || message.contains("[ci skip]")
}

#[cfg(test)]
mod tests;
