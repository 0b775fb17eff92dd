//! Who gets a service's requests, as it is written down before anything else believes it.

use crate::{ids::DeploymentId, name::Name};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who gets a service's requests. Empty: nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    pub shares: Vec<Share>,
    /// Until when requests wait while nobody gets them: the old release stops before the new one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
}

/// The share of one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub deployment: DeploymentId,
    pub number: u64,
    /// In percent of all shares.
    pub percent: u8,
    /// The port that its instances listen on; absent for one that answers no requests.
    pub port: Option<u16>,
    /// The names of its containers.
    pub instances: Vec<String>,
}

impl Traffic {
    /// Requests are shared so.
    pub fn to(shares: Vec<Share>) -> Self {
        Self { shares, held_until: None }
    }

    /// Nobody gets requests; they wait, but not longer than that.
    pub fn held(until: DateTime<Utc>) -> Self {
        Self { shares: Vec::new(), held_until: Some(until) }
    }

    /// The share of a deployment.
    pub fn of(&self, deployment: DeploymentId) -> Option<&Share> {
        self.shares.iter().find(|share| share.deployment == deployment)
    }
}

/// Requests counted by the proxy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Measured {
    /// Answers below 500.
    pub served: u64,
    /// Answers of 500 and above.
    pub failed: u64,
}

/// Asks for another number of instances of what is live, without a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScaleRequest {
    /// A process other than the one that answers requests.
    #[serde(default)]
    pub process: Option<Name>,
    /// From 1 to 100.
    pub replicas: u16,
}
