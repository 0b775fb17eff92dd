//! The steps of the plan, executed against Docker.

use std::time::Duration;

use berth_domain::{
    deployment::Phase,
    event::EventKind,
    plan::{Desired, Exclusive, Observed, ObservedInstance, Plan, Step, plan},
    service::RestartPolicy,
};

use tracing::warn;

use super::{Rollout, halt::Halt};
use crate::{
    docker::{DockerError, InstanceSpec, InstanceState, Mount, Restart},
    naming::{Belongs, number_of},
};

/// The most processes and threads of an instance: room for any server, and an end for a fork bomb.
const PIDS_LIMIT: i64 = 4096;

impl Rollout {
    /// Executes the steps that belong to a phase, planned anew from what Docker shows.
    pub(super) async fn steps_of(&mut self, phase: Phase) -> Result<(), Halt> {
        let plan = self.plan().await?;
        if phase == Phase::Start
            && let Some(warning) = &plan.warning
        {
            self.journal.say(warning).await;
        }
        for (_, step) in plan.by_phase().filter(|(at, _)| *at == phase) {
            self.journal.say(&step.describe()).await;
            self.execute(step).await?;
        }
        if phase == Phase::Drain {
            self.keep_running().await?;
        }
        Ok(())
    }

    /// From here on Docker starts the instance again when it ends. Before, its first end was the deployment's failure, and
    /// a restart would have hidden the exit code.
    async fn keep_running(&self) -> Result<(), Halt> {
        let restart = match self.job.release_settings().restart {
            RestartPolicy::Always => Restart::UnlessStopped,
            RestartPolicy::OnFailure => Restart::OnFailure(10),
            RestartPolicy::Never => Restart::No,
        };
        Ok(self.engine.docker().await?.set_restart(&self.container(), restart).await?)
    }

    async fn plan(&self) -> Result<Plan, Halt> {
        Ok(plan(&self.desired(), &self.observe().await?))
    }

    fn desired(&self) -> Desired {
        let naming = &self.engine.parts.naming;
        let settings = self.job.release_settings();
        let volumes: Vec<_> =
            settings.volumes.iter().map(|v| naming.volume(self.job.service, &v.name)).collect();
        let written = settings.volumes.iter().find(|v| !v.read_only);
        Desired {
            instances: vec![self.container()],
            volumes,
            network: naming.network(self.job.environment),
            routed: true,
            exclusive: written.map(|v| Exclusive::Volume(v.name.to_string())),
        }
    }

    async fn observe(&self) -> Result<Observed, Halt> {
        let docker = self.engine.docker().await?;
        let naming = &self.engine.parts.naming;
        let live = self.job.live_number;
        let instances = docker.instances(&naming.of_service(self.job.service)).await?;
        let instances = instances.into_iter().map(|instance| ObservedInstance {
            running: matches!(instance.state, InstanceState::Running | InstanceState::Restarting),
            serving: number_of(&instance.labels) == live,
            name: instance.name,
        });
        let volumes = docker.volumes(&naming.of_service(self.job.service)).await?;
        let network = naming.network(self.job.environment);
        let networks = docker.networks(&naming.ours()).await?;
        Ok(Observed {
            instances: instances.collect(),
            volumes: volumes.into_iter().map(|v| v.name).collect(),
            network: networks.iter().any(|n| n.name == network),
        })
    }

    async fn execute(&mut self, step: &Step) -> Result<(), Halt> {
        let naming = self.engine.parts.naming.clone();
        let docker = self.engine.docker().await?;
        match step {
            Step::CreateNetwork { network } => {
                let labels = naming.of_environment(self.job.project, self.job.environment);
                docker.ensure_network(network, &labels).await?;
            }
            Step::CreateVolume { volume } => {
                docker.ensure_volume(volume, &naming.of_service(self.job.service)).await?
            }
            Step::StartInstance { .. } => self.start_instance().await?,
            Step::AwaitHealthy { instance } => self.await_healthy(instance).await?,
            Step::RouteTo { .. } => self.switch_while_alive().await?,
            Step::Drain { .. } => self.drain().await?,
            Step::StopInstance { instance } => self.stop_instance(instance).await?,
            Step::RemoveInstance { instance } => docker.remove_instance(instance).await?,
        }
        Ok(())
    }

    /// The container of this deployment.
    pub(super) fn container(&self) -> String {
        self.engine.parts.naming.container(self.job.service, self.job.number)
    }

    async fn start_instance(&self) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        let network = self.engine.parts.naming.network(self.job.environment);
        self.engine.parts.proxy.attach(&*docker, &network).await?;
        let spec = self.instance_spec().await?;
        docker.create_instance(&spec).await?;
        self.audit(EventKind::InstanceCreated, format!("{} was created.", spec.name)).await;
        docker.start_instance(&spec.name).await?;
        self.engine.collect_logs(&spec.name, self.job.service);
        Ok(())
    }

    async fn instance_spec(&self) -> Result<InstanceSpec, Halt> {
        let release = self.job.release.as_ref().ok_or_else(|| Halt::fault("there is no release to start"))?;
        let naming = &self.engine.parts.naming;
        let settings = &release.spec.settings;
        let belongs = Belongs {
            project: self.job.project,
            environment: self.job.environment,
            service: self.job.service,
            deployment: self.job.id,
            release: release.id,
            number: self.job.number,
        };
        let mut env = self.engine.unseal_variables(release)?;
        if let Some(port) = settings.port
            && !env.iter().any(|(key, _)| key == "PORT")
        {
            env.push(("PORT".into(), port.to_string()));
        }
        Ok(InstanceSpec {
            name: self.container(),
            image: release.spec.image_id.clone(),
            labels: belongs.labels(naming),
            env,
            command: settings.command.clone(),
            network: Some(naming.network(self.job.environment)),
            aliases: vec![self.job.path.service.to_string()],
            mounts: self.mounts(),
            nano_cpus: settings.cpu_millis.map(|millis| i64::from(millis) * 1_000_000),
            memory: settings.memory_mib.map(|mib| i64::from(mib) << 20),
            pids_limit: Some(PIDS_LIMIT),
            restart: Restart::No,
            stop_timeout: Some(Duration::from_millis(settings.stop_grace_ms.into())),
            ..InstanceSpec::default()
        })
    }

    fn mounts(&self) -> Vec<Mount> {
        let volumes = &self.job.release_settings().volumes;
        let mount = |volume: &berth_domain::service::VolumeMount| Mount::Volume {
            name: self.engine.parts.naming.volume(self.job.service, &volume.name),
            target: volume.path.clone(),
            read_only: volume.read_only,
        };
        volumes.iter().map(mount).collect()
    }

    async fn switch_while_alive(&mut self) -> Result<(), Halt> {
        let watched = self.clone();
        tokio::select! {
            biased;
            halt = watched.died() => Err(halt),
            done = self.switch() => done,
        }
    }

    /// Lets requests on the old instances finish. If the new instance dies meanwhile, the old ones still can take over.
    async fn drain(&self) -> Result<(), Halt> {
        let grace = Duration::from_millis(self.job.settings.drain_ms.into());
        tokio::select! {
            biased;
            halt = self.died() => Err(halt),
            () = tokio::time::sleep(grace) => Ok(()),
        }
    }

    async fn stop_instance(&self, name: &str) -> Result<(), Halt> {
        let grace = Duration::from_millis(self.job.settings.stop_grace_ms.into());
        self.engine.docker().await?.stop_instance(name, grace).await?;
        self.audit(
            EventKind::InstanceStopped,
            format!("{name} was stopped: #{} took its place.", self.job.number),
        )
        .await;
        self.engine.collect_rest(name).await;
        Ok(())
    }

    /// Removes this deployment's instances, once their output is kept.
    pub(super) async fn discard_new(&self) -> Result<(), DockerError> {
        let docker = self.engine.docker().await?;
        let name = self.container();
        if docker.inspect_instance(&name).await?.is_none() {
            return Ok(());
        }
        docker.stop_instance(&name, Duration::from_secs(1)).await?;
        self.engine.collect_rest(&name).await;
        docker.remove_instance(&name).await?;
        self.audit(
            EventKind::InstanceRemoved,
            format!("{name} was removed: its deployment did not get live."),
        )
        .await;
        Ok(())
    }

    /// R-ORP-2: what Berth does to a container is in the audit trail.
    async fn audit(&self, kind: EventKind, message: String) {
        if let Err(error) = self.engine.parts.store.record_for(&self.job, kind, message).await {
            warn!(%error, "could not write an event down");
        }
    }

    /// Starts the live release's instances again where a stop-first rollout had stopped them.
    pub(super) async fn restart_old(&self) -> Result<(), DockerError> {
        let Some(number) = self.job.live_number.filter(|number| *number != self.job.number) else {
            return Ok(());
        };
        let docker = self.engine.docker().await?;
        let name = self.engine.parts.naming.container(self.job.service, number);
        match docker.inspect_instance(&name).await? {
            Some(instance) if !instance.running => {
                self.discard_new().await?;
                docker.start_instance(&name).await?;
                self.engine.collect_logs(&name, self.job.service);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
