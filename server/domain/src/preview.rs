//! Previews: a pull request in an environment of its own, for as long as it is open.

use crate::{
    permission::text_enum,
    service::{ServicePath, ServiceState},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// How a preview stands.
    PreviewState {
        /// Nothing of it runs before a member has approved its newest commit.
        Waiting = "waiting",
        /// It has an environment.
        Open = "open",
        /// Its environment is gone, while the pull request is open.
        Removed = "removed",
        /// The pull request is closed; only the git host is yet to be told.
        Closed = "closed",
    }
}

/// Whether pull requests of a service's repository get previews, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct PreviewSettings {
    pub on: bool,
    /// How long one stays without a new commit, in hours.
    pub ttl_h: u32,
    /// How many there are at the most; the one that was quiet for the longest goes for a new one.
    pub most: u16,
}

impl Default for PreviewSettings {
    fn default() -> Self {
        Self { on: false, ttl_h: 168, most: 5 }
    }
}

impl PreviewSettings {
    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !(1..=8_760).contains(&self.ttl_h) {
            return Err((
                "preview_ttl",
                "A preview stays from an hour to a year without a new commit.".into(),
            ));
        }
        if !(1..=100).contains(&self.most) {
            return Err(("preview_most", "There are from 1 to 100 previews of a service.".into()));
        }
        Ok(())
    }
}

/// A pull request and its preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewView {
    /// The pull request's number at the git host.
    pub number: u64,
    pub title: String,
    pub author: String,
    /// The branch that it wants to bring in.
    pub branch: String,
    /// Its newest commit that Berth knows of.
    pub commit: String,
    /// Its page at the git host, when that told it.
    pub url: Option<String>,
    /// Its commits come from a fork, or from somebody who is no member there: each takes a member's approval.
    pub foreign: bool,
    /// Who approved the newest commit.
    pub approved_by: Option<String>,
    pub state: PreviewState,
    /// Why it stands so, as a sentence.
    pub reason: Option<String>,
    /// The service that runs for it.
    pub service: Option<ServicePath>,
    pub service_state: Option<ServiceState>,
    /// Where it answers.
    pub link: Option<String>,
    pub created_at: DateTime<Utc>,
    /// When its newest commit came.
    pub changed_at: DateTime<Utc>,
    /// When it goes, unless a commit comes.
    pub goes_at: Option<DateTime<Utc>>,
}

/// Approves one commit of a pull request: the one that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovePreview {
    /// Its full id.
    pub commit: String,
}

/// What an environment is a preview of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewOf {
    /// The service whose pull request it is.
    pub service: ServicePath,
    pub number: u64,
    pub branch: String,
    pub commit: String,
    /// It comes from a fork, or from somebody who is no member there.
    pub foreign: bool,
    pub approved_by: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_off_unless_told_and_have_bounds() {
        let read: PreviewSettings = serde_json::from_str("{}").unwrap();
        assert!(!read.on && read.check().is_ok());
        assert_eq!(PreviewSettings { ttl_h: 0, ..read }.check().unwrap_err().0, "preview_ttl");
        assert_eq!(PreviewSettings { most: 0, ..read }.check().unwrap_err().0, "preview_most");
    }
}
