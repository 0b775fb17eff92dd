//! Instances: containers created, started, observed, stopped and removed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use bollard::errors::Error as Bollard;
use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummaryStateEnum, ContainerUpdateBody,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use chrono::{DateTime, Utc};
use futures::StreamExt;

use super::connection::{Docker, label_filter};
use super::error::{Asked, DockerError, ObjectKind};
use super::names::checked_name;
use super::observed::{Exit, InstanceState, InstanceSummary, ListeningPort, ObservedInstance};
use super::ports;
use super::spec::{InstanceSpec, Labels, Restart};

mod body;

fn asked<'a>(action: &'static str, name: &'a str) -> Asked<'a> {
    Asked::to(action, ObjectKind::Container, name)
}

pub(super) async fn create(docker: &Docker, spec: &InstanceSpec) -> Result<String, DockerError> {
    checked_name("container name", &spec.name)?;
    let body = body::of(spec)?;
    let options = CreateContainerOptionsBuilder::default().name(&spec.name).build();
    let made = docker.api.create_container(Some(options), body).await;
    match made.map_err(docker.failed(asked("create", &spec.name))) {
        Ok(made) => Ok(made.id),
        Err(DockerError::Conflict { action, kind, name, reason }) => match inspect(docker, &spec.name).await?
        {
            Some(found) if spec.labels.iter().all(|(k, v)| found.labels.get(k) == Some(v)) => Ok(found.id),
            _ => Err(DockerError::Conflict { action, kind, name, reason }),
        },
        Err(DockerError::NotFound { reason, .. }) => Err(missing_part(spec, reason)),
        Err(error) => Err(error),
    }
}

/// A 404 at creation is about what the container needs, not about the container.
fn missing_part(spec: &InstanceSpec, reason: String) -> DockerError {
    let (kind, name) = if reason.contains("network") {
        (ObjectKind::Network, spec.network.clone().unwrap_or_default())
    } else {
        (ObjectKind::Image, spec.image.clone())
    };
    DockerError::NotFound { action: "create a container from", kind, name, reason }
}

pub(super) async fn start(docker: &Docker, name: &str) -> Result<(), DockerError> {
    checked_name("container name", name)?;
    // Docker answers 304 for one that runs, which bollard takes as success.
    docker.api.start_container(name, None).await.map_err(docker.failed(asked("start", name)))
}

pub(super) async fn set_restart(docker: &Docker, name: &str, restart: Restart) -> Result<(), DockerError> {
    checked_name("container name", name)?;
    let change = ContainerUpdateBody { restart_policy: Some(body::restart(restart)), ..Default::default() };
    docker.api.update_container(name, change).await.map_err(docker.failed(asked("update", name)))
}

pub(super) async fn stop(docker: &Docker, name: &str, grace: Duration) -> Result<(), DockerError> {
    checked_name("container name", name)?;
    let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
    let options = StopContainerOptionsBuilder::default().t(seconds).build();
    let stopped = docker.patient(grace).stop_container(name, Some(options)).await;
    absent_is_fine(stopped.map_err(docker.failed(asked("stop", name))))
}

pub(super) async fn remove(docker: &Docker, name: &str) -> Result<(), DockerError> {
    checked_name("container name", name)?;
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = docker.api.remove_container(name, Some(options)).await;
    match absent_is_fine(removed.map_err(docker.failed(asked("remove", name)))) {
        Err(DockerError::Conflict { reason, .. }) if reason.contains("already in progress") => {
            await_removal(docker, name).await
        }
        other => other,
    }
}

/// Somebody else removes it right now: gone is when Docker no longer knows it.
async fn await_removal(docker: &Docker, name: &str) -> Result<(), DockerError> {
    for _ in 0..100 {
        if inspect(docker, name).await?.is_none() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(DockerError::Timeout {
        action: "remove",
        kind: ObjectKind::Container,
        name: name.to_owned(),
        after: Duration::from_secs(10),
    })
}

fn absent_is_fine(result: Result<(), DockerError>) -> Result<(), DockerError> {
    match result {
        Err(DockerError::NotFound { .. }) => Ok(()),
        other => other,
    }
}

pub(super) async fn inspect(docker: &Docker, name: &str) -> Result<Option<ObservedInstance>, DockerError> {
    checked_name("container name", name)?;
    match docker.api.inspect_container(name, None).await.map_err(docker.failed(asked("inspect", name))) {
        Ok(found) => Ok(Some(observed(found))),
        Err(DockerError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn observed(found: ContainerInspectResponse) -> ObservedInstance {
    let state = found.state.unwrap_or_default();
    let running = state.running.unwrap_or_default() && !state.restarting.unwrap_or_default();
    let finished_at = moment(state.finished_at.as_deref());
    let networks = found.network_settings.and_then(|s| s.networks).unwrap_or_default();
    ObservedInstance {
        id: found.id.unwrap_or_default(),
        name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image_id: found.image.unwrap_or_default(),
        state: state_of(state.status),
        running,
        pid: state.pid.and_then(|pid| u32::try_from(pid).ok()).filter(|&pid| pid != 0),
        exit_code: state.exit_code.filter(|_| finished_at.is_some() && !running),
        oom_killed: state.oom_killed.unwrap_or_default(),
        error: state.error.filter(|e| !e.is_empty()),
        started_at: moment(state.started_at.as_deref()),
        finished_at,
        restart_count: found.restart_count.unwrap_or_default(),
        addresses: networks
            .into_iter()
            .filter_map(|(network, endpoint)| Some((network, address(endpoint.ip_address.as_deref())?)))
            .collect(),
        labels: found.config.and_then(|c| c.labels).unwrap_or_default().into_iter().collect(),
        health: state
            .health
            .and_then(|h| h.status)
            .map(|s| s.to_string())
            .filter(|s| !s.is_empty() && s != "none"),
    }
}

fn address(text: Option<&str>) -> Option<IpAddr> {
    text.and_then(|a| a.parse().ok())
}

/// Docker writes the year 1 for "never".
fn moment(text: Option<&str>) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text?).ok()?.to_utc();
    (at.timestamp() > 0).then_some(at)
}

fn state_of(status: Option<ContainerStateStatusEnum>) -> InstanceState {
    use ContainerStateStatusEnum as S;
    match status {
        Some(S::RUNNING) => InstanceState::Running,
        Some(S::PAUSED) => InstanceState::Paused,
        Some(S::RESTARTING) => InstanceState::Restarting,
        Some(S::REMOVING) => InstanceState::Removing,
        Some(S::EXITED) => InstanceState::Exited,
        Some(S::DEAD) => InstanceState::Dead,
        _ => InstanceState::Created,
    }
}

fn listed_state(state: Option<ContainerSummaryStateEnum>) -> InstanceState {
    use ContainerSummaryStateEnum as S;
    match state {
        Some(S::RUNNING) => InstanceState::Running,
        Some(S::PAUSED) => InstanceState::Paused,
        Some(S::RESTARTING) => InstanceState::Restarting,
        Some(S::REMOVING) => InstanceState::Removing,
        Some(S::STOPPING) => InstanceState::Stopping,
        Some(S::EXITED) => InstanceState::Exited,
        Some(S::DEAD) => InstanceState::Dead,
        _ => InstanceState::Created,
    }
}

pub(super) async fn list(docker: &Docker, labels: &Labels) -> Result<Vec<InstanceSummary>, DockerError> {
    query(docker, label_filter(labels)).await
}

/// Those that a volume is mounted in. The filter also takes a path in a container; a checked name is none.
pub(super) async fn list_with_volume(
    docker: &Docker,
    volume: &str,
) -> Result<Vec<InstanceSummary>, DockerError> {
    checked_name("volume name", volume)?;
    query(docker, [("volume".to_owned(), vec![volume.to_owned()])].into()).await
}

async fn query(
    docker: &Docker,
    filters: HashMap<String, Vec<String>>,
) -> Result<Vec<InstanceSummary>, DockerError> {
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let found = docker.api.list_containers(Some(options)).await.map_err(docker.failed(asked("list", "*")))?;
    Ok(found
        .into_iter()
        .map(|container| InstanceSummary {
            id: container.id.unwrap_or_default(),
            name: own_name(container.names.unwrap_or_default()),
            image_id: container.image_id.unwrap_or_default(),
            state: listed_state(container.state),
            labels: container.labels.unwrap_or_default().into_iter().collect(),
            networks: container
                .network_settings
                .and_then(|settings| settings.networks)
                .unwrap_or_default()
                .into_iter()
                .map(|(network, endpoint)| (network, address(endpoint.ip_address.as_deref())))
                .collect(),
            created: container.created.and_then(|s| DateTime::from_timestamp(s, 0)).unwrap_or_default(),
        })
        .collect())
}

/// A container's own name among those that links gave it.
fn own_name(names: Vec<String>) -> String {
    let own = names.iter().find(|name| name.matches('/').count() == 1).or(names.first());
    own.map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default()
}

pub(super) async fn wait_exit(docker: &Docker, name: &str) -> Result<Exit, DockerError> {
    checked_name("container name", name)?;
    let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
    let mut waiting = docker.api.wait_container(name, Some(options));
    let code = match waiting.next().await {
        Some(Ok(ended)) => ended.status_code,
        Some(Err(Bollard::DockerContainerWaitError { code, .. })) => code,
        Some(Err(error)) => return Err(docker.failed(asked("wait for", name))(error)),
        None => return Err(lost_while_waiting(docker)),
    };
    let oom_killed = inspect(docker, name).await?.is_some_and(|seen| seen.oom_killed);
    Ok(Exit { code, oom_killed })
}

fn lost_while_waiting(docker: &Docker) -> DockerError {
    DockerError::Unreachable {
        address: docker.address.to_string(),
        reason: "the connection ended while waiting for a container".into(),
    }
}

pub(super) async fn listening_ports(
    docker: &Docker,
    name: &str,
) -> Result<Option<Vec<ListeningPort>>, DockerError> {
    let Some(pid) = inspect(docker, name).await?.and_then(|seen| seen.pid) else {
        return Ok(None);
    };
    Ok(ports::of_process(pid).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_no_moment() {
        assert_eq!(moment(Some("0001-01-01T00:00:00Z")), None);
        assert!(moment(Some("2026-11-20T14:00:00.123456789Z")).is_some());
    }

    #[test]
    fn the_own_name_is_found_among_links() {
        assert_eq!(own_name(vec!["/web/db".into(), "/db".into()]), "db");
    }
}
