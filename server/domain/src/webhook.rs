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

/// A delivery as it was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryView {
    pub id: DeliveryId,
    /// The host's own id of the delivery; the same id is judged once.
    pub delivery: Option<String>,
    /// `push`, `ping`, as the host names it.
    pub event: String,
    pub verdict: Verdict,
    /// Why, as a sentence.
    pub reason: String,
    pub commit: Option<String>,
    /// The number of the deployment that it queued.
    pub deployment: Option<u64>,
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
}
