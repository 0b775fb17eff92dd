//! A deployment on its way from the queue to live.
//!
//! [`Rollout::run`] tells the story; each phase has a file. Every step is idempotent and asks Docker what exists, so a
//! rollout that was cut off at any point goes on from its phase when Berth starts again.

mod build;
mod builder;
mod canary;
mod command;
mod domains;
mod freeze;
mod halt;
mod instances;
mod journal;
mod load;
mod mend;
mod outward;
mod pause;
mod preview;
mod probe;
mod pushed;
mod queue;
mod switch;
mod world;

pub(crate) use mend::{Mending, keep_mended};
pub(crate) use queue::work;

use std::{collections::BTreeSet, time::Duration};

use berth_domain::{
    deployment::{Phase, State},
    service::{CanaryStep, Strategy},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::{Engine, store::deployments::Job};
use canary::Counted;
use halt::Halt;
use journal::Journal;

/// How often a rollout says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What people tell a rollout while it goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    pub cancel: CancellationToken,
    /// A canary need not wait any longer.
    pub promote: CancellationToken,
}

/// One attempt to make a release live; or, `mending`, to keep a live one as it should be.
#[derive(Clone)]
pub(crate) struct Rollout {
    engine: Engine,
    job: Job,
    journal: Journal,
    signals: Signals,
    mending: bool,
    /// Instances of this deployment that were seen ready.
    ready: BTreeSet<String>,
    /// The proxy's counters when the traffic began to move.
    counters: Option<Counted>,
}

impl Rollout {
    /// Takes a claimed job up where it is.
    pub(crate) async fn resume(engine: Engine, job: Job, signals: Signals) -> crate::Result<Self> {
        let secrets = engine.secrets_of(&job).await?;
        let journal = Journal::new(&engine, &job, &secrets);
        let (ready, counters) = (BTreeSet::new(), None);
        Ok(Self { engine, job, journal, signals, mending: false, ready, counters })
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
        let cancel = self.signals.cancel.clone();
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
                "The phase \u{201c}{phase}\u{201d} was not done within {}. What went on: {}", in_words(deadline), self.journal.last()
            ))),
            done = self.perform(phase) => done,
        }
    }

    async fn perform(&mut self, phase: Phase) -> Result<(), Halt> {
        match phase {
            Phase::Build => self.build().await,
            Phase::Release => {
                self.freeze().await?;
                self.steps_of(phase).await
            }
            Phase::Start | Phase::Probe => self.steps_of(phase).await,
            Phase::Switch => {
                self.keep_pushed().await?;
                self.steps_of(phase).await
            }
            Phase::Drain => {
                self.bring_domains_back().await?;
                self.steps_of(phase).await
            }
        }
    }

    fn deadline(&self, phase: Phase) -> Duration {
        let settings = &self.job.settings;
        let millis = |ms: u32| Duration::from_millis(ms.into());
        let instances = u32::try_from(self.places().len()).unwrap_or(u32::MAX).max(1);
        let command = Duration::from_secs(settings.command_timeout_s.into());
        let start = Duration::from_secs(120) + millis(settings.stop_grace_ms) * instances;
        let probe = millis(settings.probe.start_period_ms) + Duration::from_secs(60);
        let drain = millis(settings.drain_ms) + millis(settings.stop_grace_ms) * instances;
        match phase {
            Phase::Build => Duration::from_secs(settings.build_timeout_s.into()),
            Phase::Release => Duration::from_secs(30) + command + start,
            Phase::Start => start,
            Phase::Probe => start + probe,
            Phase::Switch => (start + probe + drain) * instances + self.holds(),
            Phase::Drain => drain * instances + command + Duration::from_secs(60),
        }
    }

    /// How long a canary may hold. One that waits for a person has a week.
    fn holds(&self) -> Duration {
        let Strategy::Canary { steps, .. } = &self.job.settings.strategy else { return Duration::ZERO };
        let hold = |step: &CanaryStep| Duration::from_secs(step.hold_s.map_or(604_800, Into::into));
        steps.iter().map(hold).sum()
    }

    /// Writes down that the phase is done. The traffic has moved once the switch is.
    async fn advance(&mut self) -> Result<(), Halt> {
        let at = self.engine.now();
        self.job.finish_phase(at, false);
        let next = self.job.state.advance().map_err(Halt::fault)?;
        self.job.begin(next, at);
        if next == State::Live {
            // Before it is written down: who follows the log reads it to its end once the deployment is settled.
            self.journal.say("Live.").await;
        }
        self.engine.parts.store.advance(&self.job).await.map_err(Halt::store)?;
        if next == State::Live {
            self.move_branch().await;
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
