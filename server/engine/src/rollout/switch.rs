//! The switch: share the traffic as planned and see that the proxy does so.

use std::time::Duration;

use berth_domain::{
    plan::Split,
    traffic::{Share, Traffic},
    waiting::LONGEST_WAIT_S,
};

use chrono::TimeDelta;

use super::{Rollout, halt::Halt};
use crate::proxy::{ProxyError, ServiceRoutes};

/// How long the proxy may take to take a file up and answer by it.
const CONFIRM_WITHIN: Duration = Duration::from_secs(20);

/// The same where nothing fails without it.
const WAIT_CONFIRMED_WITHIN: Duration = Duration::from_secs(5);

/// How long requests may wait while nobody gets them.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(LONGEST_WAIT_S as i64);

impl Rollout {
    /// Switches as long as the new instances live.
    pub(super) async fn switch_while_alive(&mut self, split: &Split) -> Result<(), Halt> {
        self.count_from_here().await;
        let watched = self.clone();
        tokio::select! {
            biased;
            halt = watched.died() => Err(halt),
            done = self.switch(split) => done,
        }
    }

    /// Writes the routes, waits until the public entry point answers by them, and writes down who gets the traffic.
    /// Nothing else touches the service's routes meanwhile.
    async fn switch(&mut self, split: &Split) -> Result<(), Halt> {
        let lock = self.engine.parts.route_locks.of(self.job.service);
        let _held = lock.lock().await;
        let traffic = self.traffic(split).await?;
        let routes = self.engine.routes_to(self.job.service, self.job.id, &traffic).await?;
        if routes.is_empty() && !split.new.is_empty() {
            self.journal.say("No domain leads to this service; there is no traffic to move.").await;
        }
        for file in &routes {
            self.engine.parts.proxy.write_routes(file).await?;
        }
        for file in &routes {
            let took = self.engine.parts.proxy.confirm(file, CONFIRM_WITHIN).await?;
            self.journal.say(&format!("The proxy answers so after {} ms.", took.as_millis())).await;
        }
        self.engine.remove_other_routes(self.job.service, &routes).await?;
        self.engine.parts.store.move_traffic(&self.job, &traffic).await.map_err(Halt::store)?;
        // Who waited goes to the new instances.
        self.engine.stir();
        Ok(())
    }

    /// Lets requests wait, because whoever serves is about to stop. When the proxy cannot do that, the stop is an
    /// outage, as it would be without.
    pub(super) async fn let_wait(&mut self) -> Result<(), Halt> {
        self.count_from_here().await;
        let store = &self.engine.parts.store;
        let before = store.traffic(self.job.service).await.map_err(Halt::store)?;
        let held = Traffic::held(self.engine.now() + LONGEST_WAIT);
        let lock = self.engine.parts.route_locks.of(self.job.service);
        let alone = lock.lock().await;
        // Written down first: who comes to the waiting room from now on waits.
        store.move_traffic(&self.job, &held).await.map_err(Halt::store)?;
        let routes = self.engine.routes_to(self.job.service, self.job.id, &held).await?;
        let led = self.lead(&routes).await;
        drop(alone);
        if let Err(error) = led {
            self.journal.say(&format!("Requests cannot wait, so there is a short outage: {error}")).await;
            store.move_traffic(&self.job, &before).await.map_err(Halt::store)?;
            self.engine.apply_routes(self.job.service).await?;
        }
        Ok(())
    }

    async fn lead(&self, routes: &[ServiceRoutes]) -> Result<(), ProxyError> {
        for file in routes {
            self.engine.parts.proxy.write_routes(file).await?;
        }
        for file in routes {
            self.engine.parts.proxy.confirm(file, WAIT_CONFIRMED_WITHIN).await?;
        }
        Ok(())
    }

    /// The planned split with the deployments and ports that it means.
    async fn traffic(&self, split: &Split) -> Result<Traffic, Halt> {
        let port = if split.new.is_empty() { None } else { Some(self.port()?) };
        let new = Share {
            deployment: self.job.id,
            number: self.job.number,
            percent: split.percent,
            port,
            instances: split.new.clone(),
        };
        let before = self.engine.parts.store.traffic(self.job.service).await.map_err(Halt::store)?;
        let mut shares = vec![new];
        for old in before.shares.into_iter().filter(|share| share.deployment != self.job.id) {
            let left: Vec<_> = old.instances.into_iter().filter(|name| split.old.contains(name)).collect();
            if !left.is_empty() {
                let rest = usize::from(100 - split.percent.min(100)) * left.len() / split.old.len().max(1);
                let percent = u8::try_from(rest).unwrap_or_default();
                shares.push(Share { instances: left, percent, ..old });
            }
        }
        Ok(Traffic::to(shares))
    }

    /// The port that gets the traffic: set, exposed, or found listening by the probe.
    fn port(&self) -> Result<u16, Halt> {
        let release = self.job.release.as_ref();
        release.and_then(|release| release.spec.port).or(self.job.detected_port).ok_or_else(|| {
            Halt::failed(
                "No port is known for this service. Set the port that the program listens on in its settings",
            )
        })
    }
}
