//! What is known of one instance by its probes.

use berth_domain::service::ProbeView;
use chrono::{DateTime, Utc};

use crate::probe::Attempt;

/// How many answers of the other kind in a row change what an instance counts as: one that is slow once is not ill.
const IN_A_ROW: u8 = 3;

/// The last probe, and what the ones before it have in common.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub view: ProbeView,
    /// What was wrong when it became unhealthy: the same words until it is healthy again.
    pub why: Option<String>,
    /// How many probes in a row speak against what it counts as.
    against: u8,
}

/// An instance became another than it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    Unhealthy(String),
    Healthy,
}

impl Record {
    /// An instance that was never probed here: it is live, so that it answered before.
    pub fn of_a_live_one(at: DateTime<Utc>) -> Self {
        let view = ProbeView { healthy: true, ok: true, latency_ms: 0, error: None, at };
        Self { view, why: None, against: 0 }
    }

    /// Takes a probe in.
    pub fn note(&mut self, attempt: &Attempt, at: DateTime<Utc>) -> Option<News> {
        let (healthy, ok) = (self.view.healthy, attempt.is_good());
        let latency_ms = u32::try_from(attempt.latency.as_millis()).unwrap_or(u32::MAX);
        self.view = ProbeView { healthy, ok, latency_ms, error: attempt.error.clone(), at };
        self.against = if ok == healthy { 0 } else { self.against + 1 };
        if self.against < IN_A_ROW {
            return None;
        }
        self.against = 0;
        self.view.healthy = ok;
        self.why = attempt.error.clone();
        Some(self.why.clone().map_or(News::Healthy, News::Unhealthy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn news(record: &mut Record, probes: &str) -> Vec<Option<News>> {
        let attempt = |good: char| Attempt {
            status: None,
            error: (good != '+').then(|| format!("error {good}")),
            latency: Duration::from_millis(7),
        };
        probes.chars().map(|good| record.note(&attempt(good), DateTime::UNIX_EPOCH)).collect()
    }

    #[test]
    fn r_hc_3_three_answers_in_a_row_change_what_an_instance_counts_as() {
        let mut record = Record::of_a_live_one(DateTime::UNIX_EPOCH);
        assert_eq!(news(&mut record, "++12+12+"), vec![None; 8], "two failures in a row are no news");
        assert!(record.view.healthy && record.view.ok);
        assert_eq!(news(&mut record, "123"), [None, None, Some(News::Unhealthy("error 3".into()))]);
        assert_eq!(news(&mut record, "4"), [None], "it is told once");
        assert_eq!((record.why.as_deref(), record.view.error.as_deref()), (Some("error 3"), Some("error 4")));
        assert_eq!(news(&mut record, "++5++"), vec![None; 5]);
        assert!(!record.view.healthy && record.view.ok);
        assert_eq!(news(&mut record, "+"), [Some(News::Healthy)]);
        assert_eq!((record.view.latency_ms, record.why), (7, None));
    }
}
