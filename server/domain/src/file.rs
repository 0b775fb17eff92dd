//! Files with content: what an instance finds at a path, beside what is in its image.

use crate::{ids::FileId, service::ServiceSettings, variable::AgainstRunning};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The most bytes of a file: configuration, not data.
pub const MAX_BYTES: usize = 256 * 1024;

/// The most files of a service.
pub const MOST: usize = 50;

/// Says what is wrong with the path of a file, if anything.
pub fn check_path(path: &str) -> Result<(), (&'static str, String)> {
    let wrong = |why: &str| Err(("path", format!("{path:?} {why}")));
    if path.len() > 1_000 || path.chars().any(|c| c.is_control() || c == ':' || c == ',') {
        return wrong("has characters that the path of a file cannot have, or too many.");
    }
    let Some(inside) = path.strip_prefix('/') else { return wrong("does not begin with a slash.") };
    if inside.split('/').any(|part| part.is_empty() || part == "." || part == ".." || part.len() > 255) {
        return wrong("is not the path of a file, such as /etc/app/config.toml.");
    }
    // The kernel's own folders are mounted over what is put there.
    if ["/proc/", "/sys/", "/dev/"].iter().any(|kernel| path.starts_with(kernel)) {
        return wrong("is in a folder of the kernel.");
    }
    Ok(())
}

/// Says whether a path is taken by a volume.
pub fn check_against(path: &str, settings: &ServiceSettings) -> Result<(), (&'static str, String)> {
    let at = |mounted: &str| mounted.trim_end_matches('/') == path;
    match settings.volumes.iter().find(|volume| at(&volume.path)) {
        Some(volume) => Err(("path", format!("The volume {} is mounted at {path}.", volume.name))),
        None => Ok(()),
    }
}

/// A file; its content is shown only when it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileView {
    pub id: FileId,
    /// Where an instance finds it.
    pub path: String,
    /// Bytes.
    pub size: u64,
    pub against_running: AgainstRunning,
    /// Who changed it last.
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

/// All files of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FilesView {
    pub files: Vec<FileView>,
    /// The paths of files that what runs still has.
    pub removed: Vec<String>,
    pub restart_needed: bool,
}

/// A file to be; its content either as `text` or as `base64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetFile {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// For content that is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

/// The content of a file, revealed on request; the reading is in the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevealedFile {
    pub path: String,
    /// Absent when it is not UTF-8.
    pub text: Option<String>,
    pub base64: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::VolumeMount;

    #[test]
    fn a_file_has_a_plain_absolute_path() {
        for good in ["/etc/app/config.toml", "/a", "/with a space/ä.txt"] {
            assert!(check_path(good).is_ok(), "{good}");
        }
        let long = format!("/{}", "a".repeat(256));
        for bad in
            ["", "/", "a", "/a/", "/a//b", "/a/../b", "/./a", "/a\0", "/a\nb", "/a:b", "/proc/1", &long]
        {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_path_is_a_files_or_a_volumes() {
        let volume = VolumeMount { name: "data".parse().unwrap(), path: "/data/".into(), read_only: false };
        let settings = ServiceSettings { volumes: vec![volume], ..ServiceSettings::default() };
        assert!(check_against("/data", &settings).is_err());
        assert!(check_against("/data/file", &settings).is_ok());
    }
}
