//! How Berth gets at the repository of a service: who it is there, and whom it trusts to be the host.

use crate::permission::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// What is kept to get at a repository.
    CredentialKind {
        /// Nothing: it has to be public.
        Nothing = "nothing",
        /// A user with a password, or a token, for http and https.
        Password = "password",
        /// A private key, for ssh.
        SshKey = "ssh_key",
    }
}

text_enum! {
    /// Why an SSH key of a host is trusted.
    HostTrust {
        /// The host publishes it, and Berth knows it.
        Published = "published",
        /// It was the one that the host had at the first connection.
        FirstUse = "first_use",
    }
}

/// How Berth gets at the repository of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessView {
    pub credential: CredentialKind,
    /// Which connection to a git host opens it, or why that no longer does, as a sentence.
    #[serde(default)]
    pub connection: Option<String>,
    /// The public half of the key, as a host takes it for a deploy key.
    pub public_key: Option<String>,
    /// `SHA256:...` of the key.
    pub fingerprint: Option<String>,
    /// The host, as `known_hosts` names it, when it is reached by ssh.
    pub host: Option<String>,
    /// The host's key that is trusted; absent before the first connection.
    pub host_key: Option<HostKeyView>,
}

/// The SSH key of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostKeyView {
    /// `ssh-ed25519` and the like.
    pub kind: String,
    /// `SHA256:...`, as the host shows it to its users.
    pub fingerprint: String,
    pub trust: HostTrust,
    /// When it was first seen.
    pub seen_at: Option<DateTime<Utc>>,
}

/// What a repository has to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BranchesView {
    /// The one that the repository itself calls its default.
    pub default_branch: Option<String>,
    /// At most a thousand.
    pub branches: Vec<String>,
}
