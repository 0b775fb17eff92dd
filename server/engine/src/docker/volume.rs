//! Volumes: data that outlives instances.

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder};

use super::connection::{Docker, label_filter};
use super::error::{Asked, DockerError, ObjectKind};
use super::names::checked_name;
use super::observed::VolumeSummary;
use super::spec::Labels;

fn asked<'a>(action: &'static str, name: &'a str) -> Asked<'a> {
    Asked::to(action, ObjectKind::Volume, name)
}

pub(super) async fn ensure(docker: &Docker, name: &str, labels: &Labels) -> Result<(), DockerError> {
    checked_name("volume name", name)?;
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        driver: Some("local".into()),
        labels: Some(labels.clone().into_iter().collect()),
        ..Default::default()
    };
    // Docker answers with the existing volume when there is one.
    let volume = docker.api.create_volume(request).await.map_err(docker.failed(asked("create", name)))?;
    if labels.iter().all(|(k, v)| volume.labels.get(k) == Some(v)) {
        return Ok(());
    }
    Err(DockerError::Conflict {
        action: "create",
        kind: ObjectKind::Volume,
        name: name.to_owned(),
        reason: "a volume of that name exists with other labels".into(),
    })
}

pub(super) async fn remove(docker: &Docker, name: &str) -> Result<(), DockerError> {
    checked_name("volume name", name)?;
    let options = RemoveVolumeOptionsBuilder::default().force(false).build();
    match docker.api.remove_volume(name, Some(options)).await.map_err(docker.failed(asked("remove", name))) {
        Err(DockerError::NotFound { .. }) => Ok(()),
        other => other,
    }
}

pub(super) async fn list(docker: &Docker, labels: &Labels) -> Result<Vec<VolumeSummary>, DockerError> {
    let filter = label_filter(labels);
    let options = ListVolumesOptionsBuilder::default().filters(&filter).build();
    let found = docker.api.list_volumes(Some(options)).await.map_err(docker.failed(asked("list", "*")))?;
    Ok(found
        .volumes
        .unwrap_or_default()
        .into_iter()
        .map(|volume| VolumeSummary {
            name: volume.name,
            labels: volume.labels.into_iter().collect(),
            size: None,
        })
        .collect())
}
