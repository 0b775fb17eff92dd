//! Removes what is no longer wanted: instances and images of former releases, and what a deleted service left behind.
//! Only what carries this Berth's label, and only what the store says may go. Volumes are never touched here.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use berth_domain::ids::{EnvironmentId, ServiceId};
use tracing::{info, warn};

use crate::{
    Engine, Result,
    docker::{InstanceState, InstanceSummary, Runtime},
    naming::{ENVIRONMENT, SERVICE, is_instance, number_of, service_of},
};

/// How often everything is looked at without a signal.
const PERIOD: Duration = Duration::from_secs(300);

/// How long an instance of a deleted service may take to end.
const GRACE: Duration = Duration::from_secs(10);

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

/// Sweeps for ever.
pub(crate) async fn run(engine: Engine) {
    let mut untagged = HashSet::new();
    loop {
        if let Ok(docker) = engine.docker().await {
            report("stopped services", stop_unwanted(&engine, &*docker).await);
            report("deleted services", sweep_deleted(&engine, &*docker).await);
            report("former releases", sweep_former(&engine, &*docker, &mut untagged).await);
            report("files", crate::files::sweep(&engine, &*docker).await);
            report("networks", sweep_networks(&engine, &*docker).await);
        }
        report("logs", trim_logs(&engine).await);
        report("logs of deleted deployments", sweep_logs(&engine).await);
        report("expired sessions", engine.forget_expired_sessions().await);
        tokio::select! {
            () = engine.parts.sweep.notified() => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
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

/// Stops and removes what runs of services that a person deleted.
async fn sweep_deleted(engine: &Engine, docker: &dyn Runtime) -> Result<()> {
    let instances = docker.instances(&engine.parts.naming.ours()).await?;
    let images = docker.images(&engine.parts.naming.ours()).await?;
    let labels = instances.iter().map(|i| &i.labels).chain(images.iter().map(|i| &i.labels));
    let services: BTreeSet<ServiceId> = labels.filter_map(service_of).collect();
    let deleted = engine.parts.store.deleted_services(&services.into_iter().collect::<Vec<_>>()).await?;
    for service in deleted {
        engine.remove_other_routes(service, &[]).await?;
        for instance in instances.iter().filter(|i| service_of(&i.labels) == Some(service)) {
            docker.stop_instance(&instance.name, GRACE).await?;
            docker.remove_instance(&instance.name).await?;
        }
        for image in images.iter().filter(|i| service_of(&i.labels) == Some(service)) {
            for tag in &image.repo_tags {
                docker.remove_image(tag).await?;
            }
        }
        engine
            .parts
            .logs
            .remove(crate::logs::Stream::Service(service))
            .await
            .map_err(|error| crate::Error::internal("remove the log of a deleted service", error))?;
        info!(%service, "removed what a deleted service left");
    }
    Ok(())
}

/// Removes stopped instances and the tags of images beyond the releases that are kept.
async fn sweep_former(
    engine: &Engine,
    docker: &dyn Runtime,
    untagged: &mut HashSet<(ServiceId, u64)>,
) -> Result<()> {
    let mut by_service: BTreeMap<ServiceId, Vec<InstanceSummary>> = BTreeMap::new();
    for instance in docker.instances(&engine.parts.naming.ours()).await? {
        if let Some(service) = service_of(&instance.labels) {
            by_service.entry(service).or_default().push(instance);
        }
    }
    for wanted in engine.parts.store.wanted(None).await? {
        let kept = engine.parts.store.kept(wanted.service, engine.config().releases_kept).await?;
        for instance in by_service.remove(&wanted.service).unwrap_or_default() {
            let stopped = matches!(
                instance.state,
                InstanceState::Exited | InstanceState::Dead | InstanceState::Created
            );
            let number = number_of(&instance.labels);
            let live = wanted.live.as_ref().map(|live| live.number);
            let needed = (number.is_some() && number == live && is_instance(&instance.labels))
                || number.is_some_and(|n| kept.open.contains(&n));
            if stopped && !needed {
                engine.collect_rest(&instance.name).await;
                docker.remove_instance(&instance.name).await?;
            }
        }
        for number in kept.beyond {
            if untagged.insert((wanted.service, number)) {
                docker.remove_image(&engine.parts.naming.image(wanted.service, number)).await?;
            }
        }
    }
    Ok(())
}

/// Removes networks whose environment is gone and in which nothing of ours is left.
async fn sweep_networks(engine: &Engine, docker: &dyn Runtime) -> Result<()> {
    let instances = docker.instances(&engine.parts.naming.ours()).await?;
    for network in docker.networks(&engine.parts.naming.ours()).await? {
        let Some(id) = network.labels.get(ENVIRONMENT) else { continue };
        let Ok(environment) = id.parse::<EnvironmentId>() else { continue };
        let used =
            instances.iter().any(|i| i.labels.contains_key(SERVICE) && i.labels.get(ENVIRONMENT) == Some(id));
        if !used && !engine.parts.store.environment_exists(environment).await? {
            engine.parts.proxy.detach(docker, &network.name).await?;
            docker.remove_network(&network.name).await?;
        }
    }
    Ok(())
}

async fn trim_logs(engine: &Engine) -> Result<()> {
    let trimmed = engine.parts.logs.trim_all(engine.now()).await;
    trimmed.map_err(|error| crate::Error::internal("trim the logs", error))
}

/// Removes the logs of deployments that went with their service.
async fn sweep_logs(engine: &Engine) -> Result<()> {
    let logs = &engine.parts.logs;
    let deployments: Vec<_> =
        logs.streams().await?.into_iter().filter_map(crate::logs::Stream::deployment).collect();
    for deployment in engine.parts.store.deleted_deployments(&deployments).await? {
        logs.remove(crate::logs::Stream::Deployment(deployment)).await?;
    }
    Ok(())
}
