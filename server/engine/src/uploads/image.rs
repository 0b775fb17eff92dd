//! Images of strangers, as `docker save` writes them (R-SEC-10). Of the archive only the configuration and the layers of its
//! one image are read, and they reach Docker under names of our own: what it says of tags would take the names of other
//! images of this machine.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    path::{Component, Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::json;
use tar::{Archive, Builder, EntryType, Header};

use super::archive::{ArchiveError, Bounds, beneath, inner_link, refuse_packed, refused};

/// The most of a manifest or configuration.
const MOST_JSON: u64 = 4 << 20;

/// The most layers of an image; Docker itself takes fewer.
const MOST_LAYERS: usize = 200;

/// What a tarball has beside the contents of its files.
const PADDING: u64 = 2_048;

/// A file of the archive.
#[derive(Debug, Clone)]
struct Part {
    name: PathBuf,
    at: u64,
    size: u64,
}

/// The image of an archive.
#[derive(Debug)]
pub(crate) struct SavedImage {
    config: Part,
    layers: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    config: String,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

/// What is at a name of the archive.
enum Found {
    File(Part),
    Link(PathBuf),
}

/// Judges an archive down to the entries of its layers; gives what of it is loaded.
pub(crate) fn look_through(file: &File, bounds: &Bounds) -> Result<SavedImage, ArchiveError> {
    refuse_packed(file)?;
    let entries = entries(file, bounds)?;
    let all: Vec<Manifest> = parsed(file, &part(&entries, Path::new("manifest.json"))?)?;
    let [manifest] = &all[..] else {
        return Err(no_image(format!("it has {} images; save one alone", all.len())));
    };
    let config = part(&entries, &beneath(manifest.config.as_bytes())?)?;
    let wanted = parsed::<Config>(file, &config)?.rootfs.diff_ids.len();
    if manifest.layers.len() != wanted || wanted > MOST_LAYERS {
        return Err(no_image(format!("it has {} layers, and {wanted} are named", manifest.layers.len())));
    }
    let named = manifest.layers.iter().map(|name| part(&entries, &beneath(name.as_bytes())?));
    let layers = named.collect::<Result<Vec<_>, _>>()?;
    let mut left = *bounds;
    for layer in &layers {
        judge_layer(file, layer, bounds, &mut left)?;
    }
    Ok(SavedImage { config, layers })
}

impl SavedImage {
    /// How many layers there are.
    pub fn layers(&self) -> u64 {
        self.layers.len() as u64
    }

    /// Writes the archive that Docker is given: this image under one tag, and nothing else.
    pub fn write(&self, file: &File, tag: &str, to: impl Write) -> io::Result<()> {
        let names: Vec<String> =
            (0..self.layers.len()).map(|number| format!("layers/{number}.tar")).collect();
        let manifest = json!([{ "Config": "config.json", "RepoTags": [tag], "Layers": names }]).to_string();
        let mut tar = Builder::new(to);
        append(&mut tar, "manifest.json", manifest.len() as u64, manifest.as_bytes())?;
        append(&mut tar, "config.json", self.config.size, self.config.reader(file))?;
        for (name, layer) in names.iter().zip(&self.layers) {
            append(&mut tar, name, layer.size, layer.reader(file))?;
        }
        tar.into_inner()?.flush()
    }
}

fn append(tar: &mut Builder<impl Write>, name: &str, size: u64, content: impl Read) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, name, content)
}

impl Part {
    fn reader<'a>(&self, file: &'a File) -> Reader<'a> {
        Reader { file, at: self.at, left: self.size }
    }

    fn refused(&self, why: &'static str) -> ArchiveError {
        refused(self.name.as_os_str().as_encoded_bytes(), why)
    }
}

/// Reads a part of a file, wherever others read it.
struct Reader<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

fn no_image(why: impl ToString) -> ArchiveError {
    ArchiveError::NoImage(why.to_string())
}

/// Where everything is. Names and links stay inside the archive.
fn entries(mut file: &File, bounds: &Bounds) -> Result<HashMap<PathBuf, Found>, ArchiveError> {
    let mut archive = Archive::new(&mut file);
    let (mut all, mut count) = (HashMap::new(), 0);
    for entry in archive.entries_with_seek().map_err(ArchiveError::Unreadable)? {
        let entry = entry.map_err(ArchiveError::Unreadable)?;
        count += 1;
        if count > bounds.entries {
            return Err(ArchiveError::TooMany(bounds.entries));
        }
        let name = beneath(&entry.path_bytes())?;
        let found = match entry.header().entry_type() {
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            EntryType::Regular | EntryType::Continuous => {
                let (at, size) = (entry.raw_file_position(), entry.size());
                Found::File(Part { name: name.clone(), at, size })
            }
            // Older versions of Docker write a layer that is there twice once.
            EntryType::Symlink => {
                let target = inner_link(&name, &entry.link_name_bytes().unwrap_or_default())?;
                Found::Link(joined(&name, &target))
            }
            _ => {
                return Err(refused(
                    name.as_os_str().as_encoded_bytes(),
                    "is neither a file nor a folder nor a link",
                ));
            }
        };
        if all.insert(name.clone(), found).is_some() {
            return Err(refused(name.as_os_str().as_encoded_bytes(), "is there twice"));
        }
    }
    Ok(all)
}

/// A sound link's target, seen from the root.
fn joined(link: &Path, target: &Path) -> PathBuf {
    let mut path = link.parent().unwrap_or(Path::new("")).to_owned();
    for component in target.components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(part) => path.push(part),
            _ => {}
        }
    }
    path
}

fn part(entries: &HashMap<PathBuf, Found>, name: &Path) -> Result<Part, ArchiveError> {
    let found = match entries.get(name) {
        Some(Found::Link(target)) => entries.get(target),
        found => found,
    };
    match found {
        Some(Found::File(part)) => Ok(part.clone()),
        _ => Err(no_image(format!("{} is missing in it", name.display()))),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(file: &File, part: &Part) -> Result<T, ArchiveError> {
    if part.size > MOST_JSON {
        return Err(part.refused("is larger than such a file is"));
    }
    let mut text = Vec::new();
    part.reader(file).read_to_end(&mut text).map_err(ArchiveError::Unreadable)?;
    serde_json::from_slice(&text).map_err(|error| no_image(format!("{}: {error}", part.name.display())))
}

/// Sees that a layer is no larger than it may be once it is unpacked, which only its entries tell.
fn judge_layer(file: &File, layer: &Part, bounds: &Bounds, left: &mut Bounds) -> Result<(), ArchiveError> {
    let mut start = [0; 4];
    let count = layer.reader(file).read(&mut start).map_err(ArchiveError::Unreadable)?;
    let content: Box<dyn Read + '_> = match &start[..count] {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(layer.reader(file))),
        [0x28, 0xb5, 0x2f, 0xfd] | [b'B', b'Z', b'h', _] | [0xfd, b'7', b'z', b'X'] => {
            return Err(layer.refused("is packed with something else than gzip"));
        }
        _ => Box::new(layer.reader(file)),
    };
    // Whatever it says of itself, no more than this is read.
    let most = left.bytes.saturating_add(left.entries.saturating_mul(PADDING));
    let mut content = content.take(most);
    let mut archive = Archive::new(&mut content);
    for entry in archive.entries().map_err(ArchiveError::Unreadable)? {
        let mut entry = entry.map_err(ArchiveError::Unreadable)?;
        if is_sparse(&mut entry) {
            return Err(layer.refused("has a file with holes, whose size cannot be told"));
        }
        left.entries = left.entries.checked_sub(1).ok_or(ArchiveError::TooMany(bounds.entries))?;
        left.bytes = left.bytes.checked_sub(entry.size()).ok_or(ArchiveError::TooLarge(bounds.bytes))?;
    }
    io::copy(&mut content, &mut io::sink()).map_err(ArchiveError::Unreadable)?;
    if content.limit() == 0 { Err(ArchiveError::TooLarge(bounds.bytes)) } else { Ok(()) }
}

fn is_sparse<R: Read>(entry: &mut tar::Entry<'_, R>) -> bool {
    if entry.header().entry_type() == EntryType::GNUSparse {
        return true;
    }
    let Ok(Some(extensions)) = entry.pax_extensions() else { return false };
    extensions.flatten().any(|extension| extension.key_bytes().starts_with(b"GNU.sparse"))
}

#[cfg(test)]
mod tests;
