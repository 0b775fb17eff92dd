//! What Docker shows of this Berth, and what the store knows of it.

use super::judge::{Found, Known, Orphan, Present, environment_of, judge};
use crate::{
    Engine, Result,
    docker::Runtime,
    naming::{Naming, service_of},
};
use berth_domain::ids::ServiceId;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What the images of a service are called.
pub(crate) fn repository(naming: &Naming, service: ServiceId) -> String {
    let tag = naming.image(service, 0);
    tag.rsplit_once(':').map_or(tag.clone(), |(repository, _)| repository.to_owned())
}

/// What all images of this Berth are called, in front of the `/`.
pub(crate) fn namespace(naming: &Naming) -> String {
    let repository = repository(naming, ServiceId(Uuid::nil()));
    repository.split_once('/').map_or(repository.clone(), |(namespace, _)| namespace.to_owned())
}

impl Engine {
    /// Everything of this Berth's in Docker that nobody wants, as it is now.
    pub(crate) async fn find_orphans(&self, docker: &dyn Runtime) -> Result<Vec<Orphan>> {
        let found = found(&self.parts.naming, docker).await?;
        let known = self.known(&found).await?;
        Ok(judge(&found, &known))
    }

    async fn known(&self, found: &Found) -> Result<Known> {
        let store = &self.parts.store;
        let mut services = self.known_services().await?;
        for wanted in store.wanted(None).await? {
            let Some(service) = services.get_mut(&wanted.service) else { continue };
            service.live = wanted.live.map(|live| live.number);
            service.deploying = wanted.deploying;
        }
        let environments = store.environment_ids().await?;
        let naming = &self.parts.naming;
        let repositories = services.keys().map(|id| (repository(naming, *id), *id)).collect();
        let mut known = Known { services, repositories, environments, ..Known::default() };
        let (ids, names) = gone(found, &known);
        let tombstones = store.tombstones(&ids, &names).await?;
        known.tombstones = tombstones.into_iter().map(|tombstone| (tombstone.id, tombstone)).collect();
        Ok(known)
    }

    async fn known_services(&self) -> Result<HashMap<ServiceId, Present>> {
        let paths = self.parts.store.service_paths_everywhere().await?;
        let known = |(id, (organisation, path)): (ServiceId, (_, berth_domain::service::ServicePath))| {
            let (organisation, path) = (Some(organisation), path.to_string());
            (id, Present { organisation, path, ..Present::default() })
        };
        Ok(paths.into_iter().map(known).collect())
    }
}

async fn found(naming: &Naming, docker: &dyn Runtime) -> Result<Found> {
    let (ours, namespace) = (naming.ours(), namespace(naming));
    let mut images = docker.images(&ours).await?;
    for tagged in docker.images_in(&namespace).await? {
        if !images.iter().any(|image| image.id == tagged.id) {
            images.push(tagged);
        }
    }
    Ok(Found {
        instances: docker.instances(&ours).await?,
        images,
        networks: docker.networks(&ours).await?,
        volumes: docker.volumes(&ours).await?,
        namespace,
    })
}

/// The ids and repositories that are of no service that is there; their tombstones say more.
fn gone(found: &Found, known: &Known) -> (Vec<Uuid>, Vec<String>) {
    let tags = found.images.iter().flat_map(|image| &image.repo_tags);
    let repositories = tags.filter_map(|tag| Some(tag.rsplit_once(':')?.0));
    let repositories: BTreeSet<&str> =
        repositories.filter(|name| !known.repositories.contains_key(*name)).collect();
    let labels = (found.instances.iter().map(|i| &i.labels))
        .chain(found.images.iter().map(|i| &i.labels))
        .chain(found.volumes.iter().map(|v| &v.labels));
    let of_services =
        labels.filter_map(service_of).filter(|id| !known.services.contains_key(id)).map(|id| id.0);
    let environments = found.networks.iter().filter_map(|n| environment_of(&n.labels)).map(|id| id.0);
    let ids: BTreeSet<Uuid> = of_services.chain(environments).collect();
    (ids.into_iter().collect(), repositories.into_iter().map(str::to_owned).collect())
}
