//! Verbs about the disk.

use super::Acting;
use crate::{
    Result,
    disk::Measured,
    docker::{ImageUsage, Usage},
    naming::service_of,
    orphans,
};
use berth_domain::{
    disk::{DiskView, ServiceDisk},
    ids::ServiceId,
    permission::Permission,
    service::ServicePath,
};
use std::{collections::HashMap, time::Duration};

/// How long somebody who asks for a measurement waits for it.
const PATIENCE: Duration = Duration::from_secs(15);

impl Acting {
    /// What uses the disk, as it was last measured.
    pub async fn disk(&self) -> Result<DiskView> {
        self.require(Permission::Read)?;
        let services = self.rows().service_paths().await?;
        let orphans = self.listed_orphans().await?;
        let Some(measured) = self.engine.measured() else {
            return Ok(DiskView { measuring: true, ..DiskView::default() });
        };
        let sizes = Sizes::of(self, &measured);
        let mut services: Vec<ServiceDisk> =
            services.into_iter().map(|(id, path)| sizes.service(id, path)).collect();
        services.sort_by(|a, b| {
            b.total().cmp(&a.total()).then_with(|| a.path.to_string().cmp(&b.path.to_string()))
        });
        let orphans = orphans.iter().filter_map(|listed| orphan_size(&measured, &listed.orphan));
        Ok(DiskView {
            measured_at: Some(measured.at),
            measuring: self.engine.parts.disk.is_measuring(),
            problem: measured.problem.clone(),
            services,
            orphans: orphans.sum(),
            build_cache: measured.docker.build_cache,
            database: measured.database,
            file_systems: measured.file_systems.clone(),
            short: measured.file_systems.iter().any(|found| self.engine.is_short(found)),
        })
    }

    /// Measures the disk now; waits for it, but not for long.
    pub async fn measure_disk(&self) -> Result<DiskView> {
        self.require(Permission::Deploy)?;
        self.engine.parts.disk.measured_within(PATIENCE).await;
        self.disk().await
    }
}

/// The bytes of something that nobody wants, when they are known.
pub(super) fn orphan_size(measured: &Measured, orphan: &orphans::Orphan) -> Option<u64> {
    use berth_domain::disk::OrphanKind;
    let docker = &measured.docker;
    let named = |all: &[Usage]| all.iter().find(|one| one.name == orphan.name).map(|one| one.size);
    match orphan.kind {
        OrphanKind::Container => named(&docker.instances),
        OrphanKind::Volume => named(&docker.volumes),
        OrphanKind::Image => {
            let is = |image: &&ImageUsage| image.id == orphan.name || image.repo_tags.contains(&orphan.name);
            docker.images.iter().find(is).map(|image| image.size.saturating_sub(image.shared))
        }
        OrphanKind::Network => None,
    }
}

/// The measured things by what they belong to.
struct Sizes<'a> {
    acting: &'a Acting,
    measured: &'a Measured,
    images: HashMap<&'a str, Vec<&'a ImageUsage>>,
    instances: HashMap<ServiceId, u64>,
    volumes: HashMap<ServiceId, u64>,
}

impl<'a> Sizes<'a> {
    fn of(acting: &'a Acting, measured: &'a Measured) -> Self {
        let mut images: HashMap<&str, Vec<&ImageUsage>> = HashMap::new();
        for image in &measured.docker.images {
            for tag in &image.repo_tags {
                if let Some((repository, _)) = tag.rsplit_once(':') {
                    images.entry(repository).or_default().push(image);
                }
            }
        }
        let instances = by_service(&measured.docker.instances);
        Self { acting, measured, images, instances, volumes: by_service(&measured.docker.volumes) }
    }

    fn service(&self, id: ServiceId, path: ServicePath) -> ServiceDisk {
        let repository = orphans::repository(&self.acting.engine.parts.naming, id);
        let tagged = self.images.get(repository.as_str()).map(Vec::as_slice).unwrap_or_default();
        let size = |sizes: &HashMap<ServiceId, u64>| sizes.get(&id).copied().unwrap_or_default();
        ServiceDisk {
            path,
            releases: tagged.len() as u64,
            images: image_bytes(tagged),
            volumes: size(&self.volumes),
            logs: size(&self.measured.logs),
            instances: size(&self.instances),
        }
    }
}

fn by_service(all: &[Usage]) -> HashMap<ServiceId, u64> {
    let mut sizes: HashMap<ServiceId, u64> = HashMap::new();
    for one in all {
        if let Some(service) = service_of(&one.labels) {
            *sizes.entry(service).or_default() += one.size;
        }
    }
    sizes
}

/// What the images of a service take: each one's own layers, and once the largest part that it shares with others. An
/// image with several tags counts once.
fn image_bytes(tagged: &[&ImageUsage]) -> u64 {
    let each: HashMap<&str, &ImageUsage> = tagged.iter().map(|image| (image.id.as_str(), *image)).collect();
    let own: u64 = each.values().map(|image| image.size.saturating_sub(image.shared)).sum();
    own + each.values().map(|image| image.shared).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_that_releases_share_count_once() {
        let image = |id: &str, size, shared| ImageUsage {
            id: id.into(),
            repo_tags: Vec::new(),
            labels: Default::default(),
            size,
            shared,
        };
        let (one, two) = (image("1", 310, 300), image("2", 320, 300));
        assert_eq!(image_bytes(&[&one, &two, &one]), 330);
        assert_eq!(image_bytes(&[]), 0);
    }
}
