//! Connections of an organisation to git hosts: repositories are listed, cloned and answered with them.

use crate::{
    ids::ConnectionId,
    permission::text_enum,
    webhook::{DeliveryView, Provider},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// Which host it is, and how Berth shows who it is there.
    ConnectionKind {
        GitHub = "github",
        /// An App that Berth made for itself at GitHub.
        GitHubApp = "github-app",
        GitLab = "gitlab",
        /// Forgejo too.
        Gitea = "gitea",
        /// Bitbucket Cloud.
        Bitbucket = "bitbucket",
    }
}

impl ConnectionKind {
    /// Whose interface it speaks.
    pub fn provider(self) -> Provider {
        match self {
            Self::GitHub | Self::GitHubApp => Provider::GitHub,
            Self::GitLab => Provider::GitLab,
            Self::Gitea => Provider::Gitea,
            Self::Bitbucket => Provider::Bitbucket,
        }
    }

    /// The host that people mean when they name none.
    pub fn usual_url(self) -> Option<&'static str> {
        match self {
            Self::GitHub | Self::GitHubApp => Some("https://github.com"),
            Self::GitLab => Some("https://gitlab.com"),
            Self::Bitbucket => Some("https://bitbucket.org"),
            Self::Gitea => None,
        }
    }
}

/// A connection as people see it; its token or key never leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionView {
    pub id: ConnectionId,
    pub kind: ConnectionKind,
    /// The host's address in a browser.
    pub url: String,
    /// Whom the host says it is; the workspace at Bitbucket, the App's name at GitHub.
    pub account: String,
    /// Where a person installs the App, as long as it is installed nowhere.
    pub install_url: Option<String>,
    /// The services whose source names it.
    pub services: Vec<String>,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

/// Adds a connection by token. The host is asked before it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddConnection {
    pub kind: ConnectionKind,
    /// The host's address; empty for the usual one.
    #[serde(default)]
    pub url: String,
    /// Bitbucket only: the workspace.
    #[serde(default)]
    pub account: String,
    /// Bitbucket only, for an API token: the e-mail address of its account. Empty for an access token.
    #[serde(default)]
    pub username: String,
    pub token: String,
}

impl AddConnection {
    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.kind == ConnectionKind::GitHubApp {
            return Err(("kind", "An App is made at GitHub: begin with that.".into()));
        }
        let line = |text: &str| text.len() <= 1_024 && !text.chars().any(char::is_control);
        if self.token.trim().is_empty() || !line(&self.token) {
            return Err(("token", "A token is one line of at most 1024 characters.".into()));
        }
        if !line(&self.username) {
            return Err(("username", "An e-mail address is one line.".into()));
        }
        if self.kind == ConnectionKind::Bitbucket && !is_account(&self.account) {
            return Err(("account", "Name the workspace as its address has it.".into()));
        }
        Ok(())
    }
}

/// Whether this may be the name of an account in an address.
pub fn is_account(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 100 && text.chars().all(fits) && !text.starts_with(['.', '-'])
}

/// Begins to make an App at GitHub.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct BeginApp {
    /// The address of GitHub; empty for github.com.
    pub url: String,
    /// The organisation there that the App is for; empty for the person's own account.
    pub account: String,
}

/// What a browser posts to GitHub, as the field `manifest`, so that it makes the App.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppManifest {
    /// Where the form goes.
    pub post_to: String,
    /// The manifest as JSON text.
    pub manifest: String,
}

/// What GitHub sends the browser back with when the App is made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FinishApp {
    pub code: String,
    pub state: String,
}

/// What GitHub sends the browser back with when the App is installed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstalledApp {
    pub installation: u64,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(default)]
pub struct HostQuery {
    /// Only what has this in its name.
    pub search: String,
    /// As the answer before said; the first unless told.
    pub page: Option<u32>,
    /// For branches: the repository, as `owner/name`.
    pub repository: String,
}

/// A repository at a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RepositoryView {
    /// `owner/name`, with all groups.
    pub name: String,
    /// What a service's source takes.
    pub url: String,
    pub default_branch: String,
    pub private: bool,
}

/// A part of a host's repositories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RepositoriesView {
    pub items: Vec<RepositoryView>,
    /// The page to ask for next, if there may be more.
    pub next: Option<u32>,
}

/// A part of a repository's branches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostBranchesView {
    pub items: Vec<String>,
    /// The page to ask for next, if there may be more.
    pub next: Option<u32>,
}

/// Whether a service's webhook is at its host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookRegistration {
    pub registered: bool,
    /// What was done, or what to do by hand.
    pub message: String,
}

/// What became of a call of an App's webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppDelivery {
    pub message: String,
    /// One for each service that is made of the repository.
    pub deliveries: Vec<DeliveryView>,
}

impl AppDelivery {
    /// Nothing follows from it.
    pub fn ignored(message: String) -> Self {
        Self { message, deliveries: Vec::new() }
    }

    /// It was judged for each service.
    pub fn judged(repository: &str, deliveries: Vec<DeliveryView>) -> Self {
        let message = match deliveries.len() {
            0 => format!("No service is made of {repository}."),
            1 => format!("One service is made of {repository}."),
            many => format!("{many} services are made of {repository}."),
        };
        Self { message, deliveries }
    }

    /// The HTTP status that tells it: what was queued comes first.
    pub fn status(&self) -> u16 {
        let statuses = || self.deliveries.iter().map(|one| one.status);
        if statuses().any(|status| status == 202) { 202 } else { statuses().max().unwrap_or(200) }
    }
}
