//! Docker as a witness: what really runs, and the removal of what a test made.

use crate::names;
use anyhow::{Context, Result};
use bollard::{
    models::{ContainerCreateBody, ContainerInspectResponse, ContainerSummary},
    query_parameters::{
        CreateContainerOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptionsBuilder,
        ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
        RemoveImageOptions, RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
    },
};
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

/// The label that tells several Berths apart.
pub const INSTANCE: &str = "berth.instance";

type Filters = HashMap<String, Vec<String>>;

/// A look at the Docker Engine that does not go through Berth.
pub struct Docker {
    /// The connection, for what a test needs beyond this.
    pub api: bollard::Docker,
}

impl Docker {
    /// Connects to the engine of this machine.
    pub async fn connect() -> Result<Self> {
        let api = bollard::Docker::connect_with_defaults().context("connect to Docker")?;
        Ok(Self { api: api.negotiate_version().await.context("ask Docker for its version")? })
    }

    /// All containers with a label such as `berth.service=...`, running or not.
    pub async fn containers(&self, label: &str) -> Result<Vec<ContainerSummary>> {
        let options = ListContainersOptionsBuilder::new().all(true).filters(&labelled(label)).build();
        Ok(self.api.list_containers(Some(options)).await?)
    }

    /// The running containers of a Berth that belong to some service.
    pub async fn instances(&self, instance: &str) -> Result<Vec<ContainerInspectResponse>> {
        let mut found = Vec::new();
        for summary in self.containers(&format!("{INSTANCE}={instance}")).await? {
            let of_a_service = summary.labels.as_ref().is_some_and(|l| l.contains_key("berth.service"));
            let running = summary.state.is_some_and(|state| state.to_string() == "running");
            if let (true, true, Some(id)) = (of_a_service, running, summary.id) {
                found.push(self.api.inspect_container(&id, None).await?);
            }
        }
        Ok(found)
    }

    /// Makes a container of the test program, and does not start it.
    pub async fn create(&self, name: &str, labels: &HashMap<String, String>) -> Result<()> {
        let image = Some(crate::berth::shipped_image());
        let body =
            ContainerCreateBody { image, labels: Some(labels.clone()), ..ContainerCreateBody::default() };
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        self.api.create_container(Some(options), body).await?;
        Ok(())
    }

    /// The tags that fit a pattern such as `berth-main/*`.
    pub async fn tags(&self, pattern: &str) -> Result<Vec<String>> {
        let filters = HashMap::from([("reference".to_owned(), vec![pattern.to_owned()])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        Ok(self.api.list_images(Some(options)).await?.into_iter().flat_map(|image| image.repo_tags).collect())
    }

    /// The names of the networks with a label.
    pub async fn networks(&self, label: &str) -> Result<Vec<String>> {
        let options = ListNetworksOptionsBuilder::new().filters(&labelled(label)).build();
        Ok(self.api.list_networks(Some(options)).await?.into_iter().filter_map(|found| found.name).collect())
    }

    /// Removes every container, network, volume and image of one Berth.
    pub async fn sweep(&self, instance: &str) -> Result<()> {
        let label = format!("{INSTANCE}={instance}");
        let filters = labelled(&label);
        for container in self.containers(&label).await? {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            let _ = self.api.remove_container(&container.id.unwrap_or_default(), Some(options)).await;
        }
        let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
        for network in self.api.list_networks(Some(networks)).await? {
            let _ = self.api.remove_network(&network.id.unwrap_or_default()).await;
        }
        // A network that a test made as somebody else has the name alone.
        let _ = self.api.remove_network(instance).await;
        let volumes = ListVolumesOptionsBuilder::new().filters(&filters).build();
        for volume in self.api.list_volumes(Some(volumes)).await?.volumes.unwrap_or_default() {
            let options = RemoveVolumeOptionsBuilder::new().force(true).build();
            let _ = self.api.remove_volume(&volume.name, Some(options)).await;
        }
        // Images that were pulled carry no label, only a name that Berth gave them.
        for tag in self.tags(&format!("berth-{instance}/*")).await? {
            let _ = self.api.remove_image(&tag, None::<RemoveImageOptions>, None).await;
        }
        let images = ListImagesOptionsBuilder::new().all(true).filters(&filters).build();
        for image in self.api.list_images(Some(images)).await? {
            let options = RemoveImageOptionsBuilder::new().force(true).build();
            let _ = self.api.remove_image(&image.id, Some(options), None).await;
        }
        Ok(())
    }

    /// Removes what test processes that are gone left behind.
    pub async fn sweep_left_overs(&self) -> Result<()> {
        let mut instances = BTreeSet::new();
        for container in self.containers(INSTANCE).await? {
            instances.extend(container.labels.unwrap_or_default().remove(INSTANCE));
        }
        let networks = ListNetworksOptionsBuilder::new().filters(&labelled(INSTANCE)).build();
        for network in self.api.list_networks(Some(networks)).await? {
            instances.extend(network.labels.unwrap_or_default().remove(INSTANCE));
        }
        for instance in instances.iter().filter(|instance| names::is_left_over(instance)) {
            self.sweep(instance).await?;
        }
        Ok(())
    }
}

/// A container's label, empty when it has none.
pub fn label<'a>(container: &'a ContainerInspectResponse, key: &str) -> &'a str {
    let labels = container.config.as_ref().and_then(|config| config.labels.as_ref());
    labels.and_then(|labels| labels.get(key)).map_or("", String::as_str)
}

/// Where this machine reaches a container.
pub fn address(container: &ContainerInspectResponse) -> Option<IpAddr> {
    let networks = container.network_settings.as_ref()?.networks.as_ref()?;
    networks.values().find_map(|network| network.ip_address.as_ref()?.parse().ok())
}

fn labelled(label: &str) -> Filters {
    HashMap::from([("label".to_owned(), vec![label.to_owned()])])
}

/// Takes every tag of a registry off this machine's images, from a destructor. A machine without Docker has none.
pub(crate) fn forget_blocking(registry: String) {
    let forget = std::thread::spawn(move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let docker = Docker::connect().await?;
            for pattern in [format!("{registry}/*"), format!("{registry}/*/*")] {
                for tag in docker.tags(&pattern).await? {
                    let _ = docker.api.remove_image(&tag, None::<RemoveImageOptions>, None).await;
                }
            }
            Ok(())
        })
    });
    let _ = forget.join();
}

/// Sweeps from a destructor: on a thread of its own, because the test's runtime may be ending.
pub(crate) fn sweep_blocking(instance: String) {
    let sweep = std::thread::spawn(move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Docker::connect().await?.sweep(&instance).await })
    });
    if let Ok(Err(error)) = sweep.join() {
        eprintln!("the sweep of Docker failed: {error:#}");
    }
}
