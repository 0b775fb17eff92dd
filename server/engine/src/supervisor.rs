//! The one place that starts tasks. A task that dies stops the whole softly: better a restart than half a Berth.

use std::future::Future;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info_span};

/// Why a task ended when it should not have.
#[derive(Debug, thiserror::Error)]
#[error("the task {task} ended: {reason}")]
pub struct TaskDied {
    /// The task's name.
    pub task: &'static str,
    /// A panic's message, or that it returned.
    pub reason: String,
}

/// Owns the long-running tasks.
pub struct Supervisor {
    tasks: JoinSet<&'static str>,
    stop: CancellationToken,
}

impl Supervisor {
    /// A supervisor whose tasks end when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        Self { tasks: JoinSet::new(), stop }
    }

    /// Starts a task that goes on until `stop` is cancelled.
    pub fn watch(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let guarded = async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
            name
        };
        self.tasks.spawn(guarded.instrument(info_span!("task", name)));
    }

    /// Waits until `stop` is cancelled or a task dies; either way every task is ended.
    pub async fn run(mut self) -> Result<(), TaskDied> {
        let ended = tokio::select! {
            () = self.stop.cancelled() => Ok(()),
            Some(ended) = self.tasks.join_next() => match ended {
                Ok(_) if self.stop.is_cancelled() => Ok(()),
                Ok(task) => Err(TaskDied { task, reason: "it returned".into() }),
                Err(panic) => Err(TaskDied { task: "unknown", reason: panic.to_string() }),
            },
        };
        if let Err(died) = &ended {
            error!(error = %died, "a task died; stopping");
        }
        self.stop.cancel();
        self.tasks.shutdown().await;
        ended
    }
}

/// A set of finite jobs that end with their owner.
pub struct Jobs {
    running: JoinSet<()>,
}

impl Jobs {
    /// No jobs.
    pub fn new() -> Self {
        Self { running: JoinSet::new() }
    }

    /// Starts a job. A panic in it is logged, not passed on.
    pub fn start(&mut self, job: impl Future<Output = ()> + Send + 'static) {
        self.running.spawn(job.in_current_span());
    }

    /// The number of jobs that go on.
    pub fn count(&mut self) -> usize {
        while let Some(ended) = self.running.try_join_next() {
            log_panic(ended);
        }
        self.running.len()
    }

    /// Waits until one of the jobs ends; for ever when there is none.
    pub async fn one_ended(&mut self) {
        match self.running.join_next().await {
            Some(ended) => log_panic(ended),
            None => std::future::pending().await,
        }
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self::new()
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(panic) = ended
        && panic.is_panic()
    {
        error!(error = %panic, "a job panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_returns_stops_the_others() {
        let stop = CancellationToken::new();
        let mut supervisor = Supervisor::new(stop.clone());
        supervisor.watch("endless", std::future::pending());
        supervisor.watch("short", async {});
        assert_eq!(supervisor.run().await.unwrap_err().task, "short");
        assert!(stop.is_cancelled());
    }

    #[tokio::test]
    async fn cancelling_ends_every_task_well() {
        let stop = CancellationToken::new();
        let mut supervisor = Supervisor::new(stop.clone());
        supervisor.watch("endless", std::future::pending());
        stop.cancel();
        assert!(supervisor.run().await.is_ok());
    }
}
