//! The steps of the plan, executed against Docker.

use std::time::Duration;

use berth_domain::{
    deployment::Phase,
    event::EventKind,
    plan::Step,
    service::{Member, RestartPolicy, VolumeMount, WEB},
};
use tracing::warn;

use super::{Rollout, halt::Halt};
use crate::{
    docker::{DockerError, InstanceSpec, Mount, Restart, Runtime},
    naming::{Belongs, PROCESS, number_of},
};

/// The most bytes in the memory that is `/tmp` of an instance whose root cannot be written.
const TMP_SIZE: i64 = 64 << 20;

/// The longest that requests under way may take to finish while others wait.
const DRAIN_WHILE_WAITING: Duration = Duration::from_secs(10);

/// How long the proxy may take until it can be joined to a network.
const PROXY_WITHIN: Duration = Duration::from_secs(20);

impl Rollout {
    /// Executes what is due up to a phase, planned anew from what is there.
    pub(super) async fn steps_of(&mut self, phase: Phase) -> Result<(), Halt> {
        let plan = self.plan().await?;
        let due = plan.by_phase().filter(|(at, _)| *at <= phase).map(|(_, step)| step.clone());
        let due: Vec<_> = due.collect();
        if let Some(warning) = plan.warning.as_ref().filter(|_| !due.is_empty()) {
            self.journal.say(warning).await;
        }
        for step in due {
            self.take(&step).await?;
        }
        if phase == Phase::Drain {
            self.keep_running().await?;
            self.measure().await;
        }
        Ok(())
    }

    /// Takes one step.
    pub(super) async fn take(&mut self, step: &Step) -> Result<(), Halt> {
        let words = self.in_short(&step.describe());
        self.pause_for_a_test(&words).await;
        self.journal.say(&words).await;
        self.execute(step).await
    }

    /// A text with the names of the service's containers as `#12-web-1`.
    pub(super) fn in_short(&self, text: &str) -> String {
        text.replace(&self.engine.parts.naming.prefix(self.job.service), "#")
    }

    /// From here on Docker starts the instances again when they end. Before, their first end was the deployment's
    /// failure, and a restart would have hidden the exit code.
    pub(super) async fn keep_running(&self) -> Result<(), Halt> {
        let restart = match self.job.release_settings().restart {
            RestartPolicy::Always => Restart::UnlessStopped,
            RestartPolicy::OnFailure => Restart::OnFailure(10),
            RestartPolicy::Never => Restart::No,
        };
        let docker = self.engine.docker().await?;
        for (name, _) in self.places() {
            docker.set_restart(&name, restart).await?;
        }
        Ok(())
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
            Step::RunCommand { command, container } => self.run_command(*command, container).await?,
            Step::StartInstance { instance } => self.start_instance(instance).await?,
            Step::JoinNetwork { instance } => self.join_network(instance).await?,
            Step::AwaitHealthy { instance } => self.await_ready(instance).await?,
            Step::LetWait => self.let_wait().await?,
            Step::RouteTo { split } => self.switch_while_alive(split).await?,
            Step::Hold { percent, seconds } => self.hold(*percent, *seconds).await?,
            Step::Drain { .. } => self.drain().await?,
            Step::StopInstance { instance } => self.stop_instance(instance).await?,
            Step::RemoveInstance { instance } => {
                self.engine.collect_rest(instance).await;
                docker.remove_instance(instance).await?
            }
        }
        Ok(())
    }

    async fn start_instance(&self, name: &str) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        self.join_proxy(&*docker).await?;
        let places = self.places();
        let place = places.iter().find(|(place, _)| place == name);
        let Some((_, member)) = place else {
            return Err(Halt::fault(format!("{name} is no instance of this deployment")));
        };
        let spec = self.instance_spec(name, member).await?;
        docker.create_instance(&spec).await?;
        let (kind, verb) = match self.mending {
            true => (EventKind::InstanceRepaired, "was started again: it should run and did not"),
            false => (EventKind::InstanceCreated, "was created"),
        };
        self.audit(kind, format!("{name} {verb}.")).await;
        docker.start_instance(name).await?;
        self.engine.collect_logs(name, self.job.service);
        Ok(())
    }

    async fn join_network(&self, name: &str) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        let network = self.engine.parts.naming.network(self.job.environment);
        self.join_proxy(&*docker).await?;
        let places = self.places();
        let process =
            places.iter().find(|(place, _)| place == name).map(|(_, member)| member.process.as_str());
        docker.connect_network(&network, name, &self.aliases(process.unwrap_or(WEB))).await?;
        self.audit(EventKind::InstanceRepaired, format!("{name} was put back into its network.")).await;
        Ok(())
    }

    /// Joins the proxy to the environment's network; right after Berth's start it may not be there yet.
    async fn join_proxy(&self, docker: &dyn Runtime) -> Result<(), Halt> {
        let network = self.engine.parts.naming.network(self.job.environment);
        let until = tokio::time::Instant::now() + PROXY_WITHIN;
        loop {
            match self.engine.parts.proxy.attach(docker, &network).await {
                Err(_) if tokio::time::Instant::now() < until => {
                    self.engine.parts.proxy_signal.notify_one();
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                ended => return Ok(ended?),
            }
        }
    }

    /// What other services of the environment call a process.
    fn aliases(&self, process: &str) -> Vec<String> {
        let service = &self.job.path.service;
        match process {
            WEB => vec![service.to_string(), format!("{service}-{process}")],
            _ => vec![format!("{service}-{process}")],
        }
    }

    /// A container of a process of the release.
    async fn instance_spec(&self, name: &str, member: &Member) -> Result<InstanceSpec, Halt> {
        let mut spec = self.release_spec(name).await?;
        spec.labels.insert(PROCESS.into(), member.process.clone());
        spec.command = member.command.clone();
        spec.aliases = self.aliases(&member.process);
        Ok(spec)
    }

    /// A container of the release, whatever it runs.
    pub(super) async fn release_spec(&self, name: &str) -> Result<InstanceSpec, Halt> {
        let release = self.job.release.as_ref().ok_or_else(|| Halt::fault("there is no release to start"))?;
        let naming = &self.engine.parts.naming;
        let settings = &release.spec.settings;
        let isolation = &settings.isolation;
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
            name: name.to_owned(),
            image: release.spec.image_id.clone(),
            labels: belongs.labels(naming),
            env,
            network: Some(naming.network(self.job.environment)),
            mounts: [self.mounts(&release.spec.image_id).await?, self.engine.file_mounts(release).await?]
                .concat(),
            nano_cpus: settings.cpu_millis.map(|millis| i64::from(millis) * 1_000_000),
            memory: settings.memory_mib.map(|mib| i64::from(mib) << 20),
            pids_limit: Some(isolation.pids().into()),
            user: isolation.user.clone(),
            read_only: isolation.read_only_root,
            cap_drop: isolation.drop_capabilities.then(|| "ALL".to_owned()).into_iter().collect(),
            restart: Restart::No,
            stop_timeout: Some(Duration::from_millis(settings.stop_grace_ms.into())),
            ..InstanceSpec::default()
        })
    }

    async fn mounts(&self, image: &str) -> Result<Vec<Mount>, Halt> {
        let volumes = &self.job.release_settings().volumes;
        let folder = match volumes.iter().any(VolumeMount::is_relative) {
            true => self.working_folder(image).await?,
            false => String::new(),
        };
        let mount = |volume: &VolumeMount| Mount::Volume {
            name: self.engine.parts.naming.volume(self.job.service, &volume.name),
            target: volume.target(&folder),
            read_only: volume.read_only,
        };
        let mut mounts: Vec<Mount> = volumes.iter().map(mount).collect();
        // A program without any place for a file of its own is rare.
        if self.job.release_settings().isolation.read_only_root && !volumes.iter().any(|v| v.path == "/tmp") {
            mounts.push(Mount::Tmpfs { target: "/tmp".into(), size: TMP_SIZE });
        }
        Ok(mounts)
    }

    async fn working_folder(&self, image: &str) -> Result<String, Halt> {
        let facts = self.engine.docker().await?.inspect_image(image).await?;
        let facts = facts.ok_or_else(|| Halt::failed(format!("The image {image} of the release is gone")))?;
        Ok(facts.working_folder)
    }

    /// Lets requests on the old instances finish. If a new instance dies meanwhile, the old ones still can take over.
    async fn drain(&self) -> Result<(), Halt> {
        let grace = Duration::from_millis(self.job.settings.drain_ms.into());
        // Everybody else waits for this, and not for ever.
        let grace = if self.exclusive().is_some() { grace.min(DRAIN_WHILE_WAITING) } else { grace };
        tokio::select! {
            biased;
            halt = self.died() => Err(halt),
            () = tokio::time::sleep(grace) => Ok(()),
        }
    }

    async fn stop_instance(&self, name: &str) -> Result<(), Halt> {
        let grace = Duration::from_millis(self.job.settings.stop_grace_ms.into());
        self.engine.docker().await?.stop_instance(name, grace).await?;
        let why = match self.mending {
            true => "it is not wanted any more".to_owned(),
            false => format!("#{} took its place", self.job.number),
        };
        self.audit(EventKind::InstanceStopped, format!("{name} was stopped: {why}.")).await;
        self.engine.collect_rest(name).await;
        Ok(())
    }

    /// Removes this deployment's containers, once their output is kept.
    pub(super) async fn discard_new(&self) -> Result<(), DockerError> {
        let docker = self.engine.docker().await?;
        let all = docker.instances(&self.engine.parts.naming.of_service(self.job.service)).await?;
        for container in all.iter().filter(|c| number_of(&c.labels) == Some(self.job.number)) {
            docker.stop_instance(&container.name, Duration::from_secs(1)).await?;
            self.engine.collect_rest(&container.name).await;
            docker.remove_instance(&container.name).await?;
            let message = format!("{} was removed: its deployment did not get live.", container.name);
            self.audit(EventKind::InstanceRemoved, message).await;
        }
        Ok(())
    }

    /// R-ORP-2: what Berth does to a container is in the audit trail.
    async fn audit(&self, kind: EventKind, message: String) {
        if let Err(error) = self.engine.parts.store.record_for(&self.job, kind, message).await {
            warn!(%error, "could not write an event down");
        }
    }
}
