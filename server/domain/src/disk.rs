//! What Berth has on the machine's disk, and what of it nobody wants any more.

use crate::{permission::text_enum, service::ServicePath};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// A kind of thing in Docker.
    OrphanKind {
        Container = "container",
        Network = "network",
        Image = "image",
        Volume = "volume",
    }
}

/// Something in Docker that carries this Berth's label and that nothing in Berth refers to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrphanView {
    pub kind: OrphanKind,
    /// Its name in Docker.
    pub name: String,
    /// The service or environment that it belonged to, as far as that is known.
    pub belonged_to: Option<String>,
    /// Why nobody wants it, as a sentence.
    pub why: String,
    /// Its bytes on disk, when Docker has counted them.
    pub size: Option<u64>,
    /// When Berth first saw it so.
    pub since: DateTime<Utc>,
    /// When Berth removes it by itself; absent when it waits for somebody to say so.
    pub removed_at: Option<DateTime<Utc>>,
    /// Who asked for its deletion, when somebody did.
    pub asked_by: Option<String>,
    /// What kept Berth from removing it the last time.
    pub problem: Option<String>,
}

/// Everything that nobody wants, as it was last seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrphanReport {
    /// When Docker was last asked; absent until the first look.
    pub looked_at: Option<DateTime<Utc>>,
    /// Why the last look did not succeed.
    pub problem: Option<String>,
    pub items: Vec<OrphanView>,
}

/// Names one thing of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrphanName {
    pub kind: OrphanKind,
    /// Its name in Docker.
    pub name: String,
}

/// Removes one thing of the report at once; a volume after its time to reconsider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemoveOrphan {
    pub kind: OrphanKind,
    /// Its name in Docker.
    pub name: String,
    /// For a volume: its name once more.
    #[serde(default)]
    pub confirm: String,
}

/// A volume that is to be deleted, and can be taken back until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VolumeDeletion {
    /// Who asked for it.
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    /// When the data goes.
    pub due_at: DateTime<Utc>,
}

/// What a service takes on disk, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceDisk {
    pub path: ServicePath,
    /// How many releases keep their image.
    pub releases: u64,
    /// Images; layers that several of them share are counted once.
    pub images: u64,
    pub volumes: u64,
    /// Berth's own store of its output and of its deployments' logs.
    pub logs: u64,
    /// What its instances wrote outside of volumes.
    pub instances: u64,
}

impl ServiceDisk {
    /// All of it together.
    pub fn total(&self) -> u64 {
        self.images + self.volumes + self.logs + self.instances
    }
}

/// A file system that Berth writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileSystem {
    /// What lies on it: Docker, Berth's data, or both.
    pub holds: String,
    pub total: u64,
    /// What can still be written.
    pub available: u64,
}

/// What uses the disk, as it was last measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiskView {
    /// When it was measured; absent until the first time.
    pub measured_at: Option<DateTime<Utc>>,
    /// A measurement is on its way.
    pub measuring: bool,
    /// Why a part could not be measured.
    pub problem: Option<String>,
    /// The largest first.
    pub services: Vec<ServiceDisk>,
    /// What nobody wants any more.
    pub orphans: u64,
    /// BuildKit's cache, of everybody who builds with this Docker.
    pub build_cache: u64,
    /// Berth's own database.
    pub database: u64,
    pub file_systems: Vec<FileSystem>,
    /// One of them has less left than has to stay free: no build begins.
    #[serde(default)]
    pub short: bool,
}

/// Bytes as people say them.
pub fn size_text(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1_024.0 && unit + 1 < units.len() {
        size /= 1_024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_read_as_people_say_them() {
        let got = [0, 1_023, 1_536, 5 << 30].map(super::size_text);
        assert_eq!(got, ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    }
}
