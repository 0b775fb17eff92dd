//! A deployment on its way from the queue to live.
//!
//! [`Rollout::run`] tells the story; each phase has a file. Every step is idempotent and asks Docker what exists, so a
//! rollout that was cut off at any point goes on from its phase when Berth starts again.

mod build;
mod freeze;
mod halt;
mod instances;
mod journal;
mod probe;
mod queue;
mod switch;

pub(crate) use queue::work;

use std::time::Duration;

use berth_domain::deployment::{Phase, State};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::{Engine, store::deployments::Job};
use halt::Halt;
use journal::Journal;

/// How often a rollout says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// One attempt to make a release live.
#[derive(Clone)]
pub(crate) struct Rollout {
    engine: Engine,
    job: Job,
    journal: Journal,
    cancel: CancellationToken,
}

impl Rollout {
    /// Takes a claimed job up where it is.
    pub(crate) async fn resume(engine: Engine, job: Job, cancel: CancellationToken) -> crate::Result<Self> {
        let secrets = engine.secrets_of(&job).await?;
        let journal = Journal::new(&engine, &job, &secrets);
        Ok(Self { engine, job, journal, cancel })
    }

    /// Goes through the phases that are left, and ends in exactly one terminal state, or leaves the job to be resumed
    /// when Berth itself stops.
    pub(crate) async fn run(mut self) {
        let span = info_span!("rollout", service = %self.job.path, number = self.job.number);
        async {
            let ended = self.phases_with_heartbeat().await;
            if let Err(halt) = ended {
                self.halt(halt).await;
            }
        }
        .instrument(span)
        .await;
    }

    async fn phases_with_heartbeat(&mut self) -> Result<(), Halt> {
        let (engine, id) = (self.engine.clone(), self.job.id);
        let heartbeat = async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                if let Err(error) = engine.parts.store.keep_lease(id, engine.lease()).await {
                    warn!(%error, "could not renew the lease");
                }
            }
        };
        tokio::select! {
            ended = self.phases() => ended,
            () = heartbeat => Ok(()),
        }
    }

    async fn phases(&mut self) -> Result<(), Halt> {
        while let State::Running(phase) = self.job.state {
            info!(deployment.phase = %phase, "phase");
            self.journal.enter(phase);
            self.within_deadline(phase).await?;
            self.advance().await?;
        }
        Ok(())
    }

    /// Performs a phase within its deadline, unless a person cancels it first.
    async fn within_deadline(&mut self, phase: Phase) -> Result<(), Halt> {
        let deadline = self.deadline(phase);
        let cancel = self.cancel.clone();
        let cancelled = async {
            if phase <= Phase::Switch {
                cancel.cancelled().await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = cancelled => Err(Halt::Cancelled),
            () = tokio::time::sleep(deadline) => Err(Halt::failed(format!(
                "The phase \u{201c}{phase}\u{201d} was not done within {}.", in_words(deadline)
            ))),
            done = self.perform(phase) => done,
        }
    }

    async fn perform(&mut self, phase: Phase) -> Result<(), Halt> {
        match phase {
            Phase::Build => self.build().await,
            Phase::Release => self.freeze().await,
            Phase::Start | Phase::Probe | Phase::Switch | Phase::Drain => self.steps_of(phase).await,
        }
    }

    fn deadline(&self, phase: Phase) -> Duration {
        let settings = &self.job.settings;
        match phase {
            Phase::Build => Duration::from_secs(settings.build_timeout_s.into()),
            Phase::Release => Duration::from_secs(30),
            Phase::Start => Duration::from_secs(120) + Duration::from_millis(settings.stop_grace_ms.into()),
            Phase::Probe => Duration::from_millis(u64::from(settings.probe.start_period_ms) + 60_000),
            Phase::Switch => Duration::from_secs(60),
            Phase::Drain => Duration::from_millis(
                u64::from(settings.drain_ms) + u64::from(settings.stop_grace_ms) + 60_000,
            ),
        }
    }

    /// Writes down that the phase is done. The traffic has moved once the switch is.
    async fn advance(&mut self) -> Result<(), Halt> {
        let at = self.engine.now();
        self.job.finish_phase(at, false);
        let next = self.job.state.advance().map_err(Halt::fault)?;
        self.job.begin(next, at);
        self.engine.parts.store.advance(&self.job).await.map_err(Halt::store)?;
        if next == State::Live {
            self.journal.say("Live.").await;
            self.engine.look_at(self.job.service);
        }
        Ok(())
    }
}

/// A length of time for people.
fn in_words(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        s @ 1..=119 => format!("{s} s"),
        s => format!("{} min", s / 60),
    }
}
