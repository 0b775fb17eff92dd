//! What must be found nowhere, in every shape that it is likely to have, and the places that are looked through.

use base64::Engine as _;
use berth_tests::prelude::*;
use bollard::query_parameters::LogsOptionsBuilder;
use futures::TryStreamExt as _;
use memchr::memmem::Finder;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// How a private key in OpenSSH's form begins, whoever made it.
const OPENSSH_KEY: &str = "b3BlbnNzaC1rZXktdjEA";

/// Secrets, each by the name of its kind.
pub struct Canaries(Vec<(&'static str, Finder<'static>)>);

impl Canaries {
    /// Nothing but private keys yet.
    pub fn new() -> Self {
        let mut canaries = Self(Vec::new());
        canaries.shape("private key", OPENSSH_KEY);
        canaries
    }

    /// A secret: as it is, as base64, and as a part of a URL.
    pub fn add(&mut self, kind: &'static str, value: &str) {
        let base64 = base64::prelude::BASE64_STANDARD.encode(value);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        let in_url: String = value
            .bytes()
            .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        for shape in [value, &base64, &in_url] {
            self.shape(kind, shape);
        }
    }

    /// A password, also with its user as HTTP's basic authentication has them.
    pub fn add_with_user(&mut self, kind: &'static str, user: &str, password: &str) {
        self.add(kind, password);
        let both = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.shape(kind, &both);
    }

    fn shape(&mut self, kind: &'static str, shape: &str) {
        self.0.push((kind, Finder::new(shape).into_owned()));
    }

    /// Fails when one of them is in these bytes.
    pub fn not_in(&self, place: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.not_in_but(place, bytes, &[])
    }

    /// The same for a place where secrets of some kinds belong.
    pub fn not_in_but(&self, place: &str, bytes: impl AsRef<[u8]>, belong: &[&str]) -> Result<()> {
        let bytes = bytes.as_ref();
        for (kind, shape) in self.0.iter().filter(|(kind, _)| !belong.contains(kind)) {
            if let Some(at) = shape.find(bytes) {
                let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 200)];
                bail!("{place} holds the {kind}, in {:?}", String::from_utf8_lossy(around));
            }
        }
        Ok(())
    }

    /// Looks at the arguments of every process of the machine, and at the environment of a program and of what it starts,
    /// for ever. Git's own is the one place for a credential of git: only its user and root can read it.
    pub async fn watch_processes(&self, program: u32) -> Result<()> {
        let mut often = tokio::time::interval(Duration::from_millis(20));
        loop {
            often.tick().await;
            let parents = parents()?;
            for process in parents.keys() {
                let folder = PathBuf::from(format!("/proc/{process}"));
                // One that has just ended has neither any more.
                let arguments = std::fs::read(folder.join("cmdline")).unwrap_or_default();
                self.not_in(&format!("the command line of {}", folder.display()), &arguments)?;
                if descends(&parents, *process, program) {
                    let environment = std::fs::read(folder.join("environ")).unwrap_or_default();
                    let belong: &[&str] = if *process == program { &[] } else { &["credential"] };
                    let place = format!("the environment of {}", String::from_utf8_lossy(&arguments));
                    self.not_in_but(&place, &environment, belong)?;
                }
            }
        }
    }

    /// Every file of the data folder and Berth's own log, each read once. The contents of mounted files are where instances
    /// find them, in a folder that only Berth's user opens.
    pub fn not_on_disk(&self, berth: &Berth) -> Result<()> {
        let mounted = berth.data().join("files");
        let files = files_below(&berth.data())?;
        ensure!(files.len() > 5, "only {files:?}");
        for file in files.into_iter().chain([berth.log_file()]) {
            let belong: &[&str] = if file.starts_with(&mounted) { &["file's content"] } else { &[] };
            // One that went meanwhile holds nothing.
            let bytes = std::fs::read(&file).unwrap_or_default();
            self.not_in_but(&file.display().to_string(), bytes, belong)?;
        }
        Ok(())
    }

    /// Every row of a PostgreSQL; an SQLite is a file among the others.
    pub fn not_in_database(&self, berth: &Berth) -> Result<()> {
        let Some(rows) = berth.rows()? else { return Ok(()) };
        ensure!(rows.contains(berth_tests::berth::OWNER), "these are not all rows:\n{rows}");
        self.not_in("the database", rows)
    }

    /// What Traefik wrote, and whatever else of Berth's is not the program of a service.
    pub async fn not_in_the_proxys_log(&self, docker: &Docker, berth: &Berth) -> Result<()> {
        let label = format!("{}={}", berth_tests::docker::INSTANCE, berth.instance);
        let mut looked = 0;
        for container in docker.containers(&label).await? {
            if container.labels.is_some_and(|labels| labels.contains_key("berth.service")) {
                continue;
            }
            let id = container.id.context("a container has an id")?;
            let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
            let pieces: Vec<_> = docker.api.logs(&id, Some(options)).try_collect().await?;
            let text: String = pieces.iter().map(ToString::to_string).collect();
            self.not_in("the log of the proxy", &text)?;
            looked += 1;
        }
        ensure!(looked > 0, "there is no proxy");
        Ok(())
    }

    /// History and configuration of every image of Berth's.
    pub async fn not_in_images(&self, docker: &Docker, berth: &Berth) -> Result<()> {
        let tags = docker.tags(&format!("berth-{}/*", berth.instance)).await?;
        ensure!(tags.len() > 1, "only {tags:?}");
        for tag in tags {
            let history = serde_json::to_string(&docker.api.image_history(&tag).await?)?;
            self.not_in(&format!("the history of {tag}"), history)?;
            let image = serde_json::to_string(&docker.api.inspect_image(&tag).await?)?;
            self.not_in(&format!("the configuration of {tag}"), image)?;
        }
        Ok(())
    }
}

/// The parent of each process.
fn parents() -> Result<HashMap<u32, u32>> {
    let mut parents = HashMap::new();
    for process in std::fs::read_dir("/proc")?.flatten() {
        let Ok(id) = process.file_name().to_string_lossy().parse() else { continue };
        let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // Behind the name, which may have anything in it, come the state and the parent.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        parents.insert(id, parent.unwrap_or_default());
    }
    Ok(parents)
}

fn descends(parents: &HashMap<u32, u32>, process: u32, from: u32) -> bool {
    let line = std::iter::successors(Some(process), |process| parents.get(process).copied());
    line.take(16).any(|ancestor| ancestor == from)
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry?.path();
            let there = path.symlink_metadata();
            if there.is_ok_and(|there| there.is_dir()) { folders.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

/// A search that finds nothing has to be one that would find something.
#[test]
fn a_canary_is_found_in_each_of_its_shapes() -> Result<()> {
    let mut canaries = Canaries::new();
    canaries.add_with_user("password", "me", "a secret/word");
    for holds in
        ["x a secret/word y", "YSBzZWNyZXQvd29yZA==", "?a=a%20secret%2Fword&b", "bWU6YSBzZWNyZXQvd29yZA=="]
    {
        ensure!(canaries.not_in("here", holds).is_err(), "{holds}");
        canaries.not_in_but("here", holds, &["password"])?;
    }
    ensure!(canaries.not_in("here", format!("-----\n{OPENSSH_KEY}AAAA")).is_err());
    canaries.not_in("here", "a secret")?;
    let (parents, me) = (parents()?, std::process::id());
    ensure!(descends(&parents, me, me) && descends(&parents, me, parents[&me]), "{parents:?}");
    ensure!(!descends(&parents, parents[&me], me));
    Ok(())
}
