//! Verbs about volumes.

use super::{
    Acting,
    reach::{confirmed, conflict_with_hint},
};
use crate::{
    Error, Result,
    docker::{DockerError, VolumeSummary},
    store::{ServiceRow, Subject},
};
use berth_domain::{
    event::EventKind,
    name::Name,
    permission::Permission,
    problem::{Problem, ProblemKind},
    service::{ConfirmDeletion, ServicePath, VolumeView},
};
use std::{collections::HashMap, time::Duration};

/// How long Docker may count the bytes of volumes before the page is shown without them.
const COUNTING: Duration = Duration::from_millis(1_500);

impl Acting {
    /// The volumes of a service as Docker has them; while it does not answer, those of the settings.
    pub async fn volumes(&self, path: &ServicePath) -> Result<Vec<VolumeView>> {
        self.require(Permission::Read)?;
        let service = self.service_row(path).await?;
        let answer = self.docker_volumes(&service).await.ok();
        let known = answer.is_some();
        let existing = answer.unwrap_or_default();
        let sizes = if existing.is_empty() { HashMap::new() } else { self.volume_sizes(&service).await };
        let naming = &self.engine.parts.naming;
        let prefix = volume_prefix(&service, naming);
        let mut views: Vec<VolumeView> = Vec::new();
        for mount in &service.settings.volumes {
            let docker_name = naming.volume(service.id, &mount.name);
            views.push(VolumeView {
                name: mount.name.clone(),
                path: mount.path.clone(),
                read_only: mount.read_only,
                exists: known.then(|| existing.iter().any(|volume| volume.name == docker_name)),
                size: sizes.get(&docker_name).copied(),
                docker_name,
            });
        }
        for volume in &existing {
            let Some(Ok(name)) = volume.name.strip_prefix(&prefix).map(str::parse::<Name>) else { continue };
            if !views.iter().any(|view| view.docker_name == volume.name) {
                let size = sizes.get(&volume.name).copied();
                let docker_name = volume.name.clone();
                views.push(VolumeView {
                    name,
                    path: String::new(),
                    read_only: false,
                    exists: Some(true),
                    docker_name,
                    size,
                });
            }
        }
        Ok(views)
    }

    async fn docker_volumes(&self, service: &ServiceRow) -> Result<Vec<VolumeSummary>> {
        let docker = self.engine.docker().await.map_err(unavailable)?;
        docker.volumes(&self.engine.parts.naming.of_service(service.id)).await.map_err(unavailable)
    }

    async fn volume_sizes(&self, service: &ServiceRow) -> HashMap<String, u64> {
        let labels = self.engine.parts.naming.of_service(service.id);
        let counted = async { self.engine.docker().await.ok()?.disk_usage(&labels).await.ok() };
        let Ok(Some(usage)) = tokio::time::timeout(COUNTING, counted).await else { return HashMap::new() };
        usage.volumes.into_iter().collect()
    }

    /// Deletes the data of a volume that no instance uses; confirmed by its name.
    pub async fn delete_volume(
        &self,
        path: &ServicePath,
        volume: &Name,
        request: ConfirmDeletion,
    ) -> Result<()> {
        self.require(Permission::Administer)?;
        let service = self.service_row(path).await?;
        let docker_name = self.engine.parts.naming.volume(service.id, volume);
        let existing = self.docker_volumes(&service).await?;
        if !existing.iter().any(|existing| existing.name == docker_name) {
            return Err(Error::not_found("volume"));
        }
        confirmed(&request, volume.as_str())?;
        let docker = self.engine.docker().await.map_err(unavailable)?;
        match docker.remove_volume(&docker_name).await {
            Ok(()) => {}
            Err(DockerError::Conflict { .. }) => {
                let used = format!("Volume {volume} is in use by a container of {path}.");
                return Err(conflict_with_hint(
                    used,
                    "Stop the service, or take the volume out of its settings and deploy.",
                ));
            }
            Err(error) => return Err(unavailable(error)),
        }
        let mut write = self.begin().await?;
        let told = format!("Volume {volume} of {path} was deleted with its data (in Docker: {docker_name}).");
        write.record(self.tells(EventKind::VolumeDeleted, Subject::service(service.id, path), told));
        Ok(write.commit().await?)
    }
}

/// What the Docker names of a service's volumes begin with.
fn volume_prefix(service: &ServiceRow, naming: &crate::naming::Naming) -> String {
    const ANY: &str = "x";
    match ANY.parse::<Name>() {
        Ok(any) => naming.volume(service.id, &any).trim_end_matches(ANY).to_owned(),
        Err(_) => String::new(),
    }
}

fn unavailable(error: DockerError) -> Error {
    Problem::new(ProblemKind::Unavailable, format!("Docker did not answer: {error}"))
        .with_hint("See that Docker runs on this machine, then try again.")
        .into()
}
