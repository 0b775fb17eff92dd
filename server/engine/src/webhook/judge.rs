//! What a believed call asks for. Pure: the delivery and the service decide.

use super::{
    bitbucket,
    call::Call,
    delivery::{Delivery, PullRequest, PullRequestAction, PushedImage, Unreadable, Update},
    github, gitlab,
    registry::{self, Reference},
};
use crate::{git, previews::Outcome};
use berth_domain::{
    service::ServiceSettings,
    source::{GitSource, ImageSource, Source},
    webhook::Provider,
};

/// What to do about a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    Deploy(Wanted),
    /// A pull request that gets a preview, or loses it.
    Preview(PullRequest),
    /// That was done.
    Previewed(Outcome),
    Ignore {
        reason: String,
        commit: Option<String>,
    },
    Reject(Rejection),
}

/// A deployment that a delivery asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Absent for an image.
    pub commit: Option<String>,
    /// Where the branch was, when the files in between can be compared.
    pub before: Option<String>,
    /// Whether the newest commit's message is known not to ask to be skipped.
    pub message_known: bool,
    /// More about why, for the verdict's reason.
    pub note: Option<String>,
}

/// Why a call is not accepted, with the HTTP status that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejection {
    pub reason: String,
    pub status: u16,
}

impl From<Unreadable> for Rejection {
    fn from(Unreadable(reason): Unreadable) -> Self {
        Self { reason, status: 400 }
    }
}

/// Reads the body of a believed call, with the id that only the body has.
pub(super) fn understand(call: &Call, body: &[u8]) -> Result<(Delivery, Option<String>), Unreadable> {
    let delivery = match call.provider {
        Provider::GitHub | Provider::Gitea => github::parse(call, body)?,
        Provider::GitLab => gitlab::parse(call, body)?,
        Provider::Bitbucket => bitbucket::parse(call, body)?,
        Provider::Registry => return registry::parse(call, body),
        Provider::Generic | Provider::Polling => match registry::image(call, body) {
            Some(image) => image,
            None => github::parse(call, body)?,
        },
    };
    Ok((delivery, None))
}

/// Judges what was told to a service. `event` is the host's name for it.
pub(super) fn judge(
    source: &Source,
    settings: &ServiceSettings,
    event: &str,
    delivery: &Delivery,
) -> Judgement {
    match (delivery, source) {
        (Delivery::Ping, _) => ignore("The git host can reach this webhook.", None),
        (Delivery::Other, _) => ignore(format!("The event {:?} is not a push.", shown(event)), None),
        (Delivery::PullRequest(request), Source::Git(git)) if settings.previews.on => {
            pull_request(git, request)
        }
        (Delivery::PullRequest(request), _) => ignore(about(request), None),
        (Delivery::Push { updates }, Source::Git(git)) => push(git, settings, updates),
        (Delivery::Push { .. }, Source::Image(_)) => {
            ignore("This service comes from an image, not from a repository.", None)
        }
        (_, Source::Pushed(_)) => ignore("This service comes from what is pushed to Berth itself.", None),
        (Delivery::Images { pushed }, Source::Image(image)) => images(image, settings, pushed),
        (Delivery::Images { .. }, Source::Git(_)) => ignore(
            "This service is built from a repository: an image in a registry does not change it.",
            None,
        ),
    }
}

/// Where previews are on. Whether it may run is judged where it is known what was approved.
fn pull_request(git: &GitSource, request: &PullRequest) -> Judgement {
    let number = request.number;
    match request.action {
        PullRequestAction::Discussed => ignore(about(request), None),
        PullRequestAction::Closed => Judgement::Preview(request.clone()),
        _ if request.branch.is_empty() || request.commit.is_empty() => {
            ignore(format!("Too little is known of pull request {number}."), None)
        }
        _ if request.base != git.branch => {
            let reason = format!(
                "Pull request {number} is for {}; this service deploys {}.",
                shown(&request.base),
                git.branch
            );
            ignore(reason, None)
        }
        _ => Judgement::Preview(request.clone()),
    }
}

/// R-SEC-11: what comes from a fork is never run by itself.
fn about(request: &PullRequest) -> String {
    let number = request.number;
    match (request.action, request.fork) {
        (PullRequestAction::Discussed, _) => {
            format!("What happened to pull request {number} changes nothing that would run.")
        }
        (PullRequestAction::Closed, _) => {
            format!("Pull request {number} was closed, and there is no preview of it to remove.")
        }
        (action, true) => {
            let what = if action == PullRequestAction::Opened { "opened" } else { "updated" };
            format!(
                "Pull request {number} was {what} from a fork: nothing of it runs without a member's approval, and previews are not set up."
            )
        }
        (PullRequestAction::Opened, false) => {
            format!("Pull request {number} was opened: previews are not set up.")
        }
        (PullRequestAction::Updated, false) => {
            format!("Pull request {number} was updated: previews are not set up.")
        }
    }
}

fn push(git: &GitSource, settings: &ServiceSettings, updates: &[Update]) -> Judgement {
    let wanted = format!("refs/heads/{}", git.branch);
    let Some(update) = updates.iter().find(|one| one.reference == wanted).or(updates.first()) else {
        return ignore("The push changed no branch.", None);
    };
    let Some(branch) = update.reference.strip_prefix("refs/heads/") else {
        return ignore(format!("{} is not a branch.", shown(&update.reference)), None);
    };
    let Some(commit) = &update.after else {
        return ignore(format!("The branch {} was deleted.", shown(branch)), None);
    };
    if !git::is_commit_id(commit) {
        let reason = "The push does not name a commit by its full id.".to_owned();
        return Judgement::Reject(Rejection { reason, status: 400 });
    }
    let ignore = |reason: String| ignore(reason, Some(commit.clone()));
    if branch != git.branch {
        return ignore(format!("The push is for {}; this service deploys {}.", shown(branch), git.branch));
    }
    if !settings.auto_deploy {
        return ignore("Automatic deployments are switched off.".into());
    }
    if update.message.as_deref().is_some_and(skips) {
        return ignore(SKIPPED.into());
    }
    Judgement::Deploy(Wanted {
        commit: Some(commit.clone()),
        before: update.before.clone().filter(|before| !update.forced && git::is_commit_id(before)),
        message_known: update.message.is_some(),
        note: None,
    })
}

/// Why a commit is skipped.
pub(super) const SKIPPED: &str = "The commit's message asks to skip it.";

fn images(image: &ImageSource, settings: &ServiceSettings, pushed: &[PushedImage]) -> Judgement {
    let Some(first) = pushed.first() else {
        return ignore("No image was pushed under a tag.", None);
    };
    let reference = Reference::read(&image.reference);
    if reference.pinned {
        return ignore("This service's image is pinned to a digest: no push changes it.", None);
    }
    let Some(found) = pushed.iter().find(|one| reference.is_renewed_by(one)) else {
        let other = format!("{}:{}", first.repository, first.tag);
        let reason = format!("The push is for {}; this service runs {}.", shown(&other), image.reference);
        return ignore(reason, None);
    };
    if !settings.auto_deploy {
        return ignore("Automatic deployments are switched off.", None);
    }
    let note = Some(format!("{}:{} was pushed", shown(&found.repository), shown(&found.tag)));
    Judgement::Deploy(Wanted { note, message_known: true, ..Wanted::default() })
}

pub(super) fn ignore(reason: impl Into<String>, commit: Option<String>) -> Judgement {
    Judgement::Ignore { reason: reason.into(), commit }
}

/// Text of the host, fit for a sentence.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// Whether a commit's message asks for no deployment.
pub(super) fn skips(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["[skip ci]", "[ci skip]", "[skip berth]", "[berth skip]"].iter().any(|mark| message.contains(mark))
}

#[cfg(test)]
mod tests;
