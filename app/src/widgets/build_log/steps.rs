//! A deployment's log, sorted into its steps.

use berth_domain::{
    ansi,
    deployment::Phase,
    log::{LogLine, LogStream},
};
use std::sync::Arc;

/// Lines kept of one step; the plain log has them all.
pub const KEPT: usize = 200;

/// How a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    Running,
    Done,
    Cached,
    Failed,
}

/// A step of a build, or a phase of the deployment, with what it printed.
#[derive(Debug, Clone, PartialEq)]
pub struct LogStep {
    pub origin: String,
    /// What people read: `[build 2/4] RUN cargo build`, `Probe`.
    pub title: String,
    /// Whether it is a phase of Berth's and not a step of the build.
    pub phase: bool,
    pub outcome: StepOutcome,
    /// As BuildKit measured it.
    pub took: Option<String>,
    /// The newest lines.
    pub lines: Vec<Arc<LogLine>>,
    /// Lines that were there and are only in the plain log.
    pub left_out: usize,
}

impl LogStep {
    fn new(origin: &str) -> Self {
        let phase = origin.parse::<Phase>().ok();
        let title = match (phase, origin.split_once(' ')) {
            (Some(phase), _) => crate::widgets::stepper::phase_name(phase).to_owned(),
            (None, Some((number, name))) if number.parse::<u32>().is_ok() => name.to_owned(),
            _ => origin.to_owned(),
        };
        Self {
            origin: origin.to_owned(),
            title,
            phase: phase.is_some(),
            outcome: StepOutcome::Running,
            took: None,
            lines: Vec::new(),
            left_out: 0,
        }
    }

    fn take(&mut self, line: LogLine) {
        if line.stream == LogStream::Berth && !self.phase && self.note(&ansi::strip(&line.text)) {
            return;
        }
        if self.phase && line.stream == LogStream::Err {
            self.outcome = StepOutcome::Failed;
        }
        self.lines.push(Arc::new(line));
        if self.lines.len() > KEPT * 2 {
            let extra = self.lines.len() - KEPT;
            self.lines.drain(..extra);
            self.left_out += extra;
        }
    }

    /// Takes a word of Berth about a step; `true` when there is nothing of it to show as a line.
    fn note(&mut self, text: &str) -> bool {
        if let Some(took) = text.strip_prefix("DONE ") {
            if self.outcome != StepOutcome::Cached {
                self.outcome = StepOutcome::Done;
            }
            self.took = Some(took.to_owned());
            return true;
        }
        if text.starts_with("FAILED") {
            self.outcome = StepOutcome::Failed;
            return false;
        }
        if text == "CACHED" {
            self.outcome = StepOutcome::Cached;
            return true;
        }
        text == "started"
    }
}

/// Sorts lines into steps, in the order in which the steps first spoke. Returns which steps changed.
pub fn sort_in(steps: &mut Vec<LogStep>, lines: impl IntoIterator<Item = LogLine>) -> Vec<usize> {
    let mut changed = Vec::new();
    for line in lines {
        let at = match steps.iter().rposition(|step| step.origin == line.origin) {
            Some(at) => at,
            None => {
                steps.push(LogStep::new(&line.origin));
                steps.len() - 1
            }
        };
        steps[at].take(line);
        if !changed.contains(&at) {
            changed.push(at);
        }
    }
    changed.extend(end_former_phases(steps));
    changed
}

/// A phase is over when the next one speaks.
fn end_former_phases(steps: &mut [LogStep]) -> Vec<usize> {
    let Some(last) = steps.iter().rposition(|step| step.phase) else { return Vec::new() };
    let mut changed = Vec::new();
    for (at, step) in steps[..last].iter_mut().enumerate() {
        if step.phase && step.outcome == StepOutcome::Running {
            step.outcome = StepOutcome::Done;
            changed.push(at);
        }
    }
    changed
}

/// Ends what is still marked as running, when the deployment is settled. Returns which steps changed.
pub fn settle(steps: &mut [LogStep], failed: bool) -> Vec<usize> {
    let mut changed = Vec::new();
    let last = steps.len().saturating_sub(1);
    for (at, step) in steps.iter_mut().enumerate() {
        if step.outcome == StepOutcome::Running {
            step.outcome = if failed && at == last { StepOutcome::Failed } else { StepOutcome::Done };
            changed.push(at);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::Timestamp;

    fn line(cursor: u64, origin: &str, stream: LogStream, text: &str) -> LogLine {
        LogLine { cursor, at: Timestamp::UNIX_EPOCH, stream, origin: origin.into(), text: text.into() }
    }

    #[test]
    fn r_log_5_steps_have_their_lines_duration_and_outcome() {
        let berth = LogStream::Berth;
        let mut steps = Vec::new();
        sort_in(
            &mut steps,
            [
                line(1, "build", berth, "cloning"),
                line(2, "1 [internal] load", berth, "started"),
                line(3, "2 [a 1/2] RUN x", berth, "CACHED"),
                line(4, "1 [internal] load", berth, "DONE 0.3 s"),
                line(5, "3 [a 2/2] RUN y", LogStream::Err, "no such file"),
                line(6, "3 [a 2/2] RUN y", berth, "FAILED exit code 1"),
            ],
        );
        let seen: Vec<_> = steps.iter().map(|s| (s.title.as_str(), s.outcome, s.lines.len())).collect();
        assert_eq!(
            seen,
            [
                ("Build", StepOutcome::Running, 1),
                ("[internal] load", StepOutcome::Done, 0),
                ("[a 1/2] RUN x", StepOutcome::Cached, 0),
                ("[a 2/2] RUN y", StepOutcome::Failed, 2),
            ]
        );
        assert_eq!(steps[1].took.as_deref(), Some("0.3 s"));
        sort_in(&mut steps, [line(7, "release", berth, "written down")]);
        assert_eq!(steps[0].outcome, StepOutcome::Done);
    }

    #[test]
    fn a_step_that_prints_without_end_keeps_its_newest_lines() {
        let mut steps = Vec::new();
        sort_in(&mut steps, (0..10_000).map(|n| line(n, "1 RUN", LogStream::Out, "x")));
        assert!(steps[0].lines.len() <= KEPT * 2);
        assert_eq!(steps[0].left_out + steps[0].lines.len(), 10_000);
    }
}
