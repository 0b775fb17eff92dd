//! What Berth takes on the disk: measured in the background, because Docker looks at every file for it, and remembered.

use crate::{
    Engine,
    docker::{DiskUsage, DockerError},
    logs::Stream,
    orphans,
};
use berth_domain::{disk::FileSystem, ids::ServiceId};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::HashMap,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};
use tracing::{debug, warn};

/// How often it is measured when nobody asks.
const PERIOD: Duration = Duration::from_secs(3_600);
/// After the start other things are more urgent.
const FIRST: Duration = Duration::from_secs(60);
/// How old a measurement may be before who looks at it starts another one.
pub(crate) const FRESH: TimeDelta = TimeDelta::minutes(5);

/// The last measurement, and the wish for another one.
pub(crate) struct Disk {
    latest: watch::Sender<Option<Arc<Measured>>>,
    wanted: Notify,
    measuring: AtomicBool,
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub at: DateTime<Utc>,
    pub docker: DiskUsage,
    /// Berth's own logs by service; those of its deployments are among them.
    pub logs: HashMap<ServiceId, u64>,
    pub database: u64,
    pub file_systems: Vec<FileSystem>,
    /// Why a part is missing.
    pub problem: Option<String>,
}

impl Default for Disk {
    fn default() -> Self {
        Self { latest: watch::Sender::new(None), wanted: Notify::new(), measuring: AtomicBool::new(false) }
    }
}

impl Disk {
    /// The last measurement.
    pub fn latest(&self) -> Option<Arc<Measured>> {
        self.latest.borrow().clone()
    }

    /// Whether a measurement is on its way.
    pub fn is_measuring(&self) -> bool {
        self.measuring.load(Ordering::Relaxed)
    }

    /// Asks for a measurement.
    pub fn measure(&self) {
        self.measuring.store(true, Ordering::Relaxed);
        self.wanted.notify_one();
    }

    /// Asks for a measurement and waits for it, but not for long.
    pub async fn measured_within(&self, patience: Duration) {
        let mut latest = self.latest.subscribe();
        latest.mark_unchanged();
        self.measure();
        if tokio::time::timeout(patience, latest.changed()).await.is_err() {
            debug!("the disk is still being measured");
        }
    }
}

impl Engine {
    /// The last measurement; one that is not fresh is followed by another one, for which nobody waits.
    pub(crate) fn measured(&self) -> Option<Arc<Measured>> {
        let latest = self.parts.disk.latest();
        if latest.as_ref().is_none_or(|measured| self.now() - measured.at > FRESH) {
            self.parts.disk.measure();
        }
        latest
    }

    /// The bytes of each volume, as far as they are known.
    pub(crate) fn volume_sizes(&self) -> HashMap<String, u64> {
        let measured = self.measured();
        let volumes = measured.iter().flat_map(|measured| &measured.docker.volumes);
        volumes.map(|volume| (volume.name.clone(), volume.size)).collect()
    }
}

/// Measures for ever.
pub(crate) async fn run(engine: Engine) {
    let disk = &engine.parts.disk;
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = disk.wanted.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        disk.measuring.store(true, Ordering::Relaxed);
        let measured = measure(&engine).await;
        // First the flag: who is woken by the measurement finds nothing on its way.
        disk.measuring.store(false, Ordering::Relaxed);
        disk.latest.send_replace(Some(Arc::new(measured)));
        pause = PERIOD;
    }
}

/// What can be measured; a part that cannot is said to be missing and keeps its last value.
async fn measure(engine: &Engine) -> Measured {
    let before = engine.parts.disk.latest();
    let mut measured = Measured { at: engine.now(), ..Measured::default() };
    match docker_usage(engine).await {
        Ok(usage) => measured.docker = usage,
        Err(error) => {
            warn!(%error, "Docker did not say what it takes on disk");
            measured.problem = Some(error.to_string());
            measured.docker = before.map(|before| before.docker.clone()).unwrap_or_default();
        }
    }
    match own_usage(engine).await {
        Ok((logs, database)) => (measured.logs, measured.database) = (logs, database),
        Err(error) => measured.problem = Some(error.problem().message),
    }
    measured.file_systems = file_systems(&engine.config().data, Path::new(&measured.docker.root));
    measured
}

async fn docker_usage(engine: &Engine) -> Result<DiskUsage, DockerError> {
    let naming = &engine.parts.naming;
    engine.docker().await?.disk_usage(&naming.ours(), &orphans::namespace(naming)).await
}

async fn own_usage(engine: &Engine) -> crate::Result<(HashMap<ServiceId, u64>, u64)> {
    let sizes = engine.parts.logs.sizes().await?;
    let deployments: Vec<_> = sizes.keys().filter_map(|stream| stream.deployment()).collect();
    let services = engine.parts.store.services_of(&deployments).await?;
    let mut logs: HashMap<ServiceId, u64> = HashMap::new();
    for (stream, size) in sizes {
        let service = match stream {
            Stream::Service(service) => Some(service),
            Stream::Deployment(deployment) => services.get(&deployment).copied(),
        };
        if let Some(service) = service {
            *logs.entry(service).or_default() += size;
        }
    }
    Ok((logs, engine.parts.store.database_size().await?))
}

/// The file systems that hold Docker's objects and Berth's data; one where they share it. Docker's folder cannot be seen
/// from within a container.
pub(crate) fn file_systems(data: &Path, docker: &Path) -> Vec<FileSystem> {
    let device = |path: &Path| std::fs::metadata(path).ok().map(|found| found.dev());
    let (ours, dockers) = (device(data), device(docker));
    let mut all = Vec::new();
    if ours == dockers || dockers.is_none() {
        all.extend(file_system("Docker and Berth's data".to_owned(), data));
    } else {
        all.extend(file_system("Docker".to_owned(), docker));
        all.extend(file_system("Berth's data".to_owned(), data));
    }
    all
}

fn file_system(holds: String, path: &Path) -> Option<FileSystem> {
    let found = nix::sys::statvfs::statvfs(path).ok()?;
    let unit = found.fragment_size();
    Some(FileSystem {
        holds,
        total: found.blocks().saturating_mul(unit),
        available: found.blocks_available().saturating_mul(unit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_system_is_named_once() {
        let folder = tempfile::tempdir().unwrap();
        let all = file_systems(folder.path(), folder.path());
        assert_eq!(all.len(), 1);
        assert!(all[0].total > 0 && all[0].available <= all[0].total, "{all:?}");
        assert_eq!(file_systems(folder.path(), Path::new("/proc")).len(), 2);
    }
}
