//! The watched folder: whole files or none.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::distr::Alphanumeric;

use super::error::ProxyError;
use super::render::is_word;

/// The folder that Traefik watches.
pub(super) fn routes(folder: &Path) -> PathBuf {
    folder.join("routes")
}

/// Where Traefik keeps what does not fit into its memory while it is held.
pub(super) fn bodies(folder: &Path) -> PathBuf {
    folder.join("bodies")
}

/// On the same file system, where Traefik does not look: a temporary file in the watched folder would cost a throttle
/// period, and one written in place could be read half.
fn staging(folder: &Path) -> PathBuf {
    folder.join("staging")
}

/// A service's file name.
pub(super) fn file_of(service: &str) -> Result<String, ProxyError> {
    if is_word(service) {
        return Ok(format!("{service}.yaml"));
    }
    Err(ProxyError::Invalid {
        service: service.to_owned(),
        reason: "its key must be letters, digits and `-`".into(),
    })
}

/// Makes the folders and answers the key of the internal entry point, a new one the first time.
pub(super) async fn prepare(folder: &Path) -> Result<String, ProxyError> {
    let folder = folder.to_owned();
    blocking(move || {
        for path in [routes(&folder), staging(&folder), bodies(&folder)] {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(&path).map_err(|e| ProxyError::file("make the folder", &path, &e))?;
        }
        let path = folder.join("key");
        if let Ok(key) = std::fs::read_to_string(&path) {
            return Ok(key.trim().to_owned());
        }
        let key: String = rand::rng().sample_iter(Alphanumeric).take(40).map(char::from).collect();
        replace(&folder, &path, "key", &key)?;
        Ok(key)
    })
    .await
}

/// Writes a file of the watched folder unless it is already so.
pub(super) async fn write(folder: &Path, name: &str, text: &str) -> Result<bool, ProxyError> {
    let (folder, name, text) = (folder.to_owned(), name.to_owned(), text.to_owned());
    blocking(move || {
        let path = routes(&folder).join(&name);
        if std::fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(false);
        }
        replace(&folder, &path, &name, &text)?;
        Ok(true)
    })
    .await
}

/// Staged, synced, renamed, and the rename synced: after a power cut there is the old file or the new one.
fn replace(folder: &Path, path: &Path, name: &str, text: &str) -> Result<(), ProxyError> {
    let staged = staging(folder).join(format!("{name}.{}", rand::random::<u64>()));
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&staged)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&staged, path)?;
        sync_folder(path)
    };
    write().map_err(|error| {
        _ = std::fs::remove_file(&staged);
        ProxyError::file("write", path, &error)
    })
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

pub(super) async fn read(folder: &Path, name: &str) -> Result<Option<String>, ProxyError> {
    let path = routes(folder).join(name);
    match tokio::fs::read_to_string(&path).await {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ProxyError::file("read", &path, &error)),
    }
}

/// A file of Berth's own, which Traefik does not see; `None` when it cannot be read.
pub(super) async fn read_beside(folder: &Path, name: &str) -> Option<String> {
    tokio::fs::read_to_string(folder.join(name)).await.ok()
}

/// Writes a file of Berth's own.
pub(super) async fn write_beside(folder: &Path, name: &'static str, text: &str) -> Result<(), ProxyError> {
    let (folder, text) = (folder.to_owned(), text.to_owned());
    blocking(move || replace(&folder, &folder.join(name), name, &text)).await
}

pub(super) async fn remove(folder: &Path, name: &str) -> Result<(), ProxyError> {
    let path = routes(folder).join(name);
    blocking(move || match std::fs::remove_file(&path).and_then(|()| sync_folder(&path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ProxyError::file("remove", &path, &error))
        }
        _ => Ok(()),
    })
    .await
}

/// The keys of the services that have a file.
pub(super) async fn services(folder: &Path) -> Result<Vec<String>, ProxyError> {
    let mut keys = names(folder).await?;
    keys.retain(|key| is_word(key));
    Ok(keys)
}

/// The names of all files in the watched folder, without their ending.
pub(super) async fn names(folder: &Path) -> Result<Vec<String>, ProxyError> {
    let path = routes(folder);
    blocking(move || {
        let entries = std::fs::read_dir(&path).map_err(|e| ProxyError::file("list", &path, &e))?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
            .collect();
        names.sort();
        Ok(names)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProxyError> + Send + 'static,
) -> Result<T, ProxyError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ProxyError::File {
            action: "work on",
            path: "the proxy's folder".into(),
            reason: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_replaced_whole_and_only_when_it_differs() {
        let folder = tempfile::tempdir().expect("a folder");
        prepare(folder.path()).await.expect("prepared");
        assert!(write(folder.path(), "web.yaml", "a: 1\n").await.expect("written"));
        assert!(!write(folder.path(), "web.yaml", "a: 1\n").await.expect("equal"));
        assert!(write(folder.path(), "web.yaml", "a: 2\n").await.expect("written"));
        assert_eq!(read(folder.path(), "web.yaml").await.expect("read").as_deref(), Some("a: 2\n"));
        assert_eq!(services(folder.path()).await.expect("listed"), ["web"]);
        let left: Vec<_> = std::fs::read_dir(staging(folder.path())).expect("staging").collect();
        assert!(left.is_empty(), "{left:?}");
        remove(folder.path(), "web.yaml").await.expect("removed");
        remove(folder.path(), "web.yaml").await.expect("absent is fine");
    }

    #[tokio::test]
    async fn the_key_stays_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let first = prepare(folder.path()).await.expect("prepared");
        assert_eq!(prepare(folder.path()).await.expect("again"), first);
        let mode = std::fs::metadata(folder.path().join("key")).expect("key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
