//! Things in Docker that are not this Berth's, or that carry its label and belong to nothing.

use berth_tests::{docker::INSTANCE, prelude::*};
use bollard::{
    models::{ContainerConfig, NetworkCreateRequest, VolumeCreateRequest},
    query_parameters::{
        CommitContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
        RemoveVolumeOptionsBuilder,
    },
};
use std::collections::HashMap;

/// A stopped container, an image made of it, a volume and a network, all of one name.
pub struct Things {
    pub name: String,
}

impl Things {
    /// Makes them; without an instance they carry no label of any Berth.
    pub async fn make(docker: &Docker, name: &str, instance: Option<&str>) -> Result<Self> {
        let labels: HashMap<String, String> =
            instance.map(|instance| (INSTANCE.to_owned(), instance.to_owned())).into_iter().collect();
        let things = Self { name: name.to_owned() };
        docker.create(name, &labels).await?;
        let image =
            CommitContainerOptionsBuilder::new().container(name).repo(name).tag("1").pause(false).build();
        docker.api.commit_container(image, ContainerConfig::default()).await?;
        let volume = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels.clone()),
            ..VolumeCreateRequest::default()
        };
        docker.api.create_volume(volume).await?;
        let network = NetworkCreateRequest {
            name: name.to_owned(),
            labels: Some(labels),
            ..NetworkCreateRequest::default()
        };
        docker.api.create_network(network).await?;
        Ok(things)
    }

    /// Everything that Docker says of them.
    pub async fn as_docker_sees_them(&self, docker: &Docker) -> Result<Value> {
        let api = &docker.api;
        let container = api.inspect_container(&self.name, None).await.context("the container")?;
        let image = api.inspect_image(&self.image()).await.context("the image")?;
        let volume = api.inspect_volume(&self.name).await.context("the volume")?;
        let network = api.inspect_network(&self.name, None).await.context("the network")?;
        Ok(json!([container, image, volume, network]))
    }

    /// Takes them away again, whatever is left of them.
    pub async fn remove(&self, docker: &Docker) {
        let force = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let _ = docker.api.remove_container(&self.name, Some(force)).await;
        let force = RemoveImageOptionsBuilder::new().force(true).build();
        let _ = docker.api.remove_image(&self.image(), Some(force), None).await;
        let force = RemoveVolumeOptionsBuilder::new().force(true).build();
        let _ = docker.api.remove_volume(&self.name, Some(force)).await;
        let _ = docker.api.remove_network(&self.name).await;
    }

    fn image(&self) -> String {
        format!("{}:1", self.name)
    }
}
