//! Watching how the new release answers: while a canary holds, and over the whole switch.

use std::time::Duration;

use berth_domain::{deployment::Phase, service::Strategy, traffic::Measured};
use tokio::time::Instant;
use tracing::warn;

use super::{Rollout, halt::Halt};
use crate::{proxy::ServiceCounts, waiting::Visits};

/// How often the proxy is asked for its counters while a canary holds.
const LOOK: Duration = Duration::from_millis(500);

/// Fewer answers than this say nothing yet, unless the time is over.
const ENOUGH: u64 = 20;

/// What the proxy has counted of a service, or of one of its deployments.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counted {
    served: u64,
    failed: u64,
    seconds: f64,
}

impl Counted {
    fn since(self, before: Self) -> Self {
        Self {
            served: self.served.saturating_sub(before.served),
            failed: self.failed.saturating_sub(before.failed),
            seconds: (self.seconds - before.seconds).max(0.0),
        }
    }

    fn answers(self) -> u64 {
        self.served + self.failed
    }

    /// Why a canary with these answers must not go on.
    fn judge(self, max_error_percent: u8, max_latency_ms: Option<u32>) -> Result<(), String> {
        let answers = self.answers();
        if answers == 0 {
            return Ok(());
        }
        if self.failed * 100 > u64::from(max_error_percent) * answers {
            return Err(format!(
                "the new release answered {} of {answers} requests with an error, more than the {max_error_percent} % that are allowed; the former release keeps the traffic",
                self.failed
            ));
        }
        let mean = self.seconds * 1_000.0 / answers as f64;
        match max_latency_ms {
            Some(most) if mean > f64::from(most) => Err(format!(
                "the new release took {mean:.0} ms to answer in the mean of {answers} requests, more than the {most} ms that are allowed; the former release keeps the traffic"
            )),
            _ => Ok(()),
        }
    }
}

impl Rollout {
    /// Watches the answers of the new release for a time, or until a person promotes it.
    pub(super) async fn hold(&mut self, percent: u8, seconds: Option<u32>) -> Result<(), Halt> {
        if self.job.promoted || self.signals.promote.is_cancelled() {
            return Ok(());
        }
        let (max_error_percent, max_latency_ms) = match &self.job.settings.strategy {
            Strategy::Canary { max_error_percent, max_latency_ms, .. } => {
                (*max_error_percent, *max_latency_ms)
            }
            _ => (100, None),
        };
        let before = self.counted(true).await;
        let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
        loop {
            let over = until.is_some_and(|until| Instant::now() >= until);
            let (Some(before), Some(now)) = (before, self.counted(true).await) else {
                return Err(Halt::failed(
                    "the proxy does not say how the new release answers; the former release keeps the traffic",
                ));
            };
            let counted = now.since(before);
            if over || counted.answers() >= ENOUGH {
                counted.judge(max_error_percent, max_latency_ms).map_err(Halt::failed)?;
            }
            if over {
                let (served, failed) = (counted.served, counted.failed);
                self.journal
                    .say(&format!("{percent} %: {served} requests answered well, {failed} not."))
                    .await;
                return Ok(());
            }
            tokio::select! {
                biased;
                halt = self.died() => return Err(halt),
                () = self.signals.promote.cancelled() => {
                    self.journal.say("Promoted: all traffic moves.").await;
                    self.job.promoted = true;
                    return Ok(());
                }
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Remembers the proxy's counters when the traffic begins to move.
    pub(super) async fn count_from_here(&mut self) {
        if self.counters.is_none() {
            self.counters = self.counted(false).await;
        }
    }

    /// Keeps what the proxy counted since. A rollout that was cut off has forgotten where it began: not measured.
    pub(super) async fn measure(&mut self) {
        let (Some(before), Some(now)) = (self.counters, self.counted(false).await) else { return };
        let counted = now.since(before);
        self.job.measured = Some(Measured { served: counted.served, failed: counted.failed });
        let (all, failed) = (counted.answers(), counted.failed);
        self.journal.say(&format!("{all} requests while the traffic moved, {failed} of them failed.")).await;
    }

    /// The proxy's counters: of this deployment alone, or of the whole service.
    async fn counted(&self, alone: bool) -> Option<Counted> {
        let counts = match self.engine.parts.proxy.counts().await {
            Ok(counts) => counts,
            Err(error) => {
                warn!(%error, phase = %Phase::Switch, "the proxy does not give its counters");
                return None;
            }
        };
        let key = self.engine.parts.naming.route(self.job.service);
        let id = self.job.id.to_string();
        let ours = |count: &&ServiceCounts| {
            count.service_and_deployment().is_some_and(|(service, deployment)| {
                let mine = service == key || service.starts_with(&format!("{key}-"));
                mine && (!alone || deployment == id)
            })
        };
        // Who had waited was not answered by a service of the proxy's that tells whose it is.
        let waited = if alone { Visits::default() } else { self.engine.visits(self.job.service) };
        let start = Counted { served: waited.served, failed: waited.failed, seconds: 0.0 };
        Some(counts.iter().filter(ours).fold(start, |sum, count| Counted {
            served: sum.served + count.served,
            failed: sum.failed + count.failed,
            seconds: sum.seconds + count.seconds,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_judged_by_its_errors_and_its_time() {
        let counted = Counted { served: 90, failed: 10, seconds: 20.0 };
        assert!(counted.judge(10, None).is_ok());
        assert!(counted.judge(9, None).unwrap_err().contains("10 of 100"));
        assert!(counted.judge(10, Some(199)).unwrap_err().contains("200 ms"));
        assert!(Counted::default().judge(0, Some(1)).is_ok());
    }
}
