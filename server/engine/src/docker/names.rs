//! Names that become part of a URL of Docker's API: an allow-list, so that none can reach another path.

use super::error::DockerError;

/// Whether `name` is one that Docker gives to containers, networks and volumes (and ids are such names).
pub fn is_object_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 200
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

pub(super) fn checked_name(what: &'static str, name: &str) -> Result<(), DockerError> {
    if is_object_name(name) {
        return Ok(());
    }
    Err(DockerError::Invalid {
        what,
        value: shown(name),
        reason: "use letters, digits, `_`, `.` and `-`, beginning with a letter or digit".into(),
    })
}

/// Checks an image reference (`[host[:port]/]path[:tag][@sha256:...]`, or an id) and gives it back with `:latest`
/// where it names neither tag nor digest: without one Docker would pull every tag.
pub fn image_reference(reference: &str) -> Result<String, DockerError> {
    let invalid = |reason: &str| DockerError::Invalid {
        what: "image reference",
        value: shown(reference),
        reason: reason.to_owned(),
    };
    if reference.is_empty() || reference.len() > 512 {
        return Err(invalid("give an image such as `ghcr.io/owner/app:1.2`"));
    }
    if is_image_id(reference) {
        return Ok(reference.to_owned());
    }
    let (named, digest) = match reference.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (reference, None),
    };
    if digest.is_some_and(|d| !d.strip_prefix("sha256:").is_some_and(is_sha256)) {
        return Err(invalid("a digest is `@sha256:` and 64 hexadecimal digits"));
    }
    let (repository, tag) = split_tag(named);
    if tag.is_some_and(|t| !is_tag(t)) {
        return Err(invalid("a tag has letters, digits, `_`, `.` and `-`, at most 128"));
    }
    let (host, path) = split_host(repository);
    if host.is_some_and(|h| !is_host(h)) {
        return Err(invalid("the registry is a host name with an optional port"));
    }
    if path.is_empty() || !path.split('/').all(is_path_component) {
        return Err(invalid("the name has lower-case letters, digits and single separators"));
    }
    match (tag, digest) {
        (None, None) => Ok(format!("{reference}:latest")),
        _ => Ok(reference.to_owned()),
    }
}

/// The repository and the tag or digest of a checked reference, as `POST /images/create` wants them.
pub(super) fn repository_and_tag(reference: &str) -> (&str, &str) {
    if let Some((named, digest)) = reference.split_once('@') {
        return (split_tag(named).0, digest);
    }
    let (repository, tag) = split_tag(reference);
    (repository, tag.unwrap_or("latest"))
}

fn split_tag(named: &str) -> (&str, Option<&str>) {
    match named.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (named, None),
    }
}

fn split_host(repository: &str) -> (Option<&str>, &str) {
    match repository.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
        _ => (None, repository),
    }
}

fn is_image_id(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_sha256)
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_tag(tag: &str) -> bool {
    let mut bytes = tag.bytes();
    tag.len() <= 128
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    port.is_none_or(|p| p.parse::<u16>().is_ok())
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

fn is_path_component(component: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    edge(component.bytes().next())
        && edge(component.bytes().next_back())
        && component
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-'))
        && !component.contains("..")
}

/// A refused value in a message: short, and without control characters.
pub(super) fn shown(value: &str) -> String {
    value.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_references_pass() {
        for (given, expected) in [
            ("nginx", "nginx:latest"),
            ("nginx:1.27-alpine", "nginx:1.27-alpine"),
            ("localhost:5000/team/app", "localhost:5000/team/app:latest"),
            ("ghcr.io/owner/app_x:v1", "ghcr.io/owner/app_x:v1"),
        ] {
            assert_eq!(image_reference(given).expect(given), expected);
        }
        let digest = format!("nginx@sha256:{}", "a".repeat(64));
        assert_eq!(image_reference(&digest).expect("digest"), digest);
        assert_eq!(repository_and_tag(&digest).0, "nginx");
        assert_eq!(repository_and_tag("localhost:5000/a:b"), ("localhost:5000/a", "b"));
    }

    #[test]
    fn references_that_are_not_one_are_refused() {
        for bad in [
            "",
            "-x",
            "a b",
            "../x",
            "a/../b",
            "A",
            "a:b:c/d e",
            "nginx:;x",
            "nginx?x=1",
            "a//b",
            "x@sha256:1",
            "$(x)",
        ] {
            assert!(image_reference(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_stays_in_its_place_in_a_url(text in ".*") {
            if let Ok(reference) = image_reference(&text) {
                prop_assert!(!reference.contains(['?', '#', '%', ' ', '\\', '\n']));
                prop_assert!(!reference.contains(".."));
            }
            if is_object_name(&text) {
                prop_assert!(!text.contains(['/', '?', '#', '%']));
            }
        }
    }
}
