//! How many instances there are, how the traffic moves to new ones, and what runs before and after, as fields.

use super::{
    canary::{read_steps, steps_text},
    reading::{command_text, number, shown},
};
use crate::api::{
    PanelError,
    service::forms::{invalid, optional},
};
use berth_domain::service::{ServiceSettings, Strategy};
use serde::{Deserialize, Serialize};

/// The fields of a rollout. Those of a strategy that is not chosen are not read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RolloutForm {
    pub replicas: String,
    /// The word of a [`Strategy`].
    pub strategy: String,
    /// Of a rolling one.
    pub surge: String,
    /// Of a canary: `10% for 60s, 50% until promoted`.
    pub canary_steps: String,
    /// Of a canary, in percent.
    pub max_error_percent: String,
    /// Of a canary, in milliseconds; empty for no limit.
    pub max_latency_ms: String,
    pub release_command: String,
    pub after_command: String,
    /// Minutes.
    pub command_timeout: String,
}

impl RolloutForm {
    /// The fields of saved settings.
    pub fn of(settings: &ServiceSettings) -> Self {
        let surge = match &settings.strategy {
            Strategy::Rolling { surge } => *surge,
            _ => 1,
        };
        let (steps, errors, latency) = match &settings.strategy {
            Strategy::Canary { steps, max_error_percent, max_latency_ms } => {
                (steps_text(steps), *max_error_percent, *max_latency_ms)
            }
            _ => ("10% for 60s, 50% for 60s".to_owned(), 5, None),
        };
        Self {
            replicas: settings.replicas.to_string(),
            strategy: settings.strategy.word().to_owned(),
            surge: surge.to_string(),
            canary_steps: steps,
            max_error_percent: errors.to_string(),
            max_latency_ms: shown(latency),
            release_command: command_text(settings.release_command.as_ref()),
            after_command: command_text(settings.after_command.as_ref()),
            command_timeout: (f64::from(settings.command_timeout_s) / 60.0).to_string(),
        }
    }

    /// The strategy that was chosen.
    pub fn strategy(&self) -> Result<Strategy, PanelError> {
        Ok(match self.strategy.as_str() {
            "rolling" => Strategy::Rolling { surge: number("surge", &self.surge)? },
            "blue_green" => Strategy::BlueGreen,
            "canary" => self.canary()?,
            "stop_first" => Strategy::StopFirst,
            other => return Err(invalid("strategy", format!("{other:?} is not a strategy."))),
        })
    }

    fn canary(&self) -> Result<Strategy, PanelError> {
        let max_error_percent = number("max_error_percent", &self.max_error_percent)?;
        if max_error_percent > 100 {
            return Err(invalid("max_error_percent", "A share of errors is from 0 to 100 %."));
        }
        Ok(Strategy::Canary {
            steps: read_steps(&self.canary_steps).map_err(|why| invalid("canary_steps", why))?,
            max_error_percent,
            max_latency_ms: match optional(&self.max_latency_ms) {
                Some(text) => Some(number("max_latency_ms", text)?),
                None => None,
            },
        })
    }
}
