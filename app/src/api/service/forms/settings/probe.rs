//! How an instance is asked whether it is ready, as fields.

use super::{
    invalid, optional,
    reading::{number, scaled, seconds_text},
};
use crate::api::PanelError;
use berth_domain::service::{ProbeKind, ProbeSettings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fields of the probe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeForm {
    /// `tcp`, `http` or `grpc`.
    pub probe: String,
    pub probe_path: String,
    pub probe_status_from: String,
    pub probe_status_to: String,
    /// A line for each header: `Name: value`.
    pub probe_headers: String,
    pub probe_body: String,
    pub probe_service: String,
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
        let fields = Self {
            probe_start_period: seconds_text(probe.start_period_ms),
            probe_interval: probe.interval_ms.to_string(),
            probe_timeout: probe.timeout_ms.to_string(),
            probe_threshold: probe.threshold.to_string(),
            ..Self::of_http(&ProbeKind::http("/"))
        };
        match &probe.kind {
            ProbeKind::Tcp => Self { probe: "tcp".into(), ..fields },
            ProbeKind::Grpc { service } => {
                Self { probe: "grpc".into(), probe_service: service.clone().unwrap_or_default(), ..fields }
            }
            http => Self {
                probe_start_period: fields.probe_start_period,
                probe_interval: fields.probe_interval,
                probe_timeout: fields.probe_timeout,
                probe_threshold: fields.probe_threshold,
                ..Self::of_http(http)
            },
        }
    }

    /// The fields of a request; the rest is empty.
    fn of_http(kind: &ProbeKind) -> Self {
        let ProbeKind::Http { path, status_from, status_to, headers, body_contains } = kind else {
            return Self::default();
        };
        let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        Self {
            probe: "http".into(),
            probe_path: path.clone(),
            probe_status_from: status_from.to_string(),
            probe_status_to: status_to.to_string(),
            probe_headers: lines.collect(),
            probe_body: body_contains.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The probe that was typed.
    pub fn probe(&self) -> Result<ProbeSettings, PanelError> {
        let kind = match self.probe.as_str() {
            "http" => ProbeKind::Http {
                path: self.probe_path.trim().to_owned(),
                status_from: number("probe_status_from", &self.probe_status_from)?,
                status_to: number("probe_status_to", &self.probe_status_to)?,
                headers: self.headers()?,
                body_contains: optional(&self.probe_body).map(str::to_owned),
            },
            "grpc" => ProbeKind::Grpc { service: optional(&self.probe_service).map(str::to_owned) },
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

    fn headers(&self) -> Result<BTreeMap<String, String>, PanelError> {
        let mut headers = BTreeMap::new();
        for line in self.probe_headers.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let wrong =
                || invalid("probe_headers", format!("{line:?} is no header such as Accept: text/plain."));
            let (name, value) = line.split_once(':').ok_or_else(wrong)?;
            headers.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(headers)
    }
}
