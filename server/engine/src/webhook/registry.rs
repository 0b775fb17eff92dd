//! What registries tell: Docker Hub's payload, the notifications of CNCF Distribution (with which most registries of one's
//! own are made), and an image by its name in Berth's own form.

use super::{
    call::Call,
    delivery::{CHANGES, Delivery, PushedImage, Unreadable, json},
};
use serde::Deserialize;

/// Reads a call of a registry, with the id that its body gives it.
pub(super) fn parse(call: &Call, body: &[u8]) -> Result<(Delivery, Option<String>), Unreadable> {
    match json(call, body, "a registry's call")? {
        Told::Events { events } => Ok(distribution(events)),
        Told::Hub { push_data, repository } => {
            let id = push_data.pushed_at.map(|at| format!("{}:{}:{at}", repository.repo_name, push_data.tag));
            let image = PushedImage { repository: repository.repo_name, tag: push_data.tag };
            Ok((Delivery::Images { pushed: vec![image] }, id))
        }
        Told::Image { image } => {
            let image = Reference::read(&image);
            let tag = image.tag.ok_or_else(|| Unreadable::because("The image is named without a tag."))?;
            let pushed = vec![PushedImage { repository: image.repository, tag }];
            Ok((Delivery::Images { pushed }, None))
        }
    }
}

/// Reads an image by its name in Berth's own form, `{"image": "team/app:1"}`; none when the body is something else.
pub(super) fn image(call: &Call, body: &[u8]) -> Option<Delivery> {
    match json(call, body, "an image").ok()? {
        Told::Image { .. } => parse(call, body).ok().map(|(delivery, _)| delivery),
        _ => None,
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    Events { events: Vec<Event> },
    Hub { push_data: PushData, repository: HubRepository },
    Image { image: String },
}

#[derive(Debug, Deserialize)]
struct PushData {
    tag: String,
    /// A number, whole or not.
    pushed_at: Option<serde_json::Number>,
}

#[derive(Debug, Deserialize)]
struct HubRepository {
    repo_name: String,
}

#[derive(Debug, Deserialize)]
struct Event {
    id: Option<String>,
    action: String,
    target: Option<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    repository: Option<String>,
    /// Only a manifest that was pushed under a name has one.
    tag: Option<String>,
}

fn distribution(events: Vec<Event>) -> (Delivery, Option<String>) {
    let id = events.first().and_then(|event| event.id.clone());
    let pushed = |event: Event| {
        let target = event.target.filter(|_| event.action == "push")?;
        let tag = target.tag.filter(|tag| !tag.is_empty())?;
        Some(PushedImage { repository: target.repository?, tag })
    };
    // Pulls, layers and deletions are told too.
    let pushed = events.into_iter().take(CHANGES).filter_map(pushed).collect();
    (Delivery::Images { pushed }, id.map(|id| id.chars().take(100).collect()))
}

/// An image's reference in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Without the registry; Docker Hub's own images are below `library`.
    pub repository: String,
    pub tag: Option<String>,
    pub pinned: bool,
}

impl Reference {
    /// Reads `registry.example:5000/team/app:1@sha256:...`.
    pub fn read(text: &str) -> Self {
        let (name, pinned) = match text.split_once('@') {
            Some((name, _)) => (name, true),
            None => (text, false),
        };
        let (name, tag) = match name.rsplit_once(':') {
            Some((before, tag)) if !tag.contains('/') => (before, Some(tag.to_owned())),
            _ => (name, None),
        };
        let is_registry = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if is_registry(first) => (Some(first), rest),
            _ => (None, name),
        };
        let hub = registry.is_none_or(|registry| registry == "docker.io" || registry == "index.docker.io");
        let repository = if hub && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        Self { repository, tag, pinned }
    }

    /// Whether that push changes what this names. Whoever calls knows the service's secret, so the registry's own name,
    /// which it may not know itself, is not compared.
    pub fn is_renewed_by(&self, pushed: &PushedImage) -> bool {
        let name = pushed.repository.strip_prefix("library/").unwrap_or(&pushed.repository);
        self.tag.as_deref().unwrap_or("latest") == pushed.tag
            && self.repository.strip_prefix("library/").unwrap_or(&self.repository) == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_docker_reads_them() {
        let read = |text| {
            let Reference { repository, tag, pinned } = Reference::read(text);
            (repository, tag, pinned)
        };
        let tag = |tag: &str| Some(tag.to_owned());
        assert_eq!(read("nginx"), ("library/nginx".into(), None, false));
        assert_eq!(read("docker.io/nginx:1.27"), ("library/nginx".into(), tag("1.27"), false));
        assert_eq!(read("team/app:x"), ("team/app".into(), tag("x"), false));
        assert_eq!(read("registry.example:5000/team/app"), ("team/app".into(), None, false));
        assert_eq!(read("localhost:5000/app:1@sha256:00"), ("app".into(), tag("1"), true));
    }
}
