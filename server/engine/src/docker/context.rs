//! A build's context: a folder of the checkout, as a tar archive in a temporary file.

use std::fs::{File, Metadata};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::error::DockerError;
use super::ignorefile::IgnoreFile;
use super::names::shown;
use super::spec::{BuildRequest, Written};

/// Left out unless the `.dockerignore` takes it back: what git keeps changes with every checkout, so that
/// `COPY . .` would never come from the cache.
const LEFT_OUT: [&str; 1] = [".git"];

/// Checks the request's paths and packs the context. Blocks: for a thread of its own.
pub(super) fn pack(request: &BuildRequest, cancel: &CancellationToken) -> Result<File, DockerError> {
    let context = folder_of(request)?;
    let dockerfile = match &request.written {
        Some(_) => String::new(),
        None => dockerfile_of(request, &context)?,
    };
    let ignore = ignore_file(&context, &dockerfile)?;
    let file = tempfile::tempfile().map_err(|error| failed("a temporary file", &error))?;
    let mut pack = Pack {
        root: &context,
        below: String::new(),
        dockerfile,
        ignore,
        tar: tar::Builder::new(BufWriter::new(file)),
        cancel,
    };
    pack.tar.follow_symlinks(false);
    if let Some(written) = &request.written {
        pack.write(written).map_err(|error| failed("a temporary file", &error))?;
    }
    pack.folder("")?;
    let finish = || -> std::io::Result<File> {
        let mut file = pack.tar.into_inner()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.flush()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    };
    finish().map_err(|error| failed("a temporary file", &error))
}

fn failed(path: &str, error: &std::io::Error) -> DockerError {
    DockerError::Context { path: path.to_owned(), reason: error.to_string() }
}

fn refused(path: &str, reason: &str) -> DockerError {
    DockerError::Context { path: shown(path), reason: reason.to_owned() }
}

/// The context's folder with every link resolved, inside the checkout.
fn folder_of(request: &BuildRequest) -> Result<PathBuf, DockerError> {
    let named = if request.context.is_empty() { "." } else { &request.context };
    let root = request.root.canonicalize().map_err(|error| failed("the checkout", &error))?;
    let inner = plain(&request.context)
        .ok_or_else(|| refused(named, "the context must be a folder of the repository, without `..`"))?;
    let folder = root.join(inner).canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            refused(named, "the repository has no such folder; check the context's path")
        }
        _ => failed(named, &error),
    })?;
    if !folder.starts_with(&root) {
        return Err(refused(named, "it is a link that leads out of the repository"));
    }
    if !folder.is_dir() {
        return Err(refused(named, "it is not a folder"));
    }
    Ok(folder)
}

/// The Dockerfile's path from the context, with `/`.
fn dockerfile_of(request: &BuildRequest, context: &Path) -> Result<String, DockerError> {
    let named = if request.dockerfile.is_empty() { "Dockerfile" } else { &request.dockerfile };
    let path = plain(named)
        .ok_or_else(|| refused(named, "the Dockerfile must be inside the context, without `..`"))?;
    let found = context.join(&path).canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            refused(named, "there is no such file in the context; check the Dockerfile's path, or add one")
        }
        _ => failed(named, &error),
    })?;
    if !found.starts_with(context) {
        return Err(refused(named, "the Dockerfile is a link that leads out of the context"));
    }
    if !found.is_file() {
        return Err(refused(named, "the Dockerfile is not a file"));
    }
    path.to_str().map(str::to_owned).ok_or_else(|| refused(named, "its name is not UTF-8"))
}

/// A relative path of plain names.
fn plain(path: &str) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!path.contains('\0')).then_some(out)
}

/// `<Dockerfile>.dockerignore` goes before `.dockerignore`, as with Docker. A link is not read: it could lead anywhere.
fn ignore_file(context: &Path, dockerfile: &str) -> Result<IgnoreFile, DockerError> {
    for name in [format!("{dockerfile}.dockerignore"), ".dockerignore".to_owned()] {
        let path = context.join(&name);
        if !path.symlink_metadata().is_ok_and(|m| m.is_file()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&name, &error))?;
        return IgnoreFile::parse(&LEFT_OUT, &text).map_err(|reason| refused(&name, &reason));
    }
    IgnoreFile::parse(&LEFT_OUT, "").map_err(|reason| refused("the ignored names", &reason))
}

struct Pack<'a> {
    root: &'a Path,
    /// What every name in the archive begins with.
    below: String,
    dockerfile: String,
    ignore: IgnoreFile,
    tar: tar::Builder<BufWriter<File>>,
    cancel: &'a CancellationToken,
}

impl Pack<'_> {
    /// Puts what Berth wrote before the context, whose names begin with a folder from here on.
    fn write(&mut self, written: &Written) -> std::io::Result<()> {
        let dockerfile = ("Dockerfile", written.dockerfile.as_str());
        let files = written.files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        for (name, text) in [dockerfile].into_iter().chain(files) {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(text.len() as u64);
            self.tar.append_data(&mut header, name, text.as_bytes())?;
        }
        self.below = format!("{}/", written.folder);
        Ok(())
    }

    /// Packs what is in a folder, in order of names, so that the same tree gives the same archive.
    fn folder(&mut self, inner: &str) -> Result<(), DockerError> {
        let folder = self.root.join(inner);
        let entries = std::fs::read_dir(&folder).map_err(|error| failed(inner, &error))?;
        let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
        names.sort();
        for name in names {
            if self.cancel.is_cancelled() {
                return Err(DockerError::Cancelled("build"));
            }
            let Some(name) = name.to_str() else {
                return Err(refused(
                    &name.to_string_lossy(),
                    "its name is not UTF-8; rename it or ignore its folder",
                ));
            };
            let path = if inner.is_empty() { name.to_owned() } else { format!("{inner}/{name}") };
            self.entry(&path)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &str) -> Result<(), DockerError> {
        let whole = self.root.join(path);
        let metadata = whole.symlink_metadata().map_err(|error| failed(path, &error))?;
        // BuildKit reads the Dockerfile out of the context, also when the image must not have it.
        let out = self.ignore.leaves_out(path) && path != self.dockerfile;
        if metadata.is_dir() {
            let on_the_way = self.dockerfile.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            if out && !on_the_way && !self.ignore.takes_anything_back() {
                return Ok(());
            }
            if !out {
                self.add_folder(path, &metadata).map_err(|error| failed(path, &error))?;
            }
            return self.folder(path);
        }
        if out {
            return Ok(());
        }
        let added = if metadata.is_symlink() {
            self.add_link(path, &whole, &metadata)
        } else if metadata.is_file() {
            self.add_file(path, &whole)
        } else {
            // Sockets, pipes and devices mean nothing in an image.
            Ok(())
        };
        added.map_err(|error| failed(path, &error))
    }

    fn add_folder(&mut self, path: &str, metadata: &Metadata) -> std::io::Result<()> {
        let mut header = header(metadata, tar::EntryType::Directory);
        let name = format!("{}{path}/", self.below);
        self.tar.append_data(&mut header, name, std::io::empty())
    }

    /// The link itself: what it leads to is decided inside the build, where only the context is.
    fn add_link(&mut self, path: &str, whole: &Path, metadata: &Metadata) -> std::io::Result<()> {
        let target = std::fs::read_link(whole)?;
        let name = format!("{}{path}", self.below);
        self.tar.append_link(&mut header(metadata, tar::EntryType::Symlink), name, target)
    }

    fn add_file(&mut self, path: &str, whole: &Path) -> std::io::Result<()> {
        // A file that became a link since it was looked at is not followed.
        let file = std::fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW).open(whole)?;
        let metadata = file.metadata()?;
        let mut header = header(&metadata, tar::EntryType::Regular);
        header.set_size(metadata.len());
        let name = format!("{}{path}", self.below);
        self.tar.append_data(&mut header, name, std::io::Read::take(file, metadata.len()))
    }
}

/// Owned by root, as Docker's own client sends it: who checked it out is nobody inside the image.
fn header(metadata: &Metadata, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(metadata.permissions().mode() & 0o7777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or_default());
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
