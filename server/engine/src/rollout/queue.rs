//! The queue: takes deployments in order, one at a time per service, and runs them beside each other.

use std::time::Duration;

use berth_domain::ids::DeploymentId;
use tracing::{error, warn};

use super::{Rollout, Signals};
use crate::{Engine, supervisor::Jobs};

/// How many rollouts go on at the same time; builds have a limit of their own.
const AT_ONCE: usize = 8;

/// How often the queue is looked at without a signal.
const PERIOD: Duration = Duration::from_secs(5);

/// Works the queue for ever. What a former process had taken is taken over first.
pub(crate) async fn work(engine: Engine) {
    let mut jobs = Jobs::new();
    if let Err(error) = engine.parts.store.take_over_leases().await {
        error!(%error, "could not take over the former process's deployments; they wait for their leases to end");
    }
    loop {
        start_what_waits(&engine, &mut jobs).await;
        tokio::select! {
            () = engine.parts.queue.notified() => {}
            () = jobs.one_ended() => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

async fn start_what_waits(engine: &Engine, jobs: &mut Jobs) {
    while jobs.count() < AT_ONCE {
        match engine.parts.store.claim(engine.lease(), engine.now()).await {
            Ok(Some(job)) => {
                let running = Running::enter(engine, job.id);
                if job.cancel_requested {
                    running.signals.cancel.cancel();
                }
                let engine = engine.clone();
                jobs.start(async move {
                    engine.leave_mending(job.service);
                    let turn = engine.parts.turns.of(job.service);
                    let _held = turn.lock().await;
                    let service = job.service;
                    match Rollout::resume(engine.clone(), job, running.signals.clone()).await {
                        Ok(rollout) => rollout.run().await,
                        Err(error) => error!(%error, "could not take a deployment up"),
                    }
                    drop(running);
                    engine.sweep_after(service).await;
                });
            }
            Ok(None) => return,
            Err(error) => {
                warn!(%error, "could not look at the queue");
                return;
            }
        }
    }
}

/// An entry in the table of running rollouts, so that a cancellation finds them.
struct Running {
    engine: Engine,
    id: DeploymentId,
    signals: Signals,
}

impl Running {
    fn enter(engine: &Engine, id: DeploymentId) -> Self {
        let signals = Signals::default();
        engine.parts.running.insert(id, signals.clone());
        Self { engine: engine.clone(), id, signals }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.engine.parts.running.remove(&self.id);
    }
}
