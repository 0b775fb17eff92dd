//! Tarballs of strangers (R-SEC-10). Every name is judged before anything is written: it stays beneath the root, no
//! file or link is written through a link, and no link leads out.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink},
    path::{Component, Path, PathBuf},
};

use berth_domain::disk::size_text;
use tar::{Archive, EntryType};

/// The longest name of an entry.
const LONGEST: usize = 4_096;

/// What a tarball may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Of all files together.
    pub bytes: u64,
    pub entries: u64,
}

/// Why a tarball is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("This is no tarball: {0}")]
    Unreadable(io::Error),
    #[error("This is packed with gzip: send it with the header Content-Encoding: gzip, or unpacked")]
    Packed,
    #[error("This is no image as docker save writes it: {0}")]
    NoImage(String),
    #[error("The tarball has no file")]
    Empty,
    #[error("The tarball has more than {} when it is unpacked (BERTH_UPLOAD_MIB)", size_text(*.0))]
    TooLarge(u64),
    #[error("The tarball has more than {0} entries")]
    TooMany(u64),
    #[error("{name:?} in the tarball {why}")]
    Refused { name: String, why: &'static str },
    #[error("{name} cannot be written: {source}")]
    Write { name: String, source: io::Error },
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File { executable: bool },
    Link,
}

/// Judges every entry; answers how many files there are.
pub(crate) fn look_through(file: &File, bounds: &Bounds) -> Result<u64, ArchiveError> {
    walk(file, bounds, &mut |_, _, _, _| Ok(()))
}

/// Writes what is in the tarball beneath an empty folder of our own.
pub(crate) fn unpack(file: &File, bounds: &Bounds, root: &Path) -> Result<u64, ArchiveError> {
    walk(file, bounds, &mut |path, kind, link, content| {
        let whole = root.join(path);
        let written = match kind {
            Kind::Folder => DirBuilder::new().recursive(true).mode(0o755).create(&whole),
            Kind::Link => parents(&whole).and_then(|()| symlink(link.unwrap_or(Path::new("")), &whole)),
            Kind::File { executable } => parents(&whole).and_then(|()| {
                let mode = if executable { 0o755 } else { 0o644 };
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(mode).custom_flags(nix::libc::O_NOFOLLOW);
                io::copy(content, &mut options.open(&whole)?).map(drop)
            }),
        };
        written.map_err(|source| ArchiveError::Write { name: path.display().to_string(), source })
    })
}

fn parents(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    DirBuilder::new().recursive(true).mode(0o755).create(folder)
}

type Each<'a> = &'a mut dyn FnMut(&Path, Kind, Option<&Path>, &mut dyn Read) -> Result<(), ArchiveError>;

fn walk(mut file: &File, bounds: &Bounds, each: Each<'_>) -> Result<u64, ArchiveError> {
    refuse_packed(file)?;
    let mut archive = Archive::new(&mut file);
    let (mut seen, mut bytes, mut entries, mut files) = (Seen::default(), 0_u64, 0_u64, 0_u64);
    for entry in archive.entries().map_err(ArchiveError::Unreadable)? {
        let mut entry = entry.map_err(ArchiveError::Unreadable)?;
        if entry.header().entry_type() == EntryType::XGlobalHeader {
            // git archive writes the commit there.
            continue;
        }
        entries += 1;
        if entries > bounds.entries {
            return Err(ArchiveError::TooMany(bounds.entries));
        }
        let path = beneath(&entry.path_bytes())?;
        let kind = kind(&entry, &path)?;
        if path.as_os_str().is_empty() {
            continue;
        }
        seen.take(&path, kind)?;
        let link = match kind {
            Kind::Link => Some(inner_link(&path, &entry.link_name_bytes().unwrap_or_default())?),
            _ => None,
        };
        if matches!(kind, Kind::File { .. }) {
            files += 1;
            bytes = bytes.saturating_add(entry.size());
            if bytes > bounds.bytes {
                return Err(ArchiveError::TooLarge(bounds.bytes));
            }
        }
        each(&path, kind, link.as_deref(), &mut entry)?;
    }
    if files == 0 { Err(ArchiveError::Empty) } else { Ok(files) }
}

pub(super) fn refuse_packed(file: &File) -> Result<(), ArchiveError> {
    use std::os::unix::fs::FileExt;
    let mut start = [0; 2];
    match file.read_at(&mut start, 0).map_err(ArchiveError::Unreadable)? {
        2 if start == [0x1f, 0x8b] => Err(ArchiveError::Packed),
        _ => Ok(()),
    }
}

pub(super) fn refused(name: impl AsRef<[u8]>, why: &'static str) -> ArchiveError {
    let name: String = String::from_utf8_lossy(name.as_ref()).chars().take(200).collect();
    ArchiveError::Refused { name, why }
}

fn kind<R: Read>(entry: &tar::Entry<'_, R>, path: &Path) -> Result<Kind, ArchiveError> {
    let name = path.as_os_str().as_encoded_bytes();
    match entry.header().entry_type() {
        EntryType::Directory => Ok(Kind::Folder),
        EntryType::Regular | EntryType::Continuous => {
            let mode = entry.header().mode().map_err(ArchiveError::Unreadable)?;
            Ok(Kind::File { executable: mode & 0o111 != 0 })
        }
        EntryType::Symlink => Ok(Kind::Link),
        EntryType::Link => Err(refused(name, "is a hard link; make the tarball with --hard-dereference")),
        _ => Err(refused(name, "is neither a file nor a folder nor a link")),
    }
}

/// The path of an entry beneath the root; empty for the root itself.
pub(super) fn beneath(name: &[u8]) -> Result<PathBuf, ArchiveError> {
    let text = std::str::from_utf8(name).map_err(|_| refused(name, "has a name that is not UTF-8"))?;
    if text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(refused(name, "has a name with control characters, or one that is too long"));
    }
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(refused(name, "leads out of it")),
        }
    }
    Ok(path)
}

/// The target of a link, when it stays beneath the root whatever other links there are: up only at its beginning, where
/// the folders are real ones.
pub(super) fn inner_link(path: &Path, target: &[u8]) -> Result<PathBuf, ArchiveError> {
    let name = path.as_os_str().as_encoded_bytes();
    let out = || refused(name, "is a link that leads out of it");
    let text =
        std::str::from_utf8(target).map_err(|_| refused(name, "is a link whose target is not UTF-8"))?;
    if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(refused(name, "is a link without a sound target"));
    }
    let mut depth = path.components().count().saturating_sub(1);
    let mut down = false;
    for component in Path::new(text).components() {
        match component {
            Component::Normal(_) => down = true,
            Component::CurDir => {}
            Component::ParentDir if down => {
                return Err(refused(
                    name,
                    "is a link that goes down and up again; write its target without that",
                ));
            }
            Component::ParentDir => depth = depth.checked_sub(1).ok_or_else(out)?,
            Component::RootDir | Component::Prefix(_) => return Err(out()),
        }
    }
    Ok(PathBuf::from(text))
}

/// What was at which path so far.
#[derive(Default)]
struct Seen(HashMap<PathBuf, Kind>);

impl Seen {
    fn take(&mut self, path: &Path, kind: Kind) -> Result<(), ArchiveError> {
        let name = path.as_os_str().as_encoded_bytes();
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            if *self.0.entry(folder.to_owned()).or_insert(Kind::Folder) != Kind::Folder {
                return Err(refused(name, "is below a link or a file"));
            }
        }
        match self.0.insert(path.to_owned(), kind) {
            Some(Kind::Folder) if kind == Kind::Folder => Ok(()),
            Some(_) => Err(refused(name, "is there twice")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
