//! Removes what is no longer wanted: instances and images of former releases, what a deleted service left behind and what
//! nobody refers to (see [`crate::orphans`]), volumes whose time has come, old logs, sessions and events.
//! Only what carries this Berth's label, and only what the store says may go.

mod volumes;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use berth_domain::{event::EventKind, ids::ServiceId};
use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use crate::{
    Actor, Engine, Result,
    docker::{InstanceSummary, Runtime},
    logs::Stream,
    naming::{is_instance, number_of, service_of},
    orphans::{self, is_stopped},
    store::{
        NewEvent, Subject,
        deployments::{Kept, Wanted},
    },
};

/// How often everything is looked at without a signal.
const PERIOD: Duration = Duration::from_secs(300);

/// How long an instance of a stopped service may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// How many events go at a time, so that nobody who writes waits long.
const EVENTS: u64 = 1_000;

/// How many times events go in one sweep.
const TIMES: usize = 50;

impl Engine {
    /// Says that a service was deleted: its containers, images and routes go. Its volumes stay.
    pub(crate) fn remove_service_runtime(&self, service: ServiceId) {
        self.routes_changed(service);
        self.parts.sweep.notify_one();
    }

    /// Says that a service is wanted stopped: first its routes go, then its containers stop.
    pub(crate) fn stop_service_runtime(&self, service: ServiceId) {
        self.routes_changed(service);
        self.parts.sweep.notify_one();
        self.look_at(service);
    }
}

impl Engine {
    /// The container that keeps a volume from being deleted. One of a former release does not: it is about to be removed.
    pub(crate) async fn user_of_volume(&self, docker: &dyn Runtime, volume: &str) -> Result<Option<String>> {
        for user in docker.users_of_volume(volume).await? {
            if !self.is_former(&user).await? {
                return Ok(Some(user.name));
            }
        }
        Ok(None)
    }

    async fn is_former(&self, instance: &InstanceSummary) -> Result<bool> {
        let is_ours = self.parts.naming.ours().iter().all(|(k, v)| instance.labels.get(k) == Some(v));
        let Some(service) = service_of(&instance.labels).filter(|_| is_ours && is_stopped(instance)) else {
            return Ok(false);
        };
        let kept = self.parts.store.kept(service, self.config().releases_kept).await?;
        let wanted = self.parts.store.wanted(Some(service)).await?;
        Ok(!wanted.iter().any(|wanted| is_needed(instance, wanted, &kept)))
    }
}

/// Sweeps for ever.
pub(crate) async fn run(engine: Engine) {
    loop {
        let next = sweep_docker(&engine).await;
        report("logs", trim_logs(&engine).await);
        report("logs of what was deleted", sweep_logs(&engine).await);
        report("tarballs", crate::uploads::sweep(&engine).await);
        report("expired sessions", engine.forget_expired_sessions().await);
        report("old events", forget_events(&engine).await);
        let pause = next.and_then(|at| (at - engine.now()).to_std().ok()).unwrap_or(PERIOD).min(PERIOD);
        tokio::select! {
            () = engine.parts.sweep.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sweeps Docker; answers when the next thing is due.
async fn sweep_docker(engine: &Engine) -> Option<DateTime<Utc>> {
    let docker = match engine.docker().await {
        Ok(docker) => docker,
        Err(error) => {
            engine.orphans_not_seen(&error);
            return None;
        }
    };
    report("stopped services", stop_unwanted(engine, &*docker).await);
    report("former releases", sweep_former(engine, &*docker).await);
    report("files", crate::files::sweep(engine, &*docker).await);
    let orphans = orphans::reconcile(engine, &*docker).await.unwrap_or_else(|error| {
        engine.orphans_not_seen(&error);
        None
    });
    let volumes = volumes::reconcile(engine, &*docker).await.unwrap_or_else(|error| {
        report("volumes", Err(error));
        None
    });
    orphans.into_iter().chain(volumes).min()
}

/// Removes now what would be removed within minutes: the disk is short.
pub(crate) async fn make_room(engine: &Engine, docker: &dyn Runtime) {
    report("former releases", sweep_former(engine, docker).await);
    report("tarballs", crate::uploads::sweep(engine).await);
    engine.keep_cache_in_budget(docker).await;
}

fn report(what: &str, done: Result<()>) {
    if let Err(error) = done {
        warn!(%error, what, "could not remove what is no longer wanted; it is tried again");
    }
}

/// Stops what runs of services that are wanted stopped.
async fn stop_unwanted(engine: &Engine, docker: &dyn Runtime) -> Result<()> {
    for wanted in engine
        .parts
        .store
        .wanted(None)
        .await?
        .into_iter()
        .filter(|wanted| wanted.stopped && !wanted.deploying)
    {
        engine.apply_routes(wanted.service).await?;
        for instance in docker.instances(&engine.parts.naming.of_service(wanted.service)).await? {
            docker.stop_instance(&instance.name, GRACE).await?;
        }
    }
    Ok(())
}

/// Removes stopped instances and the tags of images beyond the releases that are kept.
async fn sweep_former(engine: &Engine, docker: &dyn Runtime) -> Result<()> {
    let mut by_service: BTreeMap<ServiceId, Vec<InstanceSummary>> = BTreeMap::new();
    for instance in docker.instances(&engine.parts.naming.ours()).await? {
        if let Some(service) = service_of(&instance.labels) {
            by_service.entry(service).or_default().push(instance);
        }
    }
    let images = docker.images_in(&orphans::namespace(&engine.parts.naming)).await?;
    let tags: HashSet<String> = images.into_iter().flat_map(|image| image.repo_tags).collect();
    for wanted in engine.parts.store.wanted(None).await? {
        let kept = engine.parts.store.kept(wanted.service, engine.config().releases_kept).await?;
        for instance in by_service.remove(&wanted.service).unwrap_or_default() {
            if is_stopped(&instance) && !is_needed(&instance, &wanted, &kept) {
                remove_former(engine, docker, &wanted, &instance).await?;
            }
        }
        for number in kept.beyond {
            let tag = engine.parts.naming.image(wanted.service, number);
            if tags.contains(&tag) {
                docker.remove_image(&tag).await?;
            }
        }
    }
    Ok(())
}

fn is_needed(instance: &InstanceSummary, wanted: &Wanted, kept: &Kept) -> bool {
    let number = number_of(&instance.labels);
    let live = wanted.live.as_ref().map(|live| live.number);
    (number.is_some() && number == live && is_instance(&instance.labels))
        || number.is_some_and(|n| kept.open.contains(&n))
}

/// R-ORP-2: what Berth does to a container is in the audit trail.
async fn remove_former(
    engine: &Engine,
    docker: &dyn Runtime,
    wanted: &Wanted,
    instance: &InstanceSummary,
) -> Result<()> {
    engine.collect_rest(&instance.name).await;
    docker.remove_instance(&instance.name).await?;
    let path = engine.parts.store.service_anywhere(wanted.service).await?.map(|service| service.path);
    if let Some(path) = path {
        let told = format!("{} was removed: it had ended, and its release is not live.", instance.name);
        let subject = Subject::service(wanted.service, &path);
        let mut write = engine.parts.store.begin().await?;
        let actor = Actor::system(wanted.organisation);
        write.record(NewEvent::new(&actor, EventKind::InstanceRemoved, subject, told));
        write.commit().await?;
    }
    Ok(())
}

async fn trim_logs(engine: &Engine) -> Result<()> {
    let trimmed = engine.parts.logs.trim_all(engine.now()).await;
    trimmed.map_err(|error| crate::Error::internal("trim the logs", error))
}

/// Removes the logs of services that were deleted, and of deployments that went with them.
async fn sweep_logs(engine: &Engine) -> Result<()> {
    let logs = &engine.parts.logs;
    let streams = logs.streams().await?;
    let deployments: Vec<_> = streams.iter().filter_map(|stream| stream.deployment()).collect();
    for deployment in engine.parts.store.deleted_deployments(&deployments).await? {
        logs.remove(Stream::Deployment(deployment)).await?;
    }
    let services: Vec<_> = streams.iter().filter_map(|stream| stream.service()).collect();
    for service in engine.parts.store.buried(&services).await? {
        logs.remove(Stream::Service(service)).await?;
    }
    Ok(())
}

/// Forgets events that are older than people want to know.
async fn forget_events(engine: &Engine) -> Result<()> {
    let before = engine.now() - TimeDelta::days(engine.config().event_days.into());
    let mut gone = 0;
    for _ in 0..TIMES {
        let some = engine.parts.store.forget_events(before, EVENTS).await?;
        gone += some;
        if some < EVENTS {
            break;
        }
    }
    if gone > 0 {
        info!(gone, %before, "forgot old events");
    }
    Ok(())
}
