//! The pen: what all builds together may take of the machine, so that a build dies before anything else does.
//!
//! Docker runs every step of a BuildKit build in a control group below one of its own, `docker/buildkit`. Limits on that
//! group hold for all of them, whatever a Dockerfile does. Sources: the kernel's cgroup-v1 and cgroup-v2 documents.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use berth_domain::disk::size_text;
use tokio::fs;

/// Where the kernel shows control groups.
const ROOT: &str = "/sys/fs/cgroup";

/// The group of all builds, below a controller's folder.
const GROUP: &str = "docker/buildkit";

/// How often a build's processes are counted.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A build that has been at the limit of processes for so many looks does not get any further.
const LOOKS_AT_LIMIT: u32 = 20;

/// The least memory that builds get, in bytes.
const LEAST_MEMORY: u64 = 256 << 20;

/// A build's weight against what serves; an ordinary container has 1024 in version 1, and 100 in version 2.
const WEIGHT: [&str; 2] = ["128", "12"];

/// What all builds together may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes.
    pub memory: u64,
    pub processes: u64,
}

impl Limits {
    /// What is set, or else what the machine has to spare now: nine tenths of the memory that is available.
    pub async fn of(memory: Option<u64>, processes: u64) -> Self {
        let spare = match memory {
            Some(memory) => memory,
            None => available().await.unwrap_or(u64::MAX >> 1) / 10 * 9,
        };
        Self { memory: spare.max(LEAST_MEMORY), processes }
    }
}

impl std::fmt::Display for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of memory and {} processes", size_text(self.memory), self.processes)
    }
}

/// Which of the kernel's two interfaces there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The control groups of all builds.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    root: PathBuf,
    version: Version,
}

/// What a build met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Met {
    memory: u64,
    processes: u64,
}

impl Pen {
    /// The machine's.
    pub fn new() -> Self {
        Self::at(Path::new(ROOT))
    }

    fn at(root: &Path) -> Self {
        let version = match root.join("cgroup.controllers").exists() {
            true => Version::Two,
            false => Version::One,
        };
        Self { root: root.to_owned(), version }
    }

    /// Sets the limits. An error means that builds run without: Berth may not write there, or Docker keeps them elsewhere.
    pub async fn close(&self, limits: &Limits) -> io::Result<()> {
        let (memory, processes) = (limits.memory.to_string(), limits.processes.to_string());
        match self.version {
            Version::One => {
                for controller in ["memory", "pids", "cpu"] {
                    fs::create_dir_all(self.group(controller)).await?;
                }
                self.set("memory", "memory.limit_in_bytes", &memory).await?;
                self.set("cpu", "cpu.shares", WEIGHT[0]).await?;
            }
            Version::Two => {
                fs::create_dir_all(self.group("memory")).await?;
                self.set("memory", "memory.max", &memory).await?;
                // What a build swaps out slows down what serves.
                self.set("memory", "memory.swap.max", "0").await?;
                self.set("cpu", "cpu.weight", WEIGHT[1]).await?;
            }
        }
        self.set("pids", "pids.max", &processes).await
    }

    /// How often the limits were met so far; zeros where that cannot be read.
    pub async fn met(&self) -> Met {
        let memory = match self.version {
            Version::One => self.number("memory", "memory.failcnt").await,
            Version::Two => self.field("memory", "memory.events", "oom_kill").await,
        };
        let processes = self.field("pids", "pids.events", "max").await;
        Met { memory: memory.unwrap_or_default(), processes: processes.unwrap_or_default() }
    }

    /// Ends once builds have held every process that they may have for so long that nothing will become of it.
    pub async fn overrun(&self, limits: &Limits) {
        let mut looks = 0;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let held = self.number("pids", "pids.current").await.unwrap_or_default();
            // A bomb forks as fast as its children end.
            looks = if held * 10 >= limits.processes * 9 { looks + 1 } else { 0 };
            if looks >= LOOKS_AT_LIMIT {
                return;
            }
        }
    }

    fn group(&self, controller: &str) -> PathBuf {
        match self.version {
            Version::One => self.root.join(controller).join(GROUP),
            Version::Two => self.root.join(GROUP),
        }
    }

    async fn set(&self, controller: &str, file: &str, value: &str) -> io::Result<()> {
        let path = self.group(controller).join(file);
        fs::write(&path, value).await.map_err(|error| {
            io::Error::new(error.kind(), format!("{value} cannot be written to {}: {error}", path.display()))
        })
    }

    async fn number(&self, controller: &str, file: &str) -> Option<u64> {
        fs::read_to_string(self.group(controller).join(file)).await.ok()?.trim().parse().ok()
    }

    async fn field(&self, controller: &str, file: &str, name: &str) -> Option<u64> {
        let text = fs::read_to_string(self.group(controller).join(file)).await.ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        value.trim().parse().ok()
    }
}

impl Met {
    /// Which limit explains that a build failed since then, in words; `killed` when a step was ended by a signal.
    pub fn since(self, before: Self, limits: &Limits, killed: bool) -> Option<String> {
        if killed && self.memory > before.memory {
            let limit = size_text(limits.memory);
            return Some(format!(
                "The build ran out of memory: builds may take {limit} (BERTH_BUILD_MEMORY_MIB)"
            ));
        }
        (self.processes > before.processes).then(|| too_many(limits))
    }
}

/// What is said of a build that has every process that it may have.
pub(crate) fn too_many(limits: &Limits) -> String {
    format!(
        "The build started too many processes: builds may have {} (BERTH_BUILD_PROCESSES)",
        limits.processes
    )
}

/// The memory that could be used without swapping, in bytes.
async fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").await.ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { memory: 512 << 20, processes: 100 };

    fn read(root: &Path, file: &str) -> String {
        std::fs::read_to_string(root.join(file)).unwrap()
    }

    #[tokio::test]
    async fn r_bld_1_limits_are_written_where_either_version_of_the_kernel_reads_them() {
        let one = tempfile::tempdir().unwrap();
        Pen::at(one.path()).close(&LIMITS).await.unwrap();
        assert_eq!(read(one.path(), "memory/docker/buildkit/memory.limit_in_bytes"), "536870912");
        assert_eq!(read(one.path(), "pids/docker/buildkit/pids.max"), "100");
        assert_eq!(read(one.path(), "cpu/docker/buildkit/cpu.shares"), "128");

        let two = tempfile::tempdir().unwrap();
        std::fs::write(two.path().join("cgroup.controllers"), "memory pids cpu").unwrap();
        Pen::at(two.path()).close(&LIMITS).await.unwrap();
        assert_eq!(read(two.path(), "docker/buildkit/memory.max"), "536870912");
        assert_eq!(read(two.path(), "docker/buildkit/pids.max"), "100");
    }

    #[tokio::test]
    async fn what_a_build_met_is_read_and_told_with_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let pen = Pen::at(folder.path());
        pen.close(&LIMITS).await.unwrap();
        let before = pen.met().await;
        let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        file("memory/docker/buildkit/memory.failcnt", "7\n");
        let met = pen.met().await;
        assert!(met.since(before, &LIMITS, true).unwrap().contains("512.0 MiB"));
        assert_eq!(met.since(before, &LIMITS, false), None, "reclaimed cache is no reason");
        file("pids/docker/buildkit/pids.events", "max 3\n");
        assert!(pen.met().await.since(met, &LIMITS, false).unwrap().contains("may have 100"));
    }

    #[tokio::test]
    async fn a_machine_always_spares_something() {
        assert_eq!(Limits::of(Some(1), 10).await.memory, LEAST_MEMORY);
        assert!(Limits::of(None, 10).await.memory >= LEAST_MEMORY);
    }
}
