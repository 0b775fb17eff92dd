//! How an instance is asked whether it is ready, as fields.

use super::reading::{number, scaled, seconds_text};
use crate::api::PanelError;
use berth_domain::service::{ProbeKind, ProbeSettings};
use serde::{Deserialize, Serialize};

/// The fields of the probe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeForm {
    /// `tcp` or `http`.
    pub probe: String,
    pub probe_path: String,
    pub probe_status_from: String,
    pub probe_status_to: String,
    /// Seconds.
    pub probe_start_period: String,
    /// Milliseconds.
    pub probe_interval: String,
    /// Milliseconds.
    pub probe_timeout: String,
    pub probe_threshold: String,
}

impl ProbeForm {
    /// The fields of a saved probe.
    pub fn of(probe: &ProbeSettings) -> Self {
        let (kind, path, from, to) = match &probe.kind {
            ProbeKind::Tcp => ("tcp", "/".to_owned(), 200, 399),
            ProbeKind::Http { path, status_from, status_to } => {
                ("http", path.clone(), *status_from, *status_to)
            }
        };
        Self {
            probe: kind.to_owned(),
            probe_path: path,
            probe_status_from: from.to_string(),
            probe_status_to: to.to_string(),
            probe_start_period: seconds_text(probe.start_period_ms),
            probe_interval: probe.interval_ms.to_string(),
            probe_timeout: probe.timeout_ms.to_string(),
            probe_threshold: probe.threshold.to_string(),
        }
    }

    /// The probe that was typed.
    pub fn probe(&self) -> Result<ProbeSettings, PanelError> {
        let kind = match self.probe.as_str() {
            "http" => ProbeKind::Http {
                path: self.probe_path.trim().to_owned(),
                status_from: number("probe_status_from", &self.probe_status_from)?,
                status_to: number("probe_status_to", &self.probe_status_to)?,
            },
            _ => ProbeKind::Tcp,
        };
        Ok(ProbeSettings {
            kind,
            start_period_ms: scaled("probe_start_period", &self.probe_start_period, 1_000.0)?,
            interval_ms: number("probe_interval", &self.probe_interval)?,
            timeout_ms: number("probe_timeout", &self.probe_timeout)?,
            threshold: number("probe_threshold", &self.probe_threshold)?,
        })
    }
}
