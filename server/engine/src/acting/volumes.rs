//! Verbs about volumes.

use super::{
    Acting,
    reach::{confirmed, conflict_with_hint},
};
use crate::{
    Error, Result,
    docker::{DockerError, VolumeSummary},
    store::{NewVolumeDeletion, ServiceRow, Subject, VolumeDeletionRow},
};
use berth_domain::{
    event::EventKind,
    name::Name,
    permission::Permission,
    problem::{Problem, ProblemKind},
    service::{ConfirmDeletion, ServicePath, VolumeView},
};
use chrono::TimeDelta;
use std::collections::HashMap;

impl Acting {
    /// The volumes of a service as Docker has them; while it does not answer, those of the settings.
    pub async fn volumes(&self, path: &ServicePath) -> Result<Vec<VolumeView>> {
        self.require(Permission::Read)?;
        let service = self.service_row(path).await?;
        let answer = self.docker_volumes(&service).await.ok();
        let known = answer.is_some();
        let existing = answer.unwrap_or_default();
        let facts = Facts::of(self).await?;
        let naming = &self.engine.parts.naming;
        let prefix = volume_prefix(&service, naming);
        let mut views: Vec<VolumeView> = Vec::new();
        for mount in &service.settings.volumes {
            let docker_name = naming.volume(service.id, &mount.name);
            let exists = known.then(|| existing.iter().any(|volume| volume.name == docker_name));
            let view = facts.view(mount.name.clone(), docker_name, exists);
            views.push(VolumeView { path: mount.path.clone(), read_only: mount.read_only, ..view });
        }
        for volume in existing {
            let Some(Ok(name)) = volume.name.strip_prefix(&prefix).map(str::parse::<Name>) else { continue };
            if !views.iter().any(|view| view.docker_name == volume.name) {
                views.push(facts.view(name, volume.name, Some(true)));
            }
        }
        Ok(views)
    }

    async fn docker_volumes(&self, service: &ServiceRow) -> Result<Vec<VolumeSummary>> {
        let docker = self.engine.docker().await.map_err(unavailable)?;
        docker.volumes(&self.engine.parts.naming.of_service(service.id)).await.map_err(unavailable)
    }

    /// Marks a volume that no instance uses: its data goes when the time to reconsider is over. Confirmed by its name.
    pub async fn delete_volume(
        &self,
        path: &ServicePath,
        volume: &Name,
        request: ConfirmDeletion,
    ) -> Result<VolumeView> {
        self.require(Permission::Administer)?;
        let service = self.service_row(path).await?;
        let docker_name = self.existing_volume(&service, volume).await?;
        confirmed(&request, volume.as_str())?;
        self.mark_volume(&docker_name, &format!("{volume} of {path}"), Subject::service(service.id, path))
            .await?;
        self.engine.parts.sweep.notify_one();
        self.one_volume(path, &docker_name).await
    }

    /// Takes the deletion of a volume back.
    pub async fn keep_volume(&self, path: &ServicePath, volume: &Name) -> Result<VolumeView> {
        self.require(Permission::Configure)?;
        let service = self.service_row(path).await?;
        let docker_name = self.engine.parts.naming.volume(service.id, volume);
        let told = format!("{volume} of {path}");
        self.unmark_volume(&docker_name, &told, Subject::service(service.id, path)).await?;
        self.one_volume(path, &docker_name).await
    }

    async fn existing_volume(&self, service: &ServiceRow, volume: &Name) -> Result<String> {
        let docker_name = self.engine.parts.naming.volume(service.id, volume);
        let existing = self.docker_volumes(service).await?;
        if existing.iter().any(|existing| existing.name == docker_name) {
            return Ok(docker_name);
        }
        Err(Error::not_found("volume"))
    }

    async fn one_volume(&self, path: &ServicePath, docker_name: &str) -> Result<VolumeView> {
        let all = self.volumes(path).await?;
        all.into_iter().find(|view| view.docker_name == docker_name).ok_or_else(|| Error::not_found("volume"))
    }

    /// Marks a volume for deletion; refused while an instance has it mounted.
    pub(super) async fn mark_volume(&self, docker_name: &str, told: &str, subject: Subject) -> Result<()> {
        let docker = self.engine.docker().await.map_err(unavailable)?;
        if let Some(user) = self.engine.user_of_volume(&*docker, docker_name).await? {
            return Err(conflict_with_hint(
                format!("Volume {told} is in use by {user}."),
                "Stop the service, or take the volume out of its settings and deploy.",
            ));
        }
        let asked_at = self.engine.now();
        let grace = TimeDelta::from_std(self.engine.config().volume_grace).unwrap_or(TimeDelta::days(7));
        let due_at = asked_at + grace;
        let mut write = self.begin().await?;
        let new = NewVolumeDeletion {
            docker_name: docker_name.to_owned(),
            told: told.to_owned(),
            asked_by: self.actor.name.clone(),
            asked_at,
            due_at,
        };
        let already = || format!("Volume {told} is to be deleted already.");
        let marked = write.scoped(self.scope()).insert_volume_deletion(new).await;
        marked.map_err(|error| error.or_conflict(already))?;
        let when = due_at.format("%Y-%m-%d %H:%M UTC");
        let message = format!("Volume {told} will be deleted with its data on {when}, unless it is kept.");
        write.record(self.tells(EventKind::VolumeDeletionAsked, subject, message));
        Ok(write.commit().await?)
    }

    /// Takes the mark back.
    pub(super) async fn unmark_volume(&self, docker_name: &str, told: &str, subject: Subject) -> Result<()> {
        let mut write = self.begin().await?;
        if !write.scoped(self.scope()).take_volume_deletion(docker_name).await? {
            let problem = Problem::new(ProblemKind::NotFound, format!("Volume {told} is not to be deleted."));
            return Err(problem.with_hint("Its data stays, or is gone already: look at the events.").into());
        }
        let message = format!("Volume {told} is kept: its deletion was taken back.");
        write.record(self.tells(EventKind::VolumeKept, subject, message));
        Ok(write.commit().await?)
    }
}

/// What is known of volumes beside their names.
struct Facts {
    sizes: HashMap<String, u64>,
    deletions: HashMap<String, VolumeDeletionRow>,
}

impl Facts {
    async fn of(acting: &Acting) -> Result<Self> {
        let deletions = acting.rows().volume_deletions().await?;
        let deletions = deletions.into_iter().map(|row| (row.docker_name.clone(), row)).collect();
        Ok(Self { sizes: acting.engine.volume_sizes(), deletions })
    }

    /// A volume that is not mounted anywhere, as far as this knows.
    fn view(&self, name: Name, docker_name: String, exists: Option<bool>) -> VolumeView {
        VolumeView {
            name,
            path: String::new(),
            read_only: false,
            exists,
            size: self.sizes.get(&docker_name).copied(),
            deletion: self.deletions.get(&docker_name).map(VolumeDeletionRow::view),
            docker_name,
        }
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

pub(super) fn unavailable(error: DockerError) -> Error {
    Problem::new(ProblemKind::Unavailable, format!("Docker did not answer: {error}"))
        .with_hint("See that Docker runs on this machine, then try again.")
        .into()
}
