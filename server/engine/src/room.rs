//! Room on the disk (R-DISK-2): a build, a pull or a tarball is refused before the disk is full, and who is refused is told
//! what uses it. What runs goes on.

use crate::{
    Engine,
    disk::{self, Measured},
    docker::Runtime,
    retention,
};
use berth_domain::disk::{FileSystem, size_text};
use std::{path::Path, time::Duration};

/// What stays free unless the operator decides it: this share of a file system, and no more than so many bytes.
const SHARE: u64 = 10;
const MOST: u64 = 5 << 30;

/// How long somebody who is refused waits to be told what uses the disk.
const PATIENCE: Duration = Duration::from_secs(20);

/// There is less room than has to stay free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shortage {
    pub file_system: FileSystem,
    /// Bytes that have to stay free.
    pub reserve: u64,
    /// What Berth's own things take, in words.
    pub used_by: String,
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file_system, reserve, used_by } = self;
        write!(
            f,
            "The disk is nearly full: {} has {} left of {}, and {} stay free for what runs (BERTH_DISK_RESERVE_MIB). {used_by}",
            file_system.holds,
            size_text(file_system.available),
            size_text(file_system.total),
            size_text(*reserve),
        )
    }
}

/// What has to stay free of a file system.
pub(crate) fn reserve_of(total: u64, set: Option<u64>) -> u64 {
    set.unwrap_or_else(|| (total / SHARE).min(MOST))
}

impl Engine {
    /// Sees that there is room for more; removes first what Berth itself no longer needs.
    pub(crate) async fn find_room(&self) -> Result<(), Shortage> {
        let docker = self.docker().await.ok();
        let root = match &docker {
            Some(docker) => docker.root_folder().await.unwrap_or_default(),
            None => String::new(),
        };
        if self.short_of(&root).is_none() {
            return Ok(());
        }
        if let Some(docker) = &docker {
            retention::make_room(self, &**docker).await;
        }
        let Some((file_system, reserve)) = self.short_of(&root) else { return Ok(()) };
        self.parts.disk.measured_within(PATIENCE).await;
        let used_by = self.parts.disk.latest().map_or_else(String::new, |measured| used_by(&measured));
        Err(Shortage { file_system, reserve, used_by })
    }

    fn short_of(&self, root: &str) -> Option<(FileSystem, u64)> {
        let all = disk::file_systems(&self.config().data, Path::new(root));
        let found = all.into_iter().find(|found| self.is_short(found))?;
        let reserve = reserve_of(found.total, self.config().disk_reserve);
        Some((found, reserve))
    }

    /// Whether a file system has less left than has to stay free.
    pub(crate) fn is_short(&self, found: &FileSystem) -> bool {
        found.available < reserve_of(found.total, self.config().disk_reserve)
    }

    /// Keeps BuildKit's cache below its budget, when the operator set one: the cache does not say who built what, so that
    /// nothing of it is touched otherwise.
    pub(crate) async fn keep_cache_in_budget(&self, docker: &dyn Runtime) {
        let Some(budget) = self.config().build_cache else { return };
        match docker.trim_build_cache(budget).await {
            Ok(0) => {}
            Ok(freed) => tracing::info!(freed, budget, "trimmed the cache of builds"),
            Err(error) => tracing::warn!(%error, "could not trim the cache of builds"),
        }
    }
}

/// What Berth's things take, the largest first.
fn used_by(measured: &Measured) -> String {
    let docker = &measured.docker;
    let sum = |all: &[crate::docker::Usage]| all.iter().map(|one| one.size).sum::<u64>();
    let own = docker.images.iter().map(|image| image.size.saturating_sub(image.shared)).sum::<u64>();
    let shared = docker.images.iter().map(|image| image.shared).max().unwrap_or_default();
    let mut parts = [
        ("images of releases", own + shared),
        ("volumes", sum(&docker.volumes)),
        ("what instances wrote", sum(&docker.instances)),
        ("the cache of builds", docker.build_cache),
        ("logs", measured.logs.values().sum()),
        ("the database", measured.database),
    ];
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let told: Vec<_> = parts.iter().map(|(what, size)| format!("{what} {}", size_text(*size))).collect();
    format!(
        "Of it take: {}. The page \u{201c}Disk\u{201d} shows it by service; the rest is not Berth's.",
        told.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_disk_2_a_tenth_stays_free_and_never_more_than_five_gibibytes() {
        assert_eq!(reserve_of(20 << 30, None), 2 << 30);
        assert_eq!(reserve_of(2 << 40, None), 5 << 30);
        assert_eq!(reserve_of(2 << 40, Some(0)), 0);
    }

    #[test]
    fn r_disk_2_who_is_refused_is_told_what_uses_the_disk() {
        let file_system = FileSystem { holds: "Docker".into(), total: 20 << 30, available: 1 << 30 };
        let measured = Measured { database: 3 << 30, ..Measured::default() };
        let shortage = Shortage { file_system, reserve: 2 << 30, used_by: used_by(&measured) };
        let text = shortage.to_string();
        assert!(text.contains("Docker has 1.0 GiB left of 20.0 GiB, and 2.0 GiB stay free"), "{text}");
        assert!(text.contains("Of it take: the database 3.0 GiB, "), "{text}");
    }
}
