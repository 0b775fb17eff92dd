//! The switch: point the routes at the new release and see that the proxy does so.

use std::time::Duration;

use super::{Rollout, halt::Halt};
use crate::routes::Target;

/// How long the proxy may take to take a file up and answer by it.
const CONFIRM_WITHIN: Duration = Duration::from_secs(20);

impl Rollout {
    /// Writes the routes, waits until the public entry point answers from the new release, and writes down that the
    /// traffic has moved. Nothing else touches the service's routes meanwhile.
    pub(super) async fn switch(&mut self) -> Result<(), Halt> {
        let lock = self.engine.parts.route_locks.of(self.job.service);
        let _held = lock.lock().await;
        let port = self.port()?;
        let target = Target { deployment: self.job.id, container: self.container(), port };
        let routes = self.engine.routes_to(self.job.service, &target).await?;
        if routes.is_empty() {
            self.journal.say("No domain leads to this service; there is no traffic to move.").await;
        }
        for file in &routes {
            self.engine.parts.proxy.write_routes(file).await?;
        }
        for file in &routes {
            let took = self.engine.parts.proxy.confirm(file, CONFIRM_WITHIN).await?;
            self.journal
                .say(&format!("The proxy answers from the new release after {} ms.", took.as_millis()))
                .await;
        }
        self.engine.remove_other_routes(self.job.service, &routes).await?;
        self.engine.parts.store.switched(&self.job, port).await.map_err(Halt::store)?;
        Ok(())
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
