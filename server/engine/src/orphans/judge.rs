//! Which of this Berth's things in Docker nobody wants, and what becomes of each. Pure: what Docker shows and what the
//! store knows go in.

use crate::{
    docker::{ImageSummary, InstanceState, InstanceSummary, Labels, NetworkSummary, VolumeSummary},
    naming::{ENVIRONMENT, is_instance, number_of, service_of},
    proxy::ROLE,
    store::Tombstone,
};
use berth_domain::{
    disk::OrphanKind,
    ids::{EnvironmentId, OrganisationId, ServiceId},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What Docker shows under this Berth's label and in its namespace of images.
#[derive(Default)]
pub(super) struct Found {
    pub instances: Vec<InstanceSummary>,
    pub images: Vec<ImageSummary>,
    pub networks: Vec<NetworkSummary>,
    pub volumes: Vec<VolumeSummary>,
    /// What this Berth's images are called, in front of the `/`.
    pub namespace: String,
}

/// What the store knows; read after Docker, so that the row of whatever was found is there.
#[derive(Default)]
pub(super) struct Known {
    pub services: HashMap<ServiceId, Present>,
    /// What their images are called.
    pub repositories: HashMap<String, ServiceId>,
    pub environments: HashSet<EnvironmentId>,
    pub tombstones: HashMap<Uuid, Tombstone>,
}

/// A service that is there.
#[derive(Default)]
pub(super) struct Present {
    pub organisation: Option<OrganisationId>,
    pub path: String,
    /// The deployment that gets the traffic.
    pub live: Option<u64>,
    /// A deployment is on its way, which has its own mind about instances.
    pub deploying: bool,
}

/// When something goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goes {
    /// Somebody deleted what it belonged to.
    AtOnce,
    AfterGrace,
    /// Only when somebody says so: it is data, or it runs and nobody knows for whom.
    WhenAsked,
}

/// Something of this Berth's in Docker that nobody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub kind: OrphanKind,
    /// What tells it from a later one of the same name: Docker's id where it has one.
    pub object: String,
    pub name: String,
    pub owner: Owner,
    pub why: String,
    pub goes: Goes,
}

/// What it belonged to, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    pub organisation: Option<OrganisationId>,
    pub path: Option<String>,
    /// A service that is gone, whose routes may still be there.
    pub gone: Option<ServiceId>,
}

/// Everything that nobody wants: containers first, since the rest is free only when they are gone.
pub(super) fn judge(found: &Found, known: &Known) -> Vec<Orphan> {
    let judge = Judge { found, known };
    let containers = found.instances.iter().filter_map(|instance| judge.container(instance));
    let images = found.images.iter().flat_map(|image| judge.image(image));
    let networks = found.networks.iter().filter_map(|network| judge.network(network));
    let volumes = found.volumes.iter().filter_map(|volume| judge.volume(volume));
    containers.chain(images).chain(networks).chain(volumes).collect()
}

struct Judge<'a> {
    found: &'a Found,
    known: &'a Known,
}

/// A verdict: whose it was, why nobody wants it, and when it goes.
type Verdict = (Owner, String, Goes);

impl Judge<'_> {
    fn container(&self, instance: &InstanceSummary) -> Option<Orphan> {
        if instance.labels.contains_key(ROLE) {
            return None;
        }
        let (owner, why, goes) = match service_of(&instance.labels) {
            None => (Owner::default(), "It names no service.".to_owned(), Goes::AfterGrace),
            Some(id) => match self.known.services.get(&id) {
                Some(service) => stray(instance, service)?,
                None => self.gone_service(id),
            },
        };
        let (object, name) = (instance.id.clone(), instance.name.clone());
        Some(Orphan { kind: OrphanKind::Container, object, name, owner, why, goes })
    }

    /// Of an image only the names that Berth gave it are Berth's: somebody may have given it others.
    fn image(&self, image: &ImageSummary) -> Vec<Orphan> {
        let orphan = |name: &str, (owner, why, goes): Verdict| Orphan {
            kind: OrphanKind::Image,
            object: name.to_owned(),
            name: name.to_owned(),
            owner,
            why,
            goes,
        };
        if image.repo_tags.is_empty() {
            let used = self.found.instances.iter().any(|instance| instance.image_id == image.id);
            let verdict = || (Owner::default(), "It has no name any more.".to_owned(), Goes::AfterGrace);
            return if used { Vec::new() } else { vec![orphan(&image.id, verdict())] };
        }
        let tags = image.repo_tags.iter().filter_map(|tag| Some((tag, self.tag(image, tag)?)));
        tags.map(|(tag, verdict)| orphan(tag, verdict)).collect()
    }

    fn tag(&self, image: &ImageSummary, tag: &str) -> Option<Verdict> {
        let (repository, _) = tag.rsplit_once(':')?;
        if repository.split_once('/')?.0 != self.found.namespace {
            return None;
        }
        // How many releases of a service keep their image is for retention to say.
        if self.known.repositories.contains_key(repository) {
            return None;
        }
        let buried = self.known.tombstones.values().find(|t| t.repository.as_deref() == Some(repository));
        let buried = buried.or_else(|| self.known.tombstones.get(&service_of(&image.labels)?.0));
        Some(match buried {
            Some(tombstone) => deleted(tombstone, "service"),
            None => unknown("service", self.runs(|instance| instance.image_id == image.id)),
        })
    }

    fn network(&self, network: &NetworkSummary) -> Option<Orphan> {
        let (owner, why, goes) = match environment_of(&network.labels) {
            Some(id) if self.known.environments.contains(&id) => return None,
            Some(id) => match self.known.tombstones.get(&id.0) {
                Some(tombstone) => deleted(tombstone, "environment"),
                None => unknown("environment", self.runs(|i| environment_of(&i.labels) == Some(id))),
            },
            None if network.labels.contains_key(ROLE) => return None,
            None => (Owner::default(), "It names no environment.".to_owned(), Goes::AfterGrace),
        };
        let (object, name) = (network.id.clone(), network.name.clone());
        Some(Orphan { kind: OrphanKind::Network, object, name, owner, why, goes })
    }

    /// R-VOL-2: data never goes with what it belonged to, but for that of a preview, which is there to be thrown away.
    fn volume(&self, volume: &VolumeSummary) -> Option<Orphan> {
        let (owner, why, goes) = match service_of(&volume.labels) {
            None => (Owner::default(), "It names no service.".to_owned(), Goes::WhenAsked),
            Some(id) if self.known.services.contains_key(&id) => return None,
            Some(id) => {
                let (owner, why, _) = self.gone_service(id);
                let preview = self.known.tombstones.get(&id.0).is_some_and(|tombstone| tombstone.with_data);
                (owner, why, if preview { Goes::AtOnce } else { Goes::WhenAsked })
            }
        };
        let (object, name) = (volume.name.clone(), volume.name.clone());
        Some(Orphan { kind: OrphanKind::Volume, object, name, owner, why, goes })
    }

    fn gone_service(&self, id: ServiceId) -> Verdict {
        let (owner, why, goes) = match self.known.tombstones.get(&id.0) {
            Some(tombstone) => deleted(tombstone, "service"),
            None => unknown("service", self.runs(|instance| service_of(&instance.labels) == Some(id))),
        };
        (Owner { gone: Some(id), ..owner }, why, goes)
    }

    fn runs(&self, of: impl Fn(&InstanceSummary) -> bool) -> bool {
        self.found.instances.iter().any(|instance| !is_stopped(instance) && of(instance))
    }
}

/// An instance of a service that is there. Those that do not run any more are retention's.
fn stray(instance: &InstanceSummary, service: &Present) -> Option<Verdict> {
    let Some(number) = number_of(&instance.labels) else {
        return Some((owner_of(service), "It names no deployment.".to_owned(), Goes::AfterGrace));
    };
    let live = service.live == Some(number) && is_instance(&instance.labels);
    if live || service.deploying || is_stopped(instance) {
        return None;
    }
    let why = format!("Nothing of {} is wanted of deployment #{number} any more.", service.path);
    Some((owner_of(service), why, Goes::AfterGrace))
}

/// Whether it has ended and nothing will start it again.
pub(crate) fn is_stopped(instance: &InstanceSummary) -> bool {
    matches!(instance.state, InstanceState::Exited | InstanceState::Dead | InstanceState::Created)
}

fn deleted(tombstone: &Tombstone, what: &str) -> Verdict {
    let (organisation, path) = (Some(tombstone.organisation), Some(tombstone.path.clone()));
    (Owner { organisation, path, gone: None }, format!("Its {what} was deleted."), Goes::AtOnce)
}

/// The store never heard of it. It may be newer than a backup that was restored, or of another Berth that goes by the
/// same name: nothing that runs is taken for rubbish.
fn unknown(what: &str, runs: bool) -> Verdict {
    let why = format!("Berth's database does not know its {what}.");
    match runs {
        true => (
            Owner::default(),
            format!("{why} It is in use, so it stays until you remove it."),
            Goes::WhenAsked,
        ),
        false => (Owner::default(), why, Goes::AfterGrace),
    }
}

fn owner_of(service: &Present) -> Owner {
    Owner { organisation: service.organisation, path: Some(service.path.clone()), gone: None }
}

pub(super) fn environment_of(labels: &Labels) -> Option<EnvironmentId> {
    labels.get(ENVIRONMENT)?.parse().ok()
}

#[cfg(test)]
mod tests;
