//! How the traffic moves from one release to the next, and which processes move with it.

use crate::name::Name;
use serde::{Deserialize, Serialize};

/// The process that answers requests.
pub const WEB: &str = "web";

/// How the traffic moves to a new release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Strategy {
    /// New instances take over from old ones, so many at a time.
    Rolling {
        #[serde(default = "one")]
        surge: u16,
    },
    /// All new instances start beside the old ones, then all traffic moves at once.
    BlueGreen,
    /// A growing share of the requests goes to the new release as long as it answers well.
    Canary {
        #[serde(default = "canary_steps")]
        steps: Vec<CanaryStep>,
        /// The share of answers of 500 and above that ends the rollout.
        #[serde(default = "five")]
        max_error_percent: u8,
        /// The mean time to answer that ends the rollout; none when absent.
        #[serde(default)]
        max_latency_ms: Option<u32>,
    },
    /// The old release stops before the new one starts; requests wait meanwhile.
    StopFirst,
}

/// A share of the requests, and for how long the new release must answer well with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CanaryStep {
    pub percent: u8,
    /// Seconds; absent to wait until a person promotes it.
    #[serde(default)]
    pub hold_s: Option<u32>,
}

fn one() -> u16 {
    1
}

fn five() -> u8 {
    5
}

fn canary_steps() -> Vec<CanaryStep> {
    [10, 50].map(|percent| CanaryStep { percent, hold_s: Some(60) }).into()
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Rolling { surge: one() }
    }
}

impl Strategy {
    /// The word for it in the panel and the API.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Rolling { .. } => "rolling",
            Self::BlueGreen => "blue_green",
            Self::Canary { .. } => "canary",
            Self::StopFirst => "stop_first",
        }
    }

    /// Why it is not acceptable.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Rolling { surge } if !(1..=100).contains(surge) => {
                Err("From 1 to 100 instances take over at a time.".into())
            }
            Self::Canary { steps, max_error_percent, .. } => {
                let grows = steps.windows(2).all(|pair| pair[0].percent < pair[1].percent);
                let shares = steps.iter().all(|step| (1..=99).contains(&step.percent));
                if steps.is_empty() || steps.len() > 20 || !grows || !shares {
                    return Err(
                        "The shares of a canary grow from step to step and are from 1 to 99 %.".into()
                    );
                }
                if *max_error_percent > 100 {
                    return Err("A share of errors is from 0 to 100 %.".into());
                }
                match steps.iter().all(|step| step.hold_s.is_none_or(|hold| (1..=86_400).contains(&hold))) {
                    true => Ok(()),
                    false => Err("A step of a canary takes from a second to a day.".into()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Another process of a service, from the same image: a worker, a scheduler. It gets no requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Process {
    pub name: Name,
    pub command: Vec<String>,
    #[serde(default = "one")]
    pub replicas: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_a_canary_grow() {
        let canary = |percents: &[u8]| Strategy::Canary {
            steps: percents.iter().map(|&percent| CanaryStep { percent, hold_s: None }).collect(),
            max_error_percent: 5,
            max_latency_ms: None,
        };
        assert!(canary(&[10, 50]).check().is_ok());
        for wrong in [&[][..], &[50, 10], &[0], &[100], &[10, 10]] {
            assert!(canary(wrong).check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_strategy_is_its_word_and_what_differs_from_the_default() {
        let read = |text| serde_json::from_str::<Strategy>(text).unwrap();
        assert_eq!(read(r#"{"type":"rolling"}"#), Strategy::default());
        assert!(matches!(read(r#"{"type":"canary"}"#), Strategy::Canary { steps, .. } if steps.len() == 2));
    }
}
