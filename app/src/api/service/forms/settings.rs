//! How a service runs, as a form.

mod canary;
mod isolation;
mod probe;
mod processes;
mod reading;
mod rollout;
#[cfg(test)]
mod tests;

pub use canary::steps_text;
pub use isolation::IsolationForm;
pub use probe::ProbeForm;
pub use processes::ProcessRow;
pub use reading::port;
pub(super) use reading::{number, scaled, shown};
pub use rollout::RolloutForm;

use super::{invalid, optional};
use crate::api::PanelError;
use berth_domain::service::{ServiceSettings, Strategy};
use reading::{command, command_text, seconds_text};
use serde::{Deserialize, Serialize};

/// All settings but the volumes and auto-deploy, which have forms of their own. Times are in seconds where people
/// think in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingsForm {
    /// Anything here: it answers requests.
    pub routed: String,
    pub port: String,
    pub command: String,
    /// Cores: `0.5`.
    pub cpus: String,
    pub memory_mib: String,
    pub restart: String,
    #[serde(flatten)]
    pub rollout: RolloutForm,
    /// Further processes; rows that are empty are none.
    pub processes: Vec<ProcessRow>,
    #[serde(flatten)]
    pub probe: ProbeForm,
    #[serde(flatten)]
    pub isolation: IsolationForm,
    /// Seconds.
    pub drain: String,
    /// Seconds.
    pub stop_grace: String,
    /// Minutes.
    pub build_timeout: String,
    /// Keys, separated by spaces or commas.
    pub build_variables: String,
}

impl SettingsForm {
    /// The form of saved settings.
    pub fn of(settings: &ServiceSettings) -> Self {
        Self {
            routed: if settings.routed { "true".to_owned() } else { String::new() },
            port: shown(settings.port),
            command: command_text(settings.command.as_ref()),
            cpus: shown(settings.cpu_millis.map(|millis| f64::from(millis) / 1_000.0)),
            memory_mib: shown(settings.memory_mib),
            restart: settings.restart.to_string(),
            rollout: RolloutForm::of(settings),
            processes: settings.processes.iter().map(ProcessRow::of).collect(),
            probe: ProbeForm::of(&settings.probe),
            isolation: IsolationForm::of(&settings.isolation),
            drain: seconds_text(settings.drain_ms),
            stop_grace: seconds_text(settings.stop_grace_ms),
            build_timeout: (f64::from(settings.build_timeout_s) / 60.0).to_string(),
            build_variables: settings.build_variables.join(" "),
        }
    }

    /// The settings that were typed; what this form does not have is taken from `present`.
    pub fn settings(&self, present: ServiceSettings) -> Result<ServiceSettings, PanelError> {
        let rollout = &self.rollout;
        let settings = ServiceSettings {
            routed: !self.routed.is_empty(),
            port: port(&self.port)?,
            command: command("command", &self.command)?,
            replicas: number("replicas", &rollout.replicas)?,
            strategy: rollout.strategy()?,
            processes: processes::processes(&self.processes)?,
            release_command: command("release_command", &rollout.release_command)?,
            after_command: command("after_command", &rollout.after_command)?,
            command_timeout_s: scaled("command_timeout", &rollout.command_timeout, 60.0)?,
            cpu_millis: match optional(&self.cpus) {
                Some(text) => Some(scaled("cpus", text, 1_000.0)?),
                None => None,
            },
            memory_mib: match optional(&self.memory_mib) {
                Some(text) => Some(number("memory_mib", text)?),
                None => None,
            },
            restart: self.restart.parse().map_err(|why: String| invalid("restart", why))?,
            probe: self.probe.probe()?,
            isolation: self.isolation.isolation()?,
            drain_ms: scaled("drain", &self.drain, 1_000.0)?,
            stop_grace_ms: scaled("stop_grace", &self.stop_grace, 1_000.0)?,
            build_timeout_s: scaled("build_timeout", &self.build_timeout, 60.0)?,
            build_variables: words(&self.build_variables),
            ..present
        };
        settings.check().map_err(|(field, why)| invalid(form_field(field, &settings.strategy), why))?;
        Ok(settings)
    }
}

fn words(text: &str) -> Vec<String> {
    let all = text.split([' ', ',', '\n', '\r', '\t']);
    all.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The form's name for a field of the settings.
fn form_field<'a>(field: &'a str, strategy: &Strategy) -> &'a str {
    match (field, strategy) {
        ("cpu_millis", _) => "cpus",
        ("build_timeout_s", _) => "build_timeout",
        ("command_timeout_s", _) => "command_timeout",
        ("drain_ms", _) => "drain",
        ("probe_status", _) => "probe_status_to",
        ("strategy", Strategy::Canary { .. }) => "canary_steps",
        ("strategy", _) => "surge",
        (other, _) => other,
    }
}
