//! How a service runs: everything that a person may set, with defaults that fit most programs.

use super::{
    isolation::Isolation,
    probe::ProbeSettings,
    strategy::{Process, Strategy, WEB},
};
use crate::{name::Name, permission::text_enum, preview::PreviewSettings, webhook::WatchPaths};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// What Docker does when an instance's process ends.
    RestartPolicy {
        /// Started again until Berth stops it; the default.
        Always = "always",
        /// Started again after an exit code other than zero.
        OnFailure = "on_failure",
        /// Left as it is.
        Never = "never",
    }
}

/// A named volume inside the instances.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VolumeMount {
    pub name: Name,
    /// The path inside the container; one that does not begin with `/` is below the image's working folder.
    pub path: String,
    #[serde(default)]
    pub read_only: bool,
}

impl VolumeMount {
    /// Where it is inside a container whose image works in this folder.
    pub fn target(&self, working_folder: &str) -> String {
        if self.path.starts_with('/') {
            return self.path.clone();
        }
        let below = self.path.trim_start_matches("./");
        format!("/{}/{below}", working_folder.trim_matches('/')).replacen("//", "/", 1)
    }

    /// Whether the path depends on the image.
    pub fn is_relative(&self) -> bool {
        !self.path.starts_with('/')
    }

    fn is_sound(&self) -> bool {
        let path = self.path.trim_start_matches("./").trim_end_matches('/');
        !path.is_empty()
            && !path.split('/').any(|part| matches!(part, "." | ".."))
            && !path.chars().any(|c| c.is_control() || c == ':' || c == ',')
    }
}

/// How a service runs. Everything has a default that fits most services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ServiceSettings {
    /// The port that the program listens on; detected when absent.
    pub port: Option<u16>,
    /// Whether it answers requests. A service that only works in the background has no port and no route.
    pub routed: bool,
    /// Replaces the image's command, as an argument list.
    pub command: Option<Vec<String>>,
    /// How many instances answer requests.
    pub replicas: u16,
    /// How the traffic moves to a new release.
    pub strategy: Strategy,
    /// Further processes from the same image, switched together with the first one.
    pub processes: Vec<Process>,
    /// Runs in a container of the new image before the traffic moves; its failure fails the deployment.
    pub release_command: Option<Vec<String>>,
    /// Runs in a container of the new image once the traffic has moved; its failure is shown and undoes nothing.
    pub after_command: Option<Vec<String>>,
    /// How long either of these commands may take, in seconds.
    pub command_timeout_s: u32,
    pub volumes: Vec<VolumeMount>,
    /// CPU limit in thousandths of a core; none when absent.
    pub cpu_millis: Option<u32>,
    /// Memory limit in MiB; none when absent.
    pub memory_mib: Option<u32>,
    pub restart: RestartPolicy,
    pub isolation: Isolation,
    pub probe: ProbeSettings,
    /// How long requests on the old release may take to finish, in milliseconds.
    pub drain_ms: u32,
    /// The time between SIGTERM and SIGKILL, in milliseconds.
    pub stop_grace_ms: u32,
    /// A push to the branch deploys by itself.
    pub auto_deploy: bool,
    /// Which files a push has to touch for that.
    pub watch: WatchPaths,
    /// How often Berth asks the repository by itself, in seconds, for hosts without webhooks; never when absent.
    pub poll_s: Option<u32>,
    /// Whether pull requests get environments of their own.
    pub previews: PreviewSettings,
    /// How long a build may take, in seconds.
    pub build_timeout_s: u32,
    /// The keys of the variables that builds get, as BuildKit secrets: `RUN --mount=type=secret,id=KEY`. No other variable
    /// is seen by a build.
    pub build_variables: Vec<String>,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            port: None,
            routed: true,
            command: None,
            replicas: 1,
            strategy: Strategy::default(),
            processes: Vec::new(),
            release_command: None,
            after_command: None,
            command_timeout_s: 600,
            volumes: Vec::new(),
            cpu_millis: None,
            memory_mib: None,
            restart: RestartPolicy::Always,
            isolation: Isolation::default(),
            probe: ProbeSettings::default(),
            drain_ms: 10_000,
            stop_grace_ms: 10_000,
            auto_deploy: true,
            watch: WatchPaths::default(),
            poll_s: None,
            previews: PreviewSettings::default(),
            build_timeout_s: 1_800,
            build_variables: Vec::new(),
        }
    }
}

impl ServiceSettings {
    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.port == Some(0) {
            return Err(("port", "A port is a number from 1 to 65535.".into()));
        }
        self.check_processes()?;
        if self.cpu_millis.is_some_and(|cpu| !(10..=256_000).contains(&cpu)) {
            return Err(("cpu_millis", "The CPU limit is from 10 to 256000 thousandths of a core.".into()));
        }
        if self.memory_mib.is_some_and(|memory| !(6..=4_194_304).contains(&memory)) {
            return Err(("memory_mib", "The memory limit is at least 6 MiB, Docker's least.".into()));
        }
        if !(5..=86_400).contains(&self.build_timeout_s) {
            return Err(("build_timeout_s", "A build may take from 5 seconds to a day.".into()));
        }
        if let Some(key) = self.build_variables.iter().find(|key| !crate::variable::is_key(key)) {
            return Err(("build_variables", format!("{key:?} is not the key of a variable.")));
        }
        if self.poll_s.is_some_and(|every| !(10..=86_400).contains(&every)) {
            return Err((
                "poll_s",
                "The repository is asked every 10 seconds at the most, and once a day at the least.".into(),
            ));
        }
        self.watch.check().map_err(|why| ("watch", why))?;
        self.previews.check()?;
        if self.drain_ms > 3_600_000 || self.stop_grace_ms > 3_600_000 {
            return Err(("drain_ms", "A grace is an hour at the most.".into()));
        }
        self.isolation.check()?;
        self.probe.check()?;
        self.check_volumes()
    }

    fn check_processes(&self) -> Result<(), (&'static str, String)> {
        let commands = [
            ("command", &self.command),
            ("release_command", &self.release_command),
            ("after_command", &self.after_command),
        ];
        for (field, command) in commands {
            if command.as_ref().is_some_and(|words| !is_command(words)) {
                return Err((field, "A command has at least one word and no NUL.".into()));
            }
        }
        if !(5..=86_400).contains(&self.command_timeout_s) {
            return Err(("command_timeout_s", "A command may take from 5 seconds to a day.".into()));
        }
        let replicas = self.processes.iter().map(|process| process.replicas).chain([self.replicas]);
        if replicas.into_iter().any(|count| !(1..=100).contains(&count)) {
            return Err(("replicas", "There are from 1 to 100 instances of a process.".into()));
        }
        for (index, process) in self.processes.iter().enumerate() {
            let name = process.name.as_str();
            if name == WEB || self.processes[..index].iter().any(|other| other.name == process.name) {
                return Err(("processes", format!("A process called {name} is there already.")));
            }
            if !is_command(&process.command) {
                return Err((
                    "processes",
                    format!("The command of {name} has at least one word and no NUL."),
                ));
            }
        }
        self.strategy.check().map_err(|why| ("strategy", why))
    }

    fn check_volumes(&self) -> Result<(), (&'static str, String)> {
        for (index, volume) in self.volumes.iter().enumerate() {
            let path = &volume.path;
            if !volume.is_sound() {
                return Err((
                    "volumes",
                    format!("{path:?} is not the path of a folder inside the container."),
                ));
            }
            if self.volumes[..index].iter().any(|other| other.path == *path || other.name == volume.name) {
                return Err(("volumes", format!("{} at {path} is there twice.", volume.name)));
            }
        }
        Ok(())
    }
}

fn is_command(words: &[String]) -> bool {
    !words.is_empty() && !words.iter().any(|word| word.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> VolumeMount {
        VolumeMount { name: "data".parse().unwrap(), path: path.into(), read_only: false }
    }

    #[test]
    fn r_vol_1_a_relative_folder_is_below_the_images_working_folder() {
        for (path, folder, target) in [
            ("/data", "/app", "/data"),
            ("data", "/app", "/app/data"),
            ("./data/more", "/app/", "/app/data/more"),
            ("data", "", "/data"),
        ] {
            assert_eq!(at(path).target(folder), target, "{path} in {folder:?}");
        }
    }

    #[test]
    fn a_volume_is_mounted_at_a_folder_inside_the_container_only() {
        for path in ["/data", "data", "./data", "/var/lib/app", "a.b/c"] {
            assert!(at(path).is_sound(), "{path}");
        }
        for path in ["", "/", ".", "./", "..", "../data", "/data/../etc", "data/../..", "a:b", "a,b", "a\nb"]
        {
            assert!(!at(path).is_sound(), "{path:?}");
        }
    }
}
