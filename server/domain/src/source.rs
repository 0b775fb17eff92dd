//! Where a service comes from.

use crate::{builder::Builder, ids::ConnectionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a service is made of: a git repository that is built, what is pushed to Berth itself, or an image that is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Source {
    Git(GitSource),
    /// Pushed to the repository that Berth keeps for the service.
    Pushed(PushedSource),
    Image(ImageSource),
}

/// A branch of a repository and how its image is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GitSource {
    /// `https://`, `http://` or `ssh://` URL, or `git@host:path`; never with a password in it.
    pub url: String,
    /// The branch that is deployed.
    #[serde(default = "default_branch")]
    pub branch: String,
    /// The build context, relative to the repository's root.
    #[serde(default)]
    pub folder: String,
    /// The Dockerfile, relative to the folder.
    #[serde(default = "default_dockerfile")]
    pub dockerfile: String,
    /// `--build-arg`s; public by nature, they stay in the image's history.
    #[serde(default)]
    pub build_args: BTreeMap<String, String>,
    /// The stage to build, the last unless told.
    #[serde(default)]
    pub target: Option<String>,
    /// What makes the image.
    #[serde(default, skip_serializing_if = "Builder::is_dockerfile")]
    pub builder: Builder,
    /// The connection to the git host that opens it; none for the service's own credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
}

/// A branch of the repository that Berth itself keeps for a service, and how its image is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushedSource {
    /// The branch whose pushes are deployed.
    #[serde(default = "default_branch")]
    pub branch: String,
    /// The build context, relative to the repository's root.
    #[serde(default)]
    pub folder: String,
    /// The Dockerfile, relative to the folder.
    #[serde(default = "default_dockerfile")]
    pub dockerfile: String,
    /// `--build-arg`s; public by nature, they stay in the image's history.
    #[serde(default)]
    pub build_args: BTreeMap<String, String>,
    /// The stage to build, the last unless told.
    #[serde(default)]
    pub target: Option<String>,
    /// What makes the image.
    #[serde(default, skip_serializing_if = "Builder::is_dockerfile")]
    pub builder: Builder,
}

/// A reference to a prebuilt image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageSource {
    /// Such as `nginx:1.27` or `registry.example/app@sha256:...`.
    pub reference: String,
}

fn default_branch() -> String {
    "main".to_owned()
}

fn default_dockerfile() -> String {
    "Dockerfile".to_owned()
}

impl GitSource {
    /// A repository with everything else at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            branch: default_branch(),
            folder: String::new(),
            dockerfile: default_dockerfile(),
            build_args: BTreeMap::new(),
            target: None,
            builder: Builder::default(),
            connection: None,
        }
    }

    /// The first field that is not acceptable and why. The URL and the branch are checked where git is known.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        relative_path(&self.folder).map_err(|why| ("folder", why))?;
        if self.dockerfile.is_empty() {
            return Err(("dockerfile", "The path of the Dockerfile is required.".into()));
        }
        relative_path(&self.dockerfile).map_err(|why| ("dockerfile", why))?;
        if let Some(key) = self.build_args.keys().find(|key| !crate::variable::is_key(key)) {
            return Err(("build_args", format!("{key:?} is not the name of a build argument.")));
        }
        self.builder.check()?;
        match &self.target {
            Some(target) if !is_stage(target) => {
                Err(("target", "A stage has letters, digits, dots, hyphens and underscores.".into()))
            }
            _ => Ok(()),
        }
    }
}

impl Default for PushedSource {
    fn default() -> Self {
        Self::of(GitSource::new(""))
    }
}

impl PushedSource {
    /// The branch and the build of a repository elsewhere.
    pub fn of(git: GitSource) -> Self {
        let GitSource { url: _, connection: _, branch, folder, dockerfile, build_args, target, builder } =
            git;
        Self { branch, folder, dockerfile, build_args, target, builder }
    }

    /// The same as if the repository were elsewhere, at this address.
    pub fn at(&self, url: impl Into<String>) -> GitSource {
        let Self { branch, folder, dockerfile, build_args, target, builder } = self.clone();
        let url = url.into();
        GitSource { url, branch, folder, dockerfile, build_args, target, builder, connection: None }
    }
}

fn is_stage(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// Accepts a path that stays below its root: relative, no `..`, no control characters.
pub fn relative_path(path: &str) -> Result<(), String> {
    if path.starts_with('/') {
        return Err("The path is relative to the repository: it does not start with a slash.".into());
    }
    if path.split('/').any(|part| part == "..") {
        return Err("The path stays inside the repository: it has no \u{201c}..\u{201d}.".into());
    }
    if path.starts_with('-') || path.chars().any(char::is_control) || path.contains('\\') {
        return Err("The path has a character that is not allowed.".into());
    }
    Ok(())
}

impl ImageSource {
    /// Checks the form of an image reference (distribution's grammar, loosely; Docker has the last word).
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let text = &self.reference;
        let fits = !text.is_empty()
            && text.len() <= 512
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':' | '@'));
        if fits { Ok(()) } else { Err(("reference", format!("{text:?} is not an image reference."))) }
    }
}

impl Source {
    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self::Git(git) => git.check(),
            Self::Pushed(pushed) => pushed.at("").check(),
            Self::Image(image) => image.check(),
        }
    }

    /// The branch whose pushes matter; an image has none.
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::Git(git) => Some(&git.branch),
            Self::Pushed(pushed) => Some(&pushed.branch),
            Self::Image(_) => None,
        }
    }

    /// One line for lists: the repository and branch, or the image.
    pub fn summary(&self) -> String {
        match self {
            Self::Git(git) => format!("{} ({})", git.url, git.branch),
            Self::Pushed(pushed) => format!("pushed to Berth ({})", pushed.branch),
            Self::Image(image) => image.reference.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_repository() {
        for good in ["", "app", "apps/web", "./x"] {
            assert!(relative_path(good).is_ok(), "{good}");
        }
        for bad in ["/etc", "../x", "a/../../b", "-x", "a\nb", "a\\b"] {
            assert!(relative_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pushed_source_is_checked_and_kept_like_one_from_elsewhere() {
        let read: Source = serde_json::from_str(r#"{"type": "pushed"}"#).unwrap();
        assert_eq!(read, Source::Pushed(PushedSource::default()));
        assert_eq!(read.branch(), Some("main"));
        let bad = PushedSource { folder: "../x".into(), ..PushedSource::default() };
        assert_eq!(Source::Pushed(bad.clone()).check().unwrap_err().0, "folder");
        assert_eq!(PushedSource::of(bad.at("https://git.example/a.git")), bad);
    }

    #[test]
    fn an_image_reference_is_not_an_option() {
        assert!(ImageSource { reference: "nginx:1.27".into() }.check().is_ok());
        for bad in ["", "--privileged", "a b", "$(x)", "a;b"] {
            assert!(ImageSource { reference: bad.into() }.check().is_err());
        }
    }
}
