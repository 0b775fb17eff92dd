//! Commands of a release: each in a container of its own, with the release's image, variables, network and volumes.

use std::time::Duration;

use berth_domain::{deployment::Cause, plan::Command};
use futures::StreamExt;

use super::{Rollout, halt::Halt};
use crate::{
    docker::{Exit, InstanceState, Runtime},
    naming::COMMAND,
};

impl Rollout {
    /// Whether the commands of the release run: not when the same release only starts again, or is repaired.
    pub(super) fn runs_commands(&self) -> bool {
        !self.mending && self.job.cause != Cause::Restart
    }

    /// Runs a command to its end. Only the one before the switch can end the deployment.
    pub(super) async fn run_command(&mut self, command: Command, container: &str) -> Result<(), Halt> {
        let ended = self.command_in(command, container).await;
        match (command, ended) {
            (_, Ok(())) => Ok(()),
            (Command::Release, Err(halt)) => Err(halt),
            (Command::After, Err(Halt::Failed { reason, last_lines })) => {
                let told = format!("{reason} The release is live all the same.");
                self.journal.fail(&told).await;
                self.job.reason = Some(self.journal.mask(&told));
                self.job.last_lines = last_lines.iter().map(|line| self.journal.mask(line)).collect();
                Ok(())
            }
            (Command::After, Err(halt)) => Err(halt),
        }
    }

    async fn command_in(&self, command: Command, container: &str) -> Result<(), Halt> {
        let docker = self.engine.docker().await?;
        let settings = self.job.release_settings();
        let (name, words) = match command {
            Command::Release => ("release command", &settings.release_command),
            Command::After => ("command after the switch", &settings.after_command),
        };
        let mut spec = self.release_spec(container).await?;
        spec.labels.insert(COMMAND.into(), name.to_owned());
        spec.command = words.clone();
        docker.create_instance(&spec).await?;
        let seen = docker.inspect_instance(container).await?;
        if seen.is_some_and(|seen| seen.state == InstanceState::Created) {
            docker.start_instance(container).await?;
        }
        let within = Duration::from_secs(settings.command_timeout_s.into());
        let ended = tokio::time::timeout(within, self.follow_command(&*docker, container)).await;
        let reason = match ended {
            Ok(Ok(Exit { code: 0, .. })) => return Ok(()),
            Ok(Ok(exit)) => format!("the {name} {exit}"),
            Ok(Err(halt)) => return Err(halt),
            Err(_) => format!("the {name} had not ended after {} s and was stopped", within.as_secs()),
        };
        docker.stop_instance(container, Duration::from_secs(1)).await?;
        Err(Halt::failed_with(reason, self.last_lines(&*docker, container).await))
    }

    /// Copies the command's output into the deployment's log until it ends.
    async fn follow_command(&self, docker: &dyn Runtime, container: &str) -> Result<Exit, Halt> {
        let mut lines = docker.follow_logs(container, None, None);
        while let Some(line) = lines.next().await {
            let line = line?;
            self.journal.write(vec![self.journal.output(&line)]).await;
        }
        Ok(docker.wait_exit(container).await?)
    }
}
