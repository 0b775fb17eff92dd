//! The repositories that Berth keeps: who pushes to a service's own remote ends here.
//!
//! A conversation with git is a job of the task [`run`]. It outlives its client once a push has come in whole: the
//! deployment and the branch then end the same way, whether or not anybody still listens. [`judge`] decides what a push
//! means, [`push`] carries it out, and the rollout keeps the pushed commit before the traffic moves to it.

mod converse;
mod judge;
mod push;
mod socket;
mod told;

pub use converse::{Conversation, Piece};

use crate::{
    Actor, Engine, Error, Result,
    git::{Bounds, Hosted},
    store::ServiceRow,
    supervisor::Jobs,
};
use berth_domain::{
    ids::{DeploymentId, ServiceId},
    problem::{Problem, ProblemKind},
};
use dashmap::DashMap;
use futures::future::BoxFuture;
use rand::{TryRngCore, rngs::OsRng};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{Semaphore, mpsc};

/// How many conversations go on at the same time.
const AT_ONCE: usize = 32;

/// How long a small thing in a repository may take.
const WITHIN: Duration = Duration::from_secs(60);

type Job = BoxFuture<'static, ()>;

/// The repositories, and the pushes that are on their way.
pub(crate) struct Hosting {
    folder: PathBuf,
    room: Arc<Semaphore>,
    tickets: DashMap<String, Ticket>,
    gates: DashMap<DeploymentId, Gate>,
    preparing: tokio::sync::Mutex<()>,
    jobs: mpsc::UnboundedSender<Job>,
    /// Taken by the task.
    to_do: Mutex<Option<mpsc::UnboundedReceiver<Job>>>,
}

/// Who pushes to what: what a hook is known by while its push goes on.
#[derive(Clone)]
struct Ticket {
    actor: Actor,
    service: ServiceId,
    hosted: Hosted,
}

/// A push that waits for its deployment: the objects are still in git's quarantine.
#[derive(Clone)]
pub(crate) struct Gate {
    pub hosted: Hosted,
    /// The commit that the branch was at when the push began.
    pub before: Option<String>,
}

impl Hosting {
    /// The repositories below the data folder.
    pub fn new(data: &Path) -> Self {
        let (jobs, to_do) = mpsc::unbounded_channel();
        Self {
            folder: data.join("repositories"),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            tickets: DashMap::new(),
            gates: DashMap::new(),
            preparing: tokio::sync::Mutex::default(),
            jobs,
            to_do: Mutex::new(Some(to_do)),
        }
    }

    /// The repository of a service, whether it is there or not.
    pub fn of(&self, service: ServiceId) -> Hosted {
        Hosted::at(self.folder.join(format!("{service}.git")))
    }

    /// The push that waits for a deployment.
    pub fn gate(&self, deployment: DeploymentId) -> Option<Gate> {
        self.gates.get(&deployment).map(|gate| gate.clone())
    }

    /// An empty repository: what a service that is about to be made has.
    fn empty(&self) -> Hosted {
        Hosted::at(self.folder.join("empty.git"))
    }

    fn hooks(&self) -> PathBuf {
        self.folder.join("hooks")
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("push.sock")
    }

    fn admit(&self, ticket: Ticket) -> Result<String> {
        let mut bytes = [0; 24];
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| Error::internal("make a ticket", error))?;
        let word = hex::encode(bytes);
        self.tickets.insert(word.clone(), ticket);
        Ok(word)
    }

    /// Gives work to the task. Without it Berth is about to stop, and nothing is begun any more.
    fn start(&self, job: Job) -> Result<()> {
        let stops = Problem::new(ProblemKind::Unavailable, "Berth is stopping.").with_hint("Try again soon.");
        self.jobs.send(job).map_err(|_| stops.into())
    }
}

/// Serves repositories for ever.
pub(crate) async fn run(engine: Engine) {
    let hosting = &engine.parts.hosting;
    let Some(mut to_do) = hosting.to_do.lock().ok().and_then(|mut held| held.take()) else { return };
    let listener = match socket::listen(&hosting.folder, &hosting.hooks(), &hosting.socket()) {
        Ok(listener) => Some(listener),
        Err(error) => {
            tracing::error!(%error, "nobody can push to a service's own remote: its socket cannot be opened");
            None
        }
    };
    let mut jobs = Jobs::new();
    jobs.start(forget_deleted(engine.clone()));
    loop {
        tokio::select! {
            Some(job) = to_do.recv() => jobs.start(job),
            stream = socket::next(listener.as_ref()) => jobs.start(push::decide(engine.clone(), stream)),
            () = jobs.one_ended() => {}
        }
    }
}

/// Removes the repositories of services that were deleted while nobody was there to do it.
async fn forget_deleted(engine: Engine) {
    let hosting = &engine.parts.hosting;
    let kept: Vec<ServiceId> = match std::fs::read_dir(&hosting.folder) {
        Ok(entries) => entries.flatten().filter_map(|entry| service_of(&entry.path())).collect(),
        Err(_) => return,
    };
    match engine.store().buried(&kept).await {
        Ok(deleted) => {
            for service in deleted {
                remove(hosting.of(service)).await;
            }
        }
        Err(error) => tracing::warn!(%error, "could not look which repositories are of deleted services"),
    }
}

fn service_of(folder: &Path) -> Option<ServiceId> {
    folder.file_name()?.to_str()?.strip_suffix(".git")?.parse().ok()
}

async fn remove(hosted: Hosted) {
    match tokio::fs::remove_dir_all(hosted.path()).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, repository = %hosted.path().display(), "could not remove a repository");
        }
        _ => {}
    }
}

impl Engine {
    /// The repository of a service, made when it is not there yet.
    pub(crate) async fn hosted(&self, service: ServiceId, branch: &str) -> Result<Hosted> {
        let hosted = self.parts.hosting.of(service);
        self.prepare(&hosted, branch).await?;
        Ok(hosted)
    }

    /// The repository that stands for the one of a service that is not there yet.
    pub(crate) async fn empty_repository(&self) -> Result<Hosted> {
        let hosted = self.parts.hosting.empty();
        self.prepare(&hosted, "main").await?;
        Ok(hosted)
    }

    async fn prepare(&self, hosted: &Hosted, branch: &str) -> Result<()> {
        let _alone = self.parts.hosting.preparing.lock().await;
        let head = tokio::fs::read_to_string(hosted.path().join("HEAD")).await.unwrap_or_default();
        if head.trim() == format!("ref: refs/heads/{branch}") {
            return Ok(());
        }
        let made = self.parts.git.init_hosted(hosted, branch, &Bounds::within(WITHIN)).await;
        made.map_err(|error| Error::internal("make the repository", error))
    }

    /// Removes the repository of a service that was deleted.
    pub(crate) fn forget_repository(&self, service: &ServiceRow) {
        let hosted = self.parts.hosting.of(service.id);
        if self.parts.hosting.start(Box::pin(remove(hosted))).is_err() {
            tracing::info!("the repository of a deleted service is removed at the next start");
        }
    }
}

#[cfg(test)]
mod tests;
