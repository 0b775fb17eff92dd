//! What should be and what is, for the planner.

use berth_domain::{
    plan::{Command, Desired, DesiredInstance, Exclusive, Observed, ObservedInstance, Plan, Split, plan},
    service::{Member, RestartPolicy},
    traffic::Traffic,
};

use super::{Rollout, halt::Halt};
use crate::{
    docker::{InstanceState, InstanceSummary, Runtime},
    naming::{is_instance, number_of},
};

impl Rollout {
    /// The way from what is to what should be.
    pub(super) async fn plan(&self) -> Result<Plan, Halt> {
        Ok(plan(&self.desired(), &self.observe().await?))
    }

    /// The processes of the release with the counts of now.
    pub(super) fn crew(&self) -> Vec<Member> {
        self.job.release_settings().crew(&self.job.settings)
    }

    /// The containers of this deployment, with the process of each.
    pub(super) fn places(&self) -> Vec<(String, Member)> {
        let naming = &self.engine.parts.naming;
        let of = |member: Member| {
            (1..=member.replicas).map(move |index| {
                let name = naming.container(self.job.service, self.job.number, &member.process, index);
                (name, member.clone())
            })
        };
        self.crew().into_iter().flat_map(of).collect()
    }

    pub(super) fn desired(&self) -> Desired {
        let naming = &self.engine.parts.naming;
        let settings = self.job.release_settings();
        let command = |wanted: &Option<Vec<String>>, command| {
            let runs = wanted.is_some() && self.runs_commands();
            runs.then(|| naming.command(self.job.service, self.job.number, command))
        };
        let instance = |(name, member): (String, Member)| DesiredInstance { name, routed: member.routed };
        Desired {
            instances: self.places().into_iter().map(instance).collect(),
            volumes: settings.volumes.iter().map(|v| naming.volume(self.job.service, &v.name)).collect(),
            network: naming.network(self.job.environment),
            strategy: self.job.settings.strategy.clone(),
            exclusive: self.exclusive(),
            release_command: command(&settings.release_command, Command::Release),
            after_command: command(&settings.after_command, Command::After),
        }
    }

    pub(super) fn exclusive(&self) -> Option<Exclusive> {
        Exclusive::of(&self.job.release_settings().volumes, &self.job.settings.strategy)
    }

    pub(super) async fn observe(&self) -> Result<Observed, Halt> {
        let docker = self.engine.docker().await?;
        let (naming, service) = (&self.engine.parts.naming, self.job.service);
        let store = &self.engine.parts.store;
        let traffic = store.traffic(service).await.map_err(Halt::store)?;
        let live = store.live_deployment(service).await.map_err(Halt::store)?;
        let all = docker.instances(&naming.of_service(service)).await?;
        let (instances, commands): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|container| is_instance(&container.labels));
        let instances = instances.iter().map(|instance| self.seen(instance, &traffic)).collect();
        let volumes = docker.volumes(&naming.of_service(service)).await?;
        let network = naming.network(self.job.environment);
        let networks = docker.networks(&naming.ours()).await?;
        Ok(Observed {
            instances,
            volumes: volumes.into_iter().map(|v| v.name).collect(),
            network: networks.iter().any(|n| n.name == network),
            live: live == Some(self.job.id) && traffic.shares.len() == 1,
            split: self.split_of(&traffic),
            commands_done: ended_well(&*docker, &commands).await?,
            promoted: self.job.promoted,
            held: traffic.held_until.is_some(),
        })
    }

    fn seen(&self, instance: &InstanceSummary, traffic: &Traffic) -> ObservedInstance {
        let network = self.engine.parts.naming.network(self.job.environment);
        let serves = traffic.shares.iter().any(|share| share.instances.contains(&instance.name));
        let running = matches!(instance.state, InstanceState::Running | InstanceState::Restarting);
        ObservedInstance {
            running: running || self.may_rest(instance),
            joined: instance.networks.contains_key(&network),
            healthy: self.ready.contains(&instance.name) || (running && serves) || self.may_rest(instance),
            same_release: number_of(&instance.labels) == Some(self.job.number),
            name: instance.name.clone(),
        }
    }

    /// Whether an instance that has ended is as it should be: its policy does not want it started again.
    fn may_rest(&self, instance: &InstanceSummary) -> bool {
        self.mending
            && instance.state == InstanceState::Exited
            && number_of(&instance.labels) == Some(self.job.number)
            && self.job.release_settings().restart != RestartPolicy::Always
    }

    fn split_of(&self, traffic: &Traffic) -> Split {
        let (new, old): (Vec<_>, Vec<_>) =
            traffic.shares.iter().partition(|share| share.deployment == self.job.id);
        let names = |shares: &[&berth_domain::traffic::Share]| {
            shares.iter().flat_map(|share| share.instances.clone()).collect::<Vec<_>>()
        };
        Split {
            percent: new.iter().map(|share| share.percent).sum::<u8>().min(100),
            new: names(&new),
            old: names(&old),
        }
    }
}

/// The commands that have ended with exit code 0.
async fn ended_well(docker: &dyn Runtime, commands: &[InstanceSummary]) -> Result<Vec<String>, Halt> {
    let mut done = Vec::new();
    for command in commands.iter().filter(|command| command.state == InstanceState::Exited) {
        let seen = docker.inspect_instance(&command.name).await?;
        if seen.is_some_and(|seen| seen.exit_code == Some(0)) {
            done.push(command.name.clone());
        }
    }
    Ok(done)
}
