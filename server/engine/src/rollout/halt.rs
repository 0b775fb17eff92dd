//! How a rollout ends before it is live, and how it is undone.

use std::time::Duration;

use berth_domain::{
    deployment::{Outcome, Phase, State},
    traffic::Traffic,
};
use tracing::{error, info, warn};

use super::Rollout;
use crate::{
    docker::DockerError,
    git::GitError,
    proxy::ProxyError,
    store::{StoreError, deployments::Job},
};

/// How long the proxy may take to answer by the former routes again.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// Why a rollout does not go on.
#[derive(Debug)]
pub(super) enum Halt {
    /// It cannot succeed; the reason is for people.
    Failed { reason: String, last_lines: Vec<String> },
    /// A person stopped it.
    Cancelled,
    /// Somebody else has the job now, or the store does not answer: nothing may be written.
    Lost(String),
}

impl Halt {
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: sentence(reason.into()), last_lines: Vec::new() }
    }

    pub fn failed_with(reason: impl Into<String>, last_lines: Vec<String>) -> Self {
        Self::Failed { reason: sentence(reason.into()), last_lines }
    }

    /// A fault of Berth itself.
    pub fn fault(error: impl std::fmt::Display) -> Self {
        error!(%error, "a fault ended a rollout");
        Self::failed(format!("Berth made a mistake: {error}"))
    }

    pub fn store(error: StoreError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl From<DockerError> for Halt {
    fn from(error: DockerError) -> Self {
        match error {
            DockerError::Cancelled(_) => Self::Cancelled,
            DockerError::Build(failure) => {
                let lines = failure.last_lines.clone();
                Self::failed_with(failure.to_string(), lines)
            }
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<ProxyError> for Halt {
    fn from(error: ProxyError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<GitError> for Halt {
    fn from(error: GitError) -> Self {
        match error {
            GitError::Cancelled { .. } => Self::Cancelled,
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<crate::Error> for Halt {
    fn from(error: crate::Error) -> Self {
        match &error {
            crate::Error::Problem(problem) => Self::failed(problem.to_string()),
            crate::Error::Internal { .. } => Self::fault(&error),
        }
    }
}

/// Starts with a capital, unless an address comes first, and ends with a full stop.
fn sentence(text: String) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return text.to_owned() };
    let address = text.split_whitespace().next().is_some_and(|word| word.contains("://"));
    let mut out: String = match address {
        true => text.to_owned(),
        false => first.to_uppercase().chain(characters).collect(),
    };
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

impl Rollout {
    /// Undoes what was begun and writes the one terminal state.
    pub(super) async fn halt(&mut self, halt: Halt) {
        let (outcome, reason, last_lines) = match halt {
            Halt::Failed { reason, last_lines } => (Outcome::Failed, reason, last_lines),
            Halt::Cancelled => (Outcome::Cancelled, "Cancelled.".to_owned(), Vec::new()),
            Halt::Lost(why) => {
                warn!(%why, "the rollout stops here and is taken up again later");
                return;
            }
        };
        self.journal.fail(&reason).await;
        if self.may_undo().await {
            self.undo().await;
        }
        let lines = last_lines.iter().map(|line| self.journal.mask(line)).collect();
        self.settle(outcome, self.journal.mask(&reason), lines).await;
    }

    /// Whether the former release has the traffic, or could be given it back.
    async fn may_undo(&self) -> bool {
        self.job.state.phase().is_some_and(|phase| phase <= Phase::Switch)
            || matches!(self.engine.parts.store.former_job(&self.job).await, Ok(Some(_)))
    }

    async fn settle(&mut self, outcome: Outcome, reason: String, last_lines: Vec<String>) {
        let at = self.engine.now();
        self.job.finish_phase(at, true);
        let next = match outcome {
            Outcome::Cancelled => self.job.state.cancel(),
            _ => self.job.state.fail(),
        };
        self.job.state = next.unwrap_or(State::Ended(outcome));
        self.job.ended_at = Some(at);
        self.job.reason = Some(reason);
        self.job.last_lines = last_lines;
        info!(status = %self.job.state.status(), reason = self.job.reason.as_deref(), "the rollout ended");
        if let Err(error) = self.engine.parts.store.settle(&self.job).await {
            error!(%error, "could not write down how the rollout ended; it is tried again at the next start");
        }
        self.engine.look_at(self.job.service);
    }

    /// Gives the former release everything back and takes the new containers away. Each part is tried even when
    /// another fails.
    async fn undo(&mut self) {
        if let Err(error) = self.routes_back().await {
            warn!(%error, "could not put the former routes back");
        }
        // What never served goes at once.
        let traffic = self.engine.parts.store.traffic(self.job.service).await;
        if traffic.is_ok_and(|traffic| traffic.of(self.job.id).is_none()) {
            self.try_to_discard().await;
        }
        match self.engine.parts.store.former_job(&self.job).await {
            Ok(Some(former)) => self.back_to(former).await,
            Ok(None) => self.without_traffic().await,
            Err(error) => error!(%error, "could not look the former release up"),
        }
        self.try_to_discard().await;
    }

    /// Writes the routes as they are written down. A switch that was not confirmed may have reached the proxy all the
    /// same: then nothing new goes before the proxy answers by the former routes again.
    async fn routes_back(&self) -> crate::Result<()> {
        let (engine, service) = (&self.engine, self.job.service);
        engine.apply_routes(service).await?;
        if self.job.state.phase() != Some(Phase::Switch) {
            return Ok(());
        }
        let traffic = engine.parts.store.traffic(service).await?;
        let Some(share) = traffic.shares.first() else { return Ok(()) };
        for file in engine.routes_to(service, share.deployment, &traffic).await? {
            engine.parts.proxy.confirm(&file, BACK_WITHIN).await?;
        }
        Ok(())
    }

    async fn try_to_discard(&self) {
        if let Err(error) = self.discard_new().await {
            warn!(%error, "could not remove the new containers");
        }
    }

    /// The way back is a plan too: towards the former release.
    async fn back_to(&mut self, former: Job) {
        let mut back = self.clone();
        back.job = former;
        back.mending = true;
        back.ready.clear();
        if let Err(Halt::Failed { reason, .. }) = back.mend().await {
            self.journal.fail(&format!("The way back to #{}: {reason}", back.job.number)).await;
        }
    }

    /// There was nothing before: nobody gets requests.
    async fn without_traffic(&self) {
        if let Err(error) = self.engine.parts.store.move_traffic(&self.job, &Traffic::default()).await {
            warn!(%error, "could not write down that nobody gets requests");
        }
        if let Err(error) = self.engine.apply_routes(self.job.service).await {
            warn!(%error, "could not take the routes away");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_sentence() {
        assert_eq!(sentence("the build failed".into()), "The build failed.");
        assert_eq!(sentence("Done!".into()), "Done!");
        assert_eq!(sentence("http://a.test/b was not found".into()), "http://a.test/b was not found.");
    }
}
