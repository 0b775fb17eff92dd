//! What became of the requests.

use super::Kind;
use anyhow::{Result, ensure};
use std::{collections::BTreeMap, fmt, time::Duration};

/// Requests of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub sent: u64,
    pub answered: u64,
}

/// A request that was lost, by the clock of its load.
#[derive(Debug, Clone)]
pub struct Failure {
    pub kind: Kind,
    pub began: Duration,
    pub ended: Duration,
    pub why: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, from, to) = (self.kind.word(), self.began.as_secs_f32(), self.ended.as_secs_f32());
        write!(f, "{kind}, from second {from:.2} to {to:.2}: {}", self.why)
    }
}

/// What became of the requests.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub counts: BTreeMap<Kind, Count>,
    pub failures: Vec<Failure>,
    /// Answers by the value of `x-version`, in the order of their first appearance.
    pub versions: Vec<(String, u64)>,
    /// Milliseconds from the time at which the request was due; of the quick kinds only.
    pub latencies: Vec<f32>,
}

impl Report {
    pub(super) fn sent(&mut self, kind: Kind) {
        self.counts.entry(kind).or_default().sent += 1;
    }

    pub(super) fn note(
        &mut self,
        kind: Kind,
        began: Duration,
        ended: Duration,
        answer: Result<String, String>,
    ) {
        let version = match answer {
            Ok(version) => version,
            Err(why) => return self.failures.push(Failure { kind, began, ended, why }),
        };
        self.counts.entry(kind).or_default().answered += 1;
        if matches!(kind, Kind::Kept | Kind::Fresh) {
            self.latencies.push((ended - began).as_secs_f32() * 1_000.0);
        }
        match self.versions.iter_mut().find(|(known, _)| *known == version) {
            Some((_, count)) => *count += 1,
            None => self.versions.push((version, 1)),
        }
    }

    /// How many were sent of every kind.
    pub fn requests(&self) -> u64 {
        self.counts.values().map(|count| count.sent).sum()
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        for (kind, count) in other.counts {
            let sum = self.counts.entry(kind).or_default();
            sum.sent += count.sent;
            sum.answered += count.answered;
        }
        self.failures.extend(other.failures);
        self.versions.extend(other.versions);
        self.latencies.extend(other.latencies);
        self
    }

    /// Fails unless every request was answered with a 2xx, and there were at least `least` of them.
    pub fn lost_nothing(&self, least: u64) -> Result<()> {
        let answered: u64 = self.counts.values().map(|count| count.answered).sum();
        ensure!(
            self.failures.is_empty() && answered == self.requests(),
            "{} of {} requests failed: {:#?}",
            self.requests() - answered,
            self.requests(),
            self.shown()
        );
        ensure!(answered >= least, "only {answered} requests were sent, {least} are owed");
        Ok(())
    }

    /// Fails when a request was lost that was not under way between these two moments.
    pub fn lost_only_between(&self, from: Duration, to: Duration) -> Result<()> {
        let outside: Vec<_> =
            self.failures.iter().filter(|failure| failure.ended < from || failure.began > to).collect();
        ensure!(
            outside.is_empty(),
            "{} requests were lost before second {:.2} or after {:.2}: {:#?}",
            outside.len(),
            from.as_secs_f32(),
            to.as_secs_f32(),
            outside.iter().take(20).map(ToString::to_string).collect::<Vec<_>>()
        );
        Ok(())
    }

    fn shown(&self) -> Vec<String> {
        self.failures.iter().take(20).map(ToString::to_string).collect()
    }

    /// The latency below which this share of the answers stayed.
    pub fn percentile(&self, share: f64) -> f32 {
        let mut sorted = self.latencies.clone();
        sorted.sort_by(f32::total_cmp);
        let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests (", self.requests())?;
        for (index, (kind, count)) in self.counts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", count.sent, kind.word())?;
        }
        let (p50, p99) = (self.percentile(0.5), self.percentile(0.99));
        write!(f, "), {} failed; p50 {p50:.1} ms, p99 {p99:.1} ms", self.failures.len())
    }
}
