//! How a service runs, as a form.

use super::{invalid, join_words, optional, split_words};
use crate::api::PanelError;
use berth_domain::service::{ProbeKind, ProbeSettings, ServiceSettings};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// All settings but the volumes and auto-deploy, which have forms of their own. Times are in seconds where people
/// think in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingsForm {
    pub port: String,
    pub command: String,
    /// Cores: `0.5`.
    pub cpus: String,
    pub memory_mib: String,
    pub restart: String,
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
    /// Seconds.
    pub drain: String,
    /// Seconds.
    pub stop_grace: String,
    /// Minutes.
    pub build_timeout: String,
}

impl SettingsForm {
    /// The form of saved settings.
    pub fn of(settings: &ServiceSettings) -> Self {
        let probe = &settings.probe;
        let (kind, path, from, to) = match &probe.kind {
            ProbeKind::Tcp => ("tcp", "/".to_owned(), 200, 399),
            ProbeKind::Http { path, status_from, status_to } => {
                ("http", path.clone(), *status_from, *status_to)
            }
        };
        Self {
            port: shown(settings.port),
            command: settings.command.as_deref().map(join_words).unwrap_or_default(),
            cpus: shown(settings.cpu_millis.map(|millis| f64::from(millis) / 1_000.0)),
            memory_mib: shown(settings.memory_mib),
            restart: settings.restart.to_string(),
            probe: kind.to_owned(),
            probe_path: path,
            probe_status_from: from.to_string(),
            probe_status_to: to.to_string(),
            probe_start_period: seconds_text(probe.start_period_ms),
            probe_interval: probe.interval_ms.to_string(),
            probe_timeout: probe.timeout_ms.to_string(),
            probe_threshold: probe.threshold.to_string(),
            drain: seconds_text(settings.drain_ms),
            stop_grace: seconds_text(settings.stop_grace_ms),
            build_timeout: (f64::from(settings.build_timeout_s) / 60.0).to_string(),
        }
    }

    /// The settings that were typed; what this form does not have is taken from `present`.
    pub fn settings(&self, present: ServiceSettings) -> Result<ServiceSettings, PanelError> {
        let settings = ServiceSettings {
            port: port(&self.port)?,
            command: command(&self.command)?,
            cpu_millis: match optional(&self.cpus) {
                Some(text) => Some(scaled("cpus", text, 1_000.0)?),
                None => None,
            },
            memory_mib: match optional(&self.memory_mib) {
                Some(text) => Some(number("memory_mib", text)?),
                None => None,
            },
            restart: self.restart.parse().map_err(|why: String| invalid("restart", why))?,
            probe: self.probe()?,
            drain_ms: scaled("drain", &self.drain, 1_000.0)?,
            stop_grace_ms: scaled("stop_grace", &self.stop_grace, 1_000.0)?,
            build_timeout_s: scaled("build_timeout", &self.build_timeout, 60.0)?,
            ..present
        };
        settings.check().map_err(|(field, why)| invalid(form_field(field), why))?;
        Ok(settings)
    }

    fn probe(&self) -> Result<ProbeSettings, PanelError> {
        let kind = match self.probe.as_str() {
            "http" => ProbeKind::Http {
                path: self.probe_path.trim().to_owned(),
                status_from: number("probe_status", &self.probe_status_from)?,
                status_to: number("probe_status", &self.probe_status_to)?,
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

/// The form's name for a field of the settings.
fn form_field(field: &str) -> &str {
    match field {
        "cpu_millis" => "cpus",
        "build_timeout_s" => "build_timeout",
        "drain_ms" => "drain",
        other => other,
    }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn seconds_text(milliseconds: u32) -> String {
    (f64::from(milliseconds) / 1_000.0).to_string()
}

/// Reads an optional port.
pub fn port(text: &str) -> Result<Option<u16>, PanelError> {
    match optional(text) {
        Some(text) => match text.parse() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err(invalid("port", "A port is a number from 1 to 65535.")),
        },
        None => Ok(None),
    }
}

fn command(text: &str) -> Result<Option<Vec<String>>, PanelError> {
    let words = split_words(text)
        .map_err(|quote| invalid("command", format!("There is a {quote} that is not closed.")))?;
    Ok(Some(words).filter(|words| !words.is_empty()))
}

fn number<T: FromStr>(field: &str, text: &str) -> Result<T, PanelError> {
    let wrong = || invalid(field, format!("{:?} is not a whole number in range.", text.trim()));
    text.trim().parse().map_err(|_| wrong())
}

/// Reads a decimal number and turns it into whole units.
fn scaled(field: &str, text: &str, factor: f64) -> Result<u32, PanelError> {
    let value: f64 =
        text.trim().parse().map_err(|_| invalid(field, format!("{:?} is not a number.", text.trim())))?;
    let whole = (value * factor).round();
    match (0.0..=f64::from(u32::MAX)).contains(&whole) {
        true => Ok(whole as u32),
        false => Err(invalid(field, format!("{value} is out of range."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_their_form() {
        let settings = ServiceSettings {
            port: Some(8080),
            command: Some(vec!["serve".into(), "two words".into()]),
            cpu_millis: Some(1_500),
            memory_mib: Some(256),
            drain_ms: 2_500,
            probe: ProbeSettings {
                kind: ProbeKind::Http { path: "/healthz".into(), status_from: 200, status_to: 299 },
                ..ProbeSettings::default()
            },
            ..ServiceSettings::default()
        };
        let form = SettingsForm::of(&settings);
        assert_eq!(form.settings(ServiceSettings::default()).ok(), Some(settings));
    }

    #[test]
    fn what_is_wrong_is_said_at_the_field_of_the_form() {
        let form = SettingsForm { cpus: "0.001".into(), ..SettingsForm::of(&ServiceSettings::default()) };
        let problem = form.settings(ServiceSettings::default()).unwrap_err();
        assert!(format!("{problem:?}").contains("\"cpus\""), "{problem:?}");
    }
}
