//! Releases: immutable records of what ran, and the difference between two of them.

use crate::{
    deployment::Commit,
    domain_name::{HostName, PathPrefix},
    domain_settings::DomainSettings,
    ids::ReleaseId,
    published_port::PublishedPort,
    service::ServiceSettings,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A route as a release had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseDomain {
    pub host: HostName,
    pub path: PathPrefix,
    pub port: Option<u16>,
    /// What it does with its requests; without passwords.
    #[serde(default)]
    pub settings: DomainSettings,
}

/// Everything that decides how an instance runs, except the values of its variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseSpec {
    /// The image's id, `sha256:...`.
    pub image_id: String,
    /// What the image is called for people.
    pub image_name: String,
    pub commit: Option<Commit>,
    pub settings: ServiceSettings,
    /// The port that gets the traffic; absent when nothing is exposed or set, and found by listening.
    pub port: Option<u16>,
    pub domains: Vec<ReleaseDomain>,
    /// The ports of the machine that led to it.
    #[serde(default)]
    pub published: Vec<PublishedPort>,
    /// Each variable's key with a keyed digest of its value: differences show, values do not.
    pub variables: BTreeMap<String, String>,
    /// The path of each file with a keyed digest of its content.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

impl ReleaseSpec {
    /// Takes the domains and published ports in that another release has: no rollback takes one away that was added since.
    pub fn keep_domains_of(&mut self, other: &ReleaseSpec) {
        let has = |all: &[ReleaseDomain], one: &ReleaseDomain| {
            all.iter().any(|domain| domain.host == one.host && domain.path == one.path)
        };
        let added: Vec<_> = other.domains.iter().filter(|one| !has(&self.domains, one)).cloned().collect();
        self.domains.extend(added);
        let has = |one: &PublishedPort| self.published.iter().any(|own| own.address() == one.address());
        let added: Vec<_> = other.published.iter().filter(|one| !has(one)).copied().collect();
        self.published.extend(added);
    }
}

/// A release as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseView {
    pub id: ReleaseId,
    pub number: u64,
    pub spec: ReleaseSpec,
    pub created_at: DateTime<Utc>,
}

/// One line of what a rollback would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// What changes: `image`, `commit`, `variable DATABASE_URL`, `command`.
    pub what: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// What going from the live release to another one would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackPreview {
    pub to: u64,
    pub changes: Vec<Change>,
    /// Whether the image is still on this machine; when not, the commit must be built again.
    pub image_available: bool,
    /// What is not rolled back, in words.
    pub not_restored: Vec<String>,
}

/// Lists what differs between two releases. Values of variables are never shown, only that they differ.
pub fn difference(from: &ReleaseSpec, to: &ReleaseSpec) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut note = |what: &str, from: Option<String>, to: Option<String>| {
        if from != to {
            changes.push(Change { what: what.to_owned(), from, to });
        }
    };
    let commit = |spec: &ReleaseSpec| spec.commit.as_ref().map(|c| format!("{} {}", c.short(), c.title));
    note("commit", commit(from), commit(to));
    note("image", Some(image_label(from)), Some(image_label(to)));
    note("port", from.port.map(|p| p.to_string()), to.port.map(|p| p.to_string()));
    note("domains", Some(domains_label(from)), Some(domains_label(to)));
    note("published ports", ports_label(from), ports_label(to));
    settings_lines(&from.settings, &to.settings).for_each(|(what, a, b)| note(what, a, b));
    digest_changes("variable", &from.variables, &to.variables, &mut changes);
    digest_changes("file", &from.files, &to.files, &mut changes);
    changes
}

fn image_label(spec: &ReleaseSpec) -> String {
    let id = spec.image_id.trim_start_matches("sha256:");
    format!("{} ({})", spec.image_name, id.get(..12).unwrap_or(id))
}

fn domains_label(spec: &ReleaseSpec) -> String {
    let mut names: Vec<_> = spec.domains.iter().map(|d| format!("{}{}", d.host, d.path)).collect();
    names.sort();
    names.join(", ")
}

fn ports_label(spec: &ReleaseSpec) -> Option<String> {
    let mut all = spec.published.clone();
    all.sort();
    let all: Vec<_> = all.iter().map(|one| format!("{} to {}", one.address(), one.target)).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

type SettingLine = (&'static str, Option<String>, Option<String>);

fn settings_lines(a: &ServiceSettings, b: &ServiceSettings) -> impl Iterator<Item = SettingLine> {
    let line = |what, f: fn(&ServiceSettings) -> Option<String>| (what, f(a), f(b));
    [
        line("command", |s| s.command.as_ref().map(|c| c.join(" "))),
        line("processes", |s| {
            let all: Vec<_> =
                s.processes.iter().map(|p| format!("{}: {}", p.name, p.command.join(" "))).collect();
            (!all.is_empty()).then(|| all.join(", "))
        }),
        line("release command", |s| s.release_command.as_ref().map(|c| c.join(" "))),
        line("command after the switch", |s| s.after_command.as_ref().map(|c| c.join(" "))),
        line("volumes", |s| {
            let all: Vec<_> = s.volumes.iter().map(|v| format!("{} at {}", v.name, v.path)).collect();
            (!all.is_empty()).then(|| all.join(", "))
        }),
        line("CPU limit", |s| s.cpu_millis.map(|c| format!("{c} m"))),
        line("memory limit", |s| s.memory_mib.map(|m| format!("{m} MiB"))),
        line("restart policy", |s| Some(s.restart.to_string())),
        line("isolation", |s| s.isolation.in_words()),
        line("probe", |s| Some(s.probe.kind.to_string())),
    ]
    .into_iter()
}

/// What is known by a digest only: that it differs shows, and what it is does not.
fn digest_changes(
    what: &str,
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
    changes: &mut Vec<Change>,
) {
    let keys: std::collections::BTreeSet<_> = from.keys().chain(to.keys()).collect();
    let other = if what == "file" { "another content" } else { "another value" };
    for key in keys {
        let (a, b) = (from.get(key), to.get(key));
        if a != b {
            let word = |digest: Option<&String>, against: Option<&String>| match (digest, against) {
                (None, _) => None,
                (Some(_), None) => Some("set".to_owned()),
                (Some(_), Some(_)) => Some(other.to_owned()),
            };
            changes.push(Change { what: format!("{what} {key}"), from: word(a, b), to: word(b, a) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(image: &str, variables: &[(&str, &str)]) -> ReleaseSpec {
        ReleaseSpec {
            image_id: format!("sha256:{image}"),
            image_name: "web".into(),
            commit: None,
            settings: ServiceSettings::default(),
            port: Some(80),
            domains: vec![],
            published: Vec::new(),
            variables: variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            files: BTreeMap::new(),
        }
    }

    #[test]
    fn a_difference_names_variables_and_never_shows_values() {
        let changes =
            difference(&spec("a", &[("A", "d1"), ("B", "d1")]), &spec("b", &[("A", "d2"), ("C", "d3")]));
        let what: Vec<_> = changes.iter().map(|c| c.what.as_str()).collect();
        assert_eq!(what, ["image", "variable A", "variable B", "variable C"]);
        assert!(!format!("{changes:?}").contains("d2"));
    }

    #[test]
    fn a_file_that_differs_is_named_and_one_from_before_files_is_read() {
        let mut with = spec("a", &[]);
        with.files.insert("/etc/app".into(), "digest".into());
        let changes = difference(&spec("a", &[]), &with);
        assert_eq!((changes[0].what.as_str(), changes[0].to.as_deref()), ("file /etc/app", Some("set")));
        let mut old = serde_json::to_value(spec("a", &[])).unwrap();
        old.as_object_mut().unwrap().remove("files");
        assert_eq!(serde_json::from_value::<ReleaseSpec>(old).unwrap(), spec("a", &[]));
    }

    #[test]
    fn r_rb_1_domains_of_both_releases_lead_to_it_after_a_rollback() {
        let domain = |host: &str| ReleaseDomain {
            host: host.parse().unwrap(),
            path: PathPrefix::root(),
            port: None,
            settings: Default::default(),
        };
        let (mut live, mut target) = (spec("a", &[]), spec("a", &[]));
        live.domains = vec![domain("new.example.com"), domain("both.example.com")];
        target.domains = vec![domain("both.example.com"), domain("old.example.com")];
        target.keep_domains_of(&live);
        let hosts: Vec<_> = target.domains.iter().map(|d| d.host.to_string()).collect();
        assert_eq!(hosts, ["both.example.com", "old.example.com", "new.example.com"]);
    }

    #[test]
    fn equal_releases_have_no_difference() {
        assert_eq!(difference(&spec("a", &[]), &spec("a", &[])), vec![]);
    }
}
