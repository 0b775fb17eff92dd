//! The pen: what all builds together may take of the machine, so that a build dies before anything else does.
//!
//! Docker runs every step of a BuildKit build in a control group below one of its own, `docker/buildkit`. Limits on that
//! group hold for all of them, whatever a Dockerfile does. Sources: the kernel's cgroup-v1 and cgroup-v2 documents.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::docker::{BuildFailure, BuildLine, BuildLineKind};
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

/// When it cannot be told which build it is.
const LOOKS_WHEN_UNKNOWN: u32 = 60;

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

/// The steps of one build that run now: what tells it from its neighbours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<u32, String>>>);

impl Running {
    /// Hears what the build says.
    pub fn hear(&self, line: &BuildLine) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match line.kind {
            BuildLineKind::Started => drop(steps.insert(line.step, line.name.clone())),
            BuildLineKind::Done { .. } | BuildLineKind::Failed { .. } | BuildLineKind::Cached => {
                steps.remove(&line.step);
            }
            BuildLineKind::Output { .. } | BuildLineKind::Note(_) => {}
        }
    }

    fn has(&self, command: &str) -> bool {
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        steps.values().any(|name| name.contains(command))
    }
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

    /// Ends once builds have held every process that they may have for so long that nothing will become of it, and it is a
    /// step of this build that has the most of them. When nobody can tell whose it is, it ends somewhat later.
    pub async fn overrun(&self, limits: &Limits, running: &Running) {
        let mut looks = 0;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let held = self.number("pids", "pids.current").await.unwrap_or_default();
            // A bomb forks as fast as its children end.
            looks = if held * 10 >= limits.processes * 9 { looks + 1 } else { 0 };
            if looks < LOOKS_AT_LIMIT {
                continue;
            }
            let greediest = self.greediest().await;
            if looks >= LOOKS_WHEN_UNKNOWN || greediest.is_some_and(|command| running.has(&command)) {
                return;
            }
        }
    }

    /// The command of the step that has the most processes now, as its first process shows it.
    async fn greediest(&self) -> Option<String> {
        let mut steps = fs::read_dir(self.group("pids")).await.ok()?;
        let mut most: Option<(u64, PathBuf)> = None;
        while let Ok(Some(step)) = steps.next_entry().await {
            let count = fs::read_to_string(step.path().join("pids.current")).await.ok();
            let Some(count) = count.and_then(|text| text.trim().parse().ok()) else { continue };
            if most.as_ref().is_none_or(|(known, _)| count > *known) {
                most = Some((count, step.path()));
            }
        }
        let processes = fs::read_to_string(most?.1.join("cgroup.procs")).await.ok()?;
        let first = processes.lines().filter_map(|line| line.parse::<u32>().ok()).min()?;
        let command = fs::read(format!("/proc/{first}/cmdline")).await.ok()?;
        // The shell's own words do not say which step it is: what they are followed by does.
        let mut words = command.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        words.next_back().map(|word| String::from_utf8_lossy(word).into_owned())
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
    /// Which limit explains that a build failed since then, in words. The limits are those of all builds: only one whose own
    /// step was ended, or could start nothing more, is told of them, and not its neighbour that failed for another reason.
    pub fn since(self, before: Self, limits: &Limits, failure: &BuildFailure) -> Option<String> {
        if failure.was_killed() && self.memory > before.memory {
            let limit = size_text(limits.memory);
            return Some(format!(
                "The build ran out of memory: builds may take {limit} (BERTH_BUILD_MEMORY_MIB)"
            ));
        }
        (failure.was_starved() && self.processes > before.processes).then(|| too_many(limits))
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
        let ended = |line: &str| BuildFailure {
            step: None,
            reason: "exit code: 1".into(),
            last_lines: vec![line.into()],
        };
        assert!(met.since(before, &LIMITS, &ended("Killed")).unwrap().contains("512.0 MiB"));
        assert_eq!(met.since(before, &LIMITS, &ended("no")), None, "reclaimed cache is no reason");
        file("pids/docker/buildkit/pids.events", "max 3\n");
        let starved = ended("bash: fork: retry: Resource temporarily unavailable");
        assert!(pen.met().await.since(met, &LIMITS, &starved).unwrap().contains("may have 100"));
        let neighbour = ended("no such file");
        assert_eq!(pen.met().await.since(met, &LIMITS, &neighbour), None, "it failed for another reason");
    }

    #[tokio::test]
    async fn the_greediest_step_is_told_from_its_neighbours() {
        let folder = tempfile::tempdir().unwrap();
        let pen = Pen::at(folder.path());
        pen.close(&LIMITS).await.unwrap();
        for (step, count) in [("one", 3), ("two", 90)] {
            let at = folder.path().join("pids/docker/buildkit").join(step);
            std::fs::create_dir(&at).unwrap();
            std::fs::write(at.join("pids.current"), format!("{count}\n")).unwrap();
            // Of the greediest one, this very test stands for the first process.
            let first = if step == "two" { std::process::id() } else { 1 };
            std::fs::write(at.join("cgroup.procs"), format!("{first}\n")).unwrap();
        }
        let command = pen.greediest().await.unwrap();
        let step = |name: &str, kind| BuildLine { step: 1, name: name.into(), kind };
        let running = Running::default();
        assert!(!running.has(&command));
        running.hear(&step(&format!("[1/1] RUN {command}"), BuildLineKind::Started));
        assert!(running.has(&command));
        running.hear(&step("", BuildLineKind::Cached));
        assert!(!running.has(&command));
    }

    #[tokio::test]
    async fn a_machine_always_spares_something() {
        assert_eq!(Limits::of(Some(1), 10).await.memory, LEAST_MEMORY);
        assert!(Limits::of(None, 10).await.memory >= LEAST_MEMORY);
    }
}
