//! What a call says, in one form for all hosts. It is what is kept of a delivery, so that it can be judged once more: no
//! body, and no secret that a host may have put into one.

use super::call::Call;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// How much of a commit's message is kept.
const MESSAGE: usize = 2_000;
/// How much of a title, a name or a branch is kept.
const LINE: usize = 250;
/// How many changes of one call are looked at.
pub(super) const CHANGES: usize = 200;

/// A call that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Delivery {
    /// The host tries whether it reaches us.
    Ping,
    Push {
        updates: Vec<Update>,
    },
    PullRequest(PullRequest),
    /// Images came into a registry.
    Images {
        pushed: Vec<PushedImage>,
    },
    /// Anything else that a host tells of.
    Other,
}

/// A branch or tag that moved, came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Update {
    /// `refs/heads/main`.
    pub reference: String,
    /// Where it was; absent for a new one, and when the host does not tell.
    pub before: Option<String>,
    /// Where it is; absent for one that was deleted.
    pub after: Option<String>,
    /// The host says that history was rewritten.
    pub forced: bool,
    /// The newest commit's message, when the host tells it.
    pub message: Option<String>,
}

/// What happened to a pull or merge request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PullRequest {
    pub number: u64,
    pub action: PullRequestAction,
    /// Its commits come from another repository.
    pub fork: bool,
    /// Its author is not a member of the repository's owner, as far as the host tells.
    #[serde(default)]
    pub outside: bool,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub author: String,
    /// The branch that it wants to bring in; empty in what was kept before it was read.
    #[serde(default)]
    pub branch: String,
    /// The branch that it is for.
    #[serde(default)]
    pub base: String,
    /// Its newest commit; some hosts tell only how its id begins.
    #[serde(default)]
    pub commit: String,
    /// Its page at the host.
    #[serde(default)]
    pub url: Option<String>,
}

/// See [`PullRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PullRequestAction {
    Opened,
    /// It has new commits.
    Updated,
    Closed,
    /// Labels, reviews, words: nothing that changes what would run.
    Discussed,
}

/// An image with a tag that came into a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushedImage {
    /// Without the registry: `library/nginx`.
    pub repository: String,
    pub tag: String,
}

/// What of a body cannot be understood, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable(pub String);

impl Unreadable {
    /// Something is missing or wrong.
    pub fn because(why: &str) -> Self {
        Self(why.to_owned())
    }
}

/// Reads the JSON of a body, be it in a form or not.
pub(super) fn json<T: DeserializeOwned>(call: &Call, body: &[u8], what: &str) -> Result<T, Unreadable> {
    let wrong = || Unreadable(format!("The body is not the JSON of {what}."));
    if !call.form {
        return serde_json::from_slice(body).map_err(|_| wrong());
    }
    let payload = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    serde_json::from_str(&payload.ok_or_else(wrong)?.1).map_err(|_| wrong())
}

/// A commit's id, unless it is the one of nothing.
pub(super) fn commit(id: Option<String>) -> Option<String> {
    id.map(|id| id.trim().to_ascii_lowercase()).filter(|id| id.chars().any(|c| c != '0'))
}

/// A line of a host's text, as much of it as is kept.
pub(super) fn line(text: Option<String>) -> String {
    text.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LINE).collect()
}

/// The address of a page, when it is one that a browser may be sent to.
pub(super) fn page(url: Option<String>) -> Option<String> {
    let url: url::Url = url?.parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= 1_000).then(|| url.into())
}

/// As much of a message as is kept.
pub(super) fn message(text: Option<String>) -> Option<String> {
    text.map(|text| text.chars().take(MESSAGE).collect())
}
