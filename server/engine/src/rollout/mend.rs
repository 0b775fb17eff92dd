//! Keeping what is live as it should be: an instance that is gone or was stopped by hand is started again, a lost
//! network is joined again, and another number of replicas is reached. The same planner, the same steps.

use std::{collections::HashMap, time::Duration};

use berth_domain::{event::EventKind, ids::ServiceId};
use dashmap::{DashMap, DashSet};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};

use super::{Rollout, Signals, halt::Halt};
use crate::{Engine, Result, observer, supervisor::Jobs};

/// The shortest and the longest time between two tries at a service that does not get well.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// Services of which something is not as it should be.
#[derive(Default)]
pub(crate) struct Mending {
    services: DashSet<ServiceId>,
    signal: Notify,
    /// What is being mended now, and how to end that.
    running: DashMap<ServiceId, CancellationToken>,
}

impl Engine {
    /// Says that what runs of a service is not what should run.
    pub(crate) fn mend(&self, service: ServiceId) {
        self.parts.mending.services.insert(service);
        self.parts.mending.signal.notify_one();
    }

    /// Ends a repair: a deployment is about to look after the service.
    pub(super) fn leave_mending(&self, service: ServiceId) {
        if let Some(running) = self.parts.mending.running.get(&service) {
            running.cancel();
        }
    }
}

/// Mends what it is told of, for ever; one service does not wait for another.
pub(crate) async fn keep_mended(engine: Engine) {
    let mut jobs = Jobs::new();
    let mut tries = Tries::default();
    loop {
        tokio::select! {
            () = engine.parts.mending.signal.notified() => {}
            () = jobs.one_ended() => continue,
        }
        let due: Vec<_> = engine.parts.mending.services.iter().map(|entry| *entry).collect();
        for service in due {
            engine.parts.mending.services.remove(&service);
            let wait = tries.wait_for(service, Instant::now());
            let engine = engine.clone();
            let work = async move {
                tokio::time::sleep(wait).await;
                if let Err(error) = mend(&engine, service).await {
                    warn!(%error, "could not look at what is to be mended");
                }
            };
            jobs.start(work.instrument(info_span!("mend", %service)));
        }
    }
}

async fn mend(engine: &Engine, service: ServiceId) -> Result<()> {
    // Whoever moves the service now looks at all of it anyway.
    let turn = engine.parts.turns.of(service);
    let Ok(_held) = turn.try_lock() else { return Ok(()) };
    let Some(job) = engine.parts.store.live_job(service).await? else { return Ok(()) };
    let signals = Signals::default();
    engine.parts.mending.running.insert(service, signals.cancel.clone());
    let mut rollout = Rollout::resume(engine.clone(), job, signals.clone()).await?;
    rollout.mending = true;
    let mended = tokio::select! {
        mended = rollout.mend() => mended,
        () = signals.cancel.cancelled() => Err(Halt::Cancelled),
    };
    engine.parts.mending.running.remove(&service);
    match mended {
        Ok(false) | Err(Halt::Cancelled) => {}
        Ok(true) => rollout.tell_mended().await?,
        Err(Halt::Failed { reason, .. }) => {
            warn!(reason, "a service could not be mended; it is tried again");
            rollout.journal.fail(&format!("Repair: {reason}")).await;
        }
        Err(halt) => warn!(?halt, "a service could not be mended; it is tried again"),
    }
    engine.look_at(service);
    Ok(())
}

impl Rollout {
    /// Takes every step of the plan, whatever its phase; answers whether there was one.
    pub(super) async fn mend(&mut self) -> std::result::Result<bool, Halt> {
        let plan = self.plan().await?;
        for step in &plan.steps {
            self.take(step).await?;
        }
        if !plan.steps.is_empty() {
            self.keep_running().await?;
        }
        Ok(!plan.steps.is_empty())
    }

    /// Says so once what is seen is written down: whoever hears of it and looks finds it so.
    async fn tell_mended(&self) -> Result<()> {
        observer::look_now(&self.engine, self.job.service).await?;
        let count = self.places().len();
        let told = format!("{} runs as wanted: {count} instances.", self.job.path);
        Ok(self.engine.parts.store.record_for(&self.job, EventKind::InstanceRepaired, told).await?)
    }
}

/// When each service was last tried, and how often in a row.
#[derive(Default)]
struct Tries(HashMap<ServiceId, (Instant, u32)>);

impl Tries {
    /// How long to wait before the next try: longer each time, from the start again once it was left alone for a while.
    fn wait_for(&mut self, service: ServiceId, now: Instant) -> Duration {
        self.0.retain(|_, (at, _)| now.duration_since(*at) < PAUSES.1 * 2);
        let (at, count) = self.0.get(&service).copied().unwrap_or((now, 0));
        let pause = (PAUSES.0 * 2u32.saturating_pow(count.saturating_sub(1))).min(PAUSES.1);
        let fresh = count == 0 || now.duration_since(at) > pause * 4;
        let wait = if fresh { Duration::ZERO } else { pause };
        self.0.insert(service, (now + wait, if fresh { 1 } else { count + 1 }));
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_does_not_get_well_is_tried_less_and_less_often() {
        let service = ServiceId(uuid::Uuid::nil());
        let now = Instant::now();
        let mut tries = Tries::default();
        let waits: Vec<_> = (0..5).map(|_| tries.wait_for(service, now).as_secs()).collect();
        assert_eq!(waits, [0, 2, 4, 8, 16]);
        let later = now + Duration::from_secs(3_600);
        assert_eq!(tries.wait_for(service, later), Duration::ZERO);
    }
}
