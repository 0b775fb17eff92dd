//! Networks: one per environment, each a bridge of its own.

use std::collections::HashMap;

use bollard::models::{
    EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest,
};
use bollard::query_parameters::ListNetworksOptionsBuilder;

use super::connection::{Docker, label_filter};
use super::error::{Asked, DockerError, ObjectKind};
use super::names::checked_name;
use super::observed::NetworkSummary;
use super::spec::Labels;

fn asked<'a>(action: &'static str, name: &'a str) -> Asked<'a> {
    Asked::to(action, ObjectKind::Network, name)
}

/// Makes it with addresses of IPv6 in a subnet, when one is given, beside those of IPv4.
pub(super) async fn ensure(
    docker: &Docker,
    name: &str,
    labels: &Labels,
    subnet: Option<&str>,
) -> Result<String, DockerError> {
    checked_name("network name", name)?;
    let _one_at_a_time = docker.creating_network.lock().await;
    if let Some(found) = find(docker, name).await? {
        return same_owner(found, labels);
    }
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".into()),
        labels: Some(labels.clone().into_iter().collect()),
        enable_ipv6: subnet.map(|_| true),
        ipam: subnet.map(ipam),
        ..Default::default()
    };
    let made = docker.api.create_network(request).await.map_err(docker.failed(asked("create", name)))?;
    Ok(made.id)
}

fn ipam(subnet: &str) -> Ipam {
    let config = IpamConfig { subnet: Some(subnet.to_owned()), ..Default::default() };
    Ipam { config: Some(vec![config]), ..Default::default() }
}

/// A network of that name that is not ours must not be taken over.
fn same_owner(found: NetworkSummary, labels: &Labels) -> Result<String, DockerError> {
    if labels.iter().all(|(k, v)| found.labels.get(k) == Some(v)) {
        return Ok(found.id);
    }
    Err(DockerError::Conflict {
        action: "create",
        kind: ObjectKind::Network,
        name: found.name,
        reason: "a network of that name exists with other labels".into(),
    })
}

async fn find(docker: &Docker, name: &str) -> Result<Option<NetworkSummary>, DockerError> {
    let filter: HashMap<String, Vec<String>> = [("name".to_owned(), vec![name.to_owned()])].into();
    // Docker's name filter finds every name that contains it.
    Ok(query(docker, filter).await?.into_iter().find(|n| n.name == name))
}

pub(super) async fn list(docker: &Docker, labels: &Labels) -> Result<Vec<NetworkSummary>, DockerError> {
    query(docker, label_filter(labels)).await
}

async fn query(
    docker: &Docker,
    filter: HashMap<String, Vec<String>>,
) -> Result<Vec<NetworkSummary>, DockerError> {
    let options = ListNetworksOptionsBuilder::default().filters(&filter).build();
    let found = docker.api.list_networks(Some(options)).await.map_err(docker.failed(asked("list", "*")))?;
    Ok(found
        .into_iter()
        .map(|network| NetworkSummary {
            id: network.id.unwrap_or_default(),
            name: network.name.unwrap_or_default(),
            labels: network.labels.unwrap_or_default().into_iter().collect(),
            ipv6: network.enable_ipv6.unwrap_or_default(),
        })
        .collect())
}

pub(super) async fn connect(
    docker: &Docker,
    network: &str,
    container: &str,
    aliases: &[String],
) -> Result<(), DockerError> {
    checked_name("network name", network)?;
    checked_name("container name", container)?;
    let endpoint = EndpointSettings { aliases: Some(aliases.to_vec()), ..Default::default() };
    let request = NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(endpoint) };
    match docker.api.connect_network(network, request).await.map_err(docker.failed(asked("join", network))) {
        Err(DockerError::Refused { reason, .. } | DockerError::Conflict { reason, .. })
            if reason.contains("already exists in network")
                || reason.contains("already attached to network") =>
        {
            Ok(())
        }
        other => other,
    }
}

pub(super) async fn disconnect(docker: &Docker, network: &str, container: &str) -> Result<(), DockerError> {
    checked_name("network name", network)?;
    checked_name("container name", container)?;
    let request = NetworkDisconnectRequest { container: container.to_owned(), force: Some(true) };
    match docker
        .api
        .disconnect_network(network, request)
        .await
        .map_err(docker.failed(asked("leave", network)))
    {
        Err(DockerError::NotFound { .. }) => Ok(()),
        Err(DockerError::Refused { reason, .. }) if reason.contains("is not connected to") => Ok(()),
        other => other,
    }
}

pub(super) async fn remove(docker: &Docker, name: &str) -> Result<(), DockerError> {
    checked_name("network name", name)?;
    match docker.api.remove_network(name).await.map_err(docker.failed(asked("remove", name))) {
        Err(DockerError::NotFound { .. }) => Ok(()),
        // Docker answers 403 for a network that is in use.
        Err(DockerError::Refused { action, kind, name, reason }) if reason.contains("active endpoints") => {
            Err(DockerError::Conflict { action, kind, name, reason })
        }
        other => other,
    }
}
