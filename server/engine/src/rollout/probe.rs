//! Waiting until the new release answers, from outside its container.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use berth_domain::service::ProbeSettings;
use tokio::time::Instant;

use super::{Rollout, halt::Halt};
use crate::{
    docker::{DockerError, Exit, ListeningPort, Runtime},
    probe::{ProbeSpec, Target, await_healthy},
};

/// How many of its last lines explain why an instance failed.
const LAST_LINES: u32 = 50;

/// How long a process that answers no requests must run to count as ready.
const STEADY: Duration = Duration::from_secs(1);

/// How often a restart by Docker is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// A new instance, as the probe sees it.
struct Instance {
    docker: Arc<dyn Runtime>,
    name: String,
    network: String,
}

#[async_trait]
impl Target for Instance {
    async fn address(&self) -> Result<Option<IpAddr>, DockerError> {
        let instance = self.docker.inspect_instance(&self.name).await?;
        Ok(instance.and_then(|instance| instance.addresses.get(&self.network).copied()))
    }

    /// A first exit is a failure, also when Docker has started it again: then only the count tells.
    async fn exited(&self) -> Result<Exit, DockerError> {
        loop {
            match self.docker.inspect_instance(&self.name).await? {
                Some(instance) if instance.running && instance.restart_count == 0 => {}
                Some(instance) => {
                    return Ok(Exit {
                        code: instance.exit_code.unwrap_or_default(),
                        oom_killed: instance.oom_killed,
                    });
                }
                None => return self.docker.wait_exit(&self.name).await,
            }
            let next_look = tokio::time::sleep(LOOK);
            tokio::select! {
                exit = self.docker.wait_exit(&self.name) => return exit,
                () = next_look => {}
            }
        }
    }

    async fn listening(&self) -> Option<Vec<ListeningPort>> {
        self.docker.listening_ports(&self.name).await.ok().flatten()
    }
}

impl Rollout {
    /// Waits until an instance is ready: one that gets requests answers its probe, any other runs for a while.
    pub(super) async fn await_ready(&mut self, name: &str) -> Result<(), Halt> {
        let routed = self.places().iter().any(|(place, member)| place == name && member.routed);
        match routed {
            true => self.await_healthy(name).await?,
            false => self.await_steady(name).await?,
        }
        self.ready.insert(name.to_owned());
        Ok(())
    }

    async fn await_steady(&self, name: &str) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        let target = self.instance(docker.clone(), name);
        let ended = tokio::time::timeout(STEADY, target.exited()).await;
        match ended {
            Err(_) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(exit)) => {
                let reason = format!("the program of {} {exit}", self.in_short(name));
                Err(Halt::failed_with(reason, self.last_lines(&*docker, name).await))
            }
        }
    }

    /// Waits until the instance answers; an exit ends the wait at once with its last lines.
    async fn await_healthy(&mut self, name: &str) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        let target = self.instance(docker.clone(), name);
        let settings = self.job.release_settings().probe.clone();
        let port = match self.job.release.as_ref().and_then(|release| release.spec.port) {
            Some(port) => port,
            None => self.find_port(&target, &settings).await?,
        };
        match await_healthy(&target, &ProbeSpec::of(&settings, port)).await {
            Ok(report) => {
                let words = format!("Port {port} answers after {} ms.", report.waited.as_millis());
                self.journal.say(&words).await;
                Ok(())
            }
            Err(failure) => {
                Err(Halt::failed_with(failure.to_string(), self.last_lines(&*docker, name).await))
            }
        }
    }

    /// Finds the port that the program listens on when nobody named one.
    async fn find_port(&mut self, target: &Instance, settings: &ProbeSettings) -> Result<u16, Halt> {
        self.journal.say("No port is set and the image exposes none: look for one that listens.").await;
        let patience = Duration::from_millis(settings.start_period_ms.into());
        let found = tokio::select! {
            biased;
            exit = target.exited() => Err(match exit {
                Ok(exit) => format!("the program {exit}"),
                Err(error) => error.to_string(),
            }),
            found = listening(target, patience) => found,
        };
        match found {
            Ok(port) => {
                self.journal.say(&format!("The program listens on port {port}.")).await;
                self.job.detected_port = Some(port);
                Ok(port)
            }
            Err(reason) => {
                Err(Halt::failed_with(reason, self.last_lines(&*target.docker, &target.name).await))
            }
        }
    }

    fn instance(&self, docker: Arc<dyn Runtime>, name: &str) -> Instance {
        Instance {
            docker,
            name: name.to_owned(),
            network: self.engine.parts.naming.network(self.job.environment),
        }
    }

    /// Ends when one of the new instances does, with the reason to fail: what follows needs them alive.
    pub(super) async fn died(&self) -> Halt {
        // What is being repaired may end again: then it is repaired again.
        if self.mending || self.ready.is_empty() {
            return std::future::pending().await;
        }
        let docker = match self.engine.docker().await {
            Ok(docker) => docker,
            Err(error) => return error.into(),
        };
        let exits = self.ready.iter().map(|name| {
            let target = self.instance(docker.clone(), name);
            Box::pin(async move { (target.exited().await, target.name) })
        });
        let ((exit, name), ..) = futures::future::select_all(exits).await;
        match exit {
            Ok(exit) => {
                let reason = format!(
                    "the program of {} {exit} after it had answered; the former release keeps the traffic",
                    self.in_short(&name)
                );
                Halt::failed_with(reason, self.last_lines(&*docker, &name).await)
            }
            Err(error) => error.into(),
        }
    }

    pub(super) async fn last_lines(&self, docker: &dyn Runtime, name: &str) -> Vec<String> {
        let lines = docker.last_lines(name, LAST_LINES).await.unwrap_or_default();
        lines.into_iter().map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect()
    }
}

async fn listening(target: &Instance, patience: Duration) -> Result<u16, String> {
    let until = Instant::now() + patience;
    loop {
        let ports = target.listening().await.unwrap_or_default();
        if let Some(found) = ports.iter().find(|port| !port.loopback_only) {
            return Ok(found.port);
        }
        if Instant::now() > until {
            return Err(match ports.first() {
                Some(port) => format!(
                    "the program listens on port {} of its loopback address only, where nobody reaches it. Let it listen on 0.0.0.0",
                    port.port
                ),
                None => format!(
                    "the program listened on no port within {} s. Set its port in the service's settings, or give it a longer start period",
                    patience.as_secs()
                ),
            });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
