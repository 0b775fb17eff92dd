//! Pages that live: one stream of events tells which of the loaded things are out of date.

use crate::boot::Boot;
use berth_domain::{Timestamp, event::EventView, service::ServicePath};
use leptos::prelude::*;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

/// Something that pages show and events change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The list of projects.
    Projects,
    /// A project, its environments and services.
    Project(String),
    /// A service: its state, settings, deployments, variables, domains.
    Service(ServicePath),
    /// One deployment.
    Deployment(ServicePath, u64),
    /// The audit trail.
    Events,
    /// What uses the disk, and what nobody wants.
    Disk,
    /// Certificates, and the attempts to get some.
    Certificates,
    /// The account's sessions, tokens and keys.
    Account,
    /// The registries of images.
    Registries,
}

/// How the connection to the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Not yet tried.
    Opening,
    Open,
    Lost,
}

/// The live feed as pages see it.
#[derive(Clone)]
pub struct Live {
    versions: Arc<Mutex<HashMap<Topic, ArcRwSignal<u64>>>>,
    pub connection: RwSignal<Connection>,
    clock: RwSignal<Timestamp>,
}

impl Live {
    /// A feed that nobody has connected yet.
    pub fn new() -> Self {
        Self {
            versions: Arc::default(),
            connection: RwSignal::new(Connection::Opening),
            clock: RwSignal::new(Boot::current().now),
        }
    }

    /// The version of a topic; a resource whose source reads it is loaded anew when it changes.
    pub fn version(&self, topic: Topic) -> u64 {
        let signal = match self.versions.lock() {
            Ok(mut versions) => versions.entry(topic).or_insert_with(|| ArcRwSignal::new(0)).clone(),
            Err(_) => return 0,
        };
        signal.get()
    }

    /// Loads what is shown of these topics anew.
    pub fn touch(&self, topics: &HashSet<Topic>) {
        self.bump(|topic| topics.contains(topic));
    }

    /// Loads everything that is shown anew.
    pub fn touch_all(&self) {
        self.bump(|_| true);
    }

    fn bump(&self, wanted: impl Fn(&Topic) -> bool) {
        let signals: Vec<_> = match self.versions.lock() {
            Ok(versions) => versions.iter().filter(|(t, _)| wanted(t)).map(|(_, s)| s.clone()).collect(),
            Err(_) => return,
        };
        for signal in signals {
            signal.update(|version| *version += 1);
        }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

/// The feed of this page.
pub fn use_live() -> Live {
    use_context::<Live>().unwrap_or_default()
}

/// The present moment: the server's while hydrating, then the browser's, moving on.
pub fn use_clock() -> RwSignal<Timestamp> {
    use_live().clock
}

/// What an event makes out of date.
pub fn topics(event: &EventView) -> HashSet<Topic> {
    let mut topics = HashSet::from([Topic::Events]);
    let kind = event.kind.as_str();
    if ["account.", "token.", "key."].iter().any(|start| kind.starts_with(start)) {
        topics.insert(Topic::Account);
    }
    if kind.starts_with("certificate.") || kind.starts_with("domain.") {
        topics.insert(Topic::Certificates);
    }
    if kind.starts_with("registry.") {
        topics.insert(Topic::Registries);
    }
    let leaves = ["orphan.", "volume."].iter().any(|start| kind.starts_with(start));
    if leaves || matches!(kind, "service.deleted" | "environment.deleted" | "project.deleted") {
        topics.insert(Topic::Disk);
    }
    let quiet =
        kind == "deployment.advanced" || kind.starts_with("variable.") || kind.starts_with("instance.");
    if let Some(project) = &event.project {
        if !quiet {
            topics.insert(Topic::Projects);
        }
        topics.insert(Topic::Project(project.clone()));
    }
    if let Some(path) = &event.service {
        topics.insert(Topic::Service(path.clone()));
        topics.extend(event.deployment.map(|number| Topic::Deployment(path.clone(), number)));
    }
    topics
}

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "hydrate")]
pub use browser::connect;
