//! Webhooks: what a git host tells, and what Berth made of it.

use crate::{ids::DeliveryId, permission::text_enum};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// What became of a delivery.
    Verdict {
        /// A deployment was queued.
        Queued = "queued",
        /// Understood, and nothing to do.
        Ignored = "ignored",
        /// Not accepted: wrong signature, not readable, too large.
        Rejected = "rejected",
    }
}

text_enum! {
    /// Who tells of something new.
    Provider {
        GitHub = "github",
        GitLab = "gitlab",
        /// Gitea, Forgejo and Gogs.
        Gitea = "gitea",
        /// Bitbucket Cloud and Data Center.
        Bitbucket = "bitbucket",
        /// Docker Hub, or a registry's notifications.
        Registry = "registry",
        /// Anything that signs its call in Berth's own form.
        Generic = "generic",
        /// Nobody: Berth asked the repository by itself.
        Polling = "polling",
    }
}

/// A delivery as it was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryView {
    pub id: DeliveryId,
    /// The host's own id of the delivery; the same id is judged once.
    pub delivery: Option<String>,
    /// Who told of it; absent for one from before this was noted.
    #[serde(default)]
    pub provider: Option<Provider>,
    /// `push`, `ping`, as the host names it.
    pub event: String,
    pub verdict: Verdict,
    /// Why, as a sentence.
    pub reason: String,
    pub commit: Option<String>,
    /// The number of the deployment that it queued.
    pub deployment: Option<u64>,
    /// The HTTP status that the host was answered with.
    #[serde(default)]
    pub status: u16,
    /// The delivery that this one is a replay of.
    #[serde(default)]
    pub replay_of: Option<DeliveryId>,
    /// Whether enough of it is kept to judge it once more.
    #[serde(default)]
    pub can_replay: bool,
    pub received_at: DateTime<Utc>,
}

/// Where a git host should send its pushes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookView {
    pub url: String,
    /// Whether a secret is set; its value is shown once, when it is made.
    pub secret_set: bool,
    pub deliveries: Vec<DeliveryView>,
}

/// A fresh secret for the host's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookSecret {
    pub url: String,
    pub secret: String,
    /// The same secret in the form that GitLab takes as a signing token.
    pub signing_token: String,
    /// The whole address for a registry that cannot sign, such as Docker Hub. What it carries allows nothing but to deploy
    /// the service's own image anew.
    pub registry_url: String,
}

/// Which files are worth a deployment, as patterns: `*` stays in a folder, `**` does not, a folder means all in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct WatchPaths {
    /// A push deploys when it touches one of these; any file when there is none.
    pub include: Vec<String>,
    /// What these match does not count.
    pub exclude: Vec<String>,
}

/// The most patterns of a kind.
const MOST_PATTERNS: usize = 100;

impl WatchPaths {
    /// Whether every push deploys.
    pub fn is_everything(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// What is not acceptable. Whether a pattern can be read is checked where patterns are matched.
    pub fn check(&self) -> Result<(), String> {
        if self.include.len() > MOST_PATTERNS || self.exclude.len() > MOST_PATTERNS {
            return Err(format!("There are at most {MOST_PATTERNS} patterns of a kind."));
        }
        let bad = |pattern: &&String| {
            pattern.trim().is_empty()
                || pattern.len() > 256
                || pattern.starts_with('/')
                || pattern.chars().any(char::is_control)
        };
        match self.include.iter().chain(&self.exclude).find(bad) {
            Some(pattern) => Err(format!(
                "{pattern:?} is no pattern of a path: it has 1 to 256 characters and starts at the repository's root, without a slash."
            )),
            None => Ok(()),
        }
    }
}

/// A file of a commit, and whether the watch paths want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchedFile {
    pub path: String,
    pub matched: bool,
}

/// What the watch paths make of the branch's last commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchTrial {
    pub commit: String,
    /// The first line of its message.
    pub title: String,
    /// Whether a push of this commit alone would deploy.
    pub deploys: bool,
    /// The files that it touched, at most a thousand.
    pub files: Vec<WatchedFile>,
}

/// What Berth last saw when it asked the repository by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PollView {
    pub at: DateTime<Utc>,
    pub ok: bool,
    /// What was seen or what went wrong, as a sentence.
    pub told: String,
    pub next_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_starts_at_the_root_and_has_something_in_it() {
        let with = |pattern: &str| WatchPaths { include: vec![pattern.into()], exclude: vec![] };
        for good in ["apps/web", "**/*.rs", "docs/", "a b"] {
            assert!(with(good).check().is_ok(), "{good}");
        }
        for bad in ["", "  ", "/apps", "a\nb", &"x".repeat(257)] {
            assert!(with(bad).check().is_err(), "{bad:?}");
        }
        assert!(WatchPaths { exclude: vec!["x".into(); 101], ..WatchPaths::default() }.check().is_err());
        assert!(WatchPaths::default().is_everything() && !with("x").is_everything());
    }
}
