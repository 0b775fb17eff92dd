//! The master key's file: `berth-master-key-1 <key id> <64 hex digits>`, readable by Berth's own user only.

use super::VaultError;
use rand::{TryRngCore, rngs::OsRng};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};
use zeroize::Zeroizing;

/// The name of the key's file in the data folder.
pub const KEY_FILE: &str = "master.key";
pub(super) const ID_BYTES: usize = 4;
const FORMAT: &str = "berth-master-key-1";

/// The key that everything else is derived from.
pub(super) struct MasterKey {
    pub id: [u8; ID_BYTES],
    pub bytes: Zeroizing<[u8; 32]>,
}

impl MasterKey {
    /// Reads the key; `None` when there is no file.
    pub fn read(path: &Path) -> Result<Option<Self>, VaultError> {
        let text = match fs::read(path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("read", path)(source)),
        };
        close_to_others(path)?;
        let malformed = |why| VaultError::Malformed { path: path.to_owned(), why };
        let text = std::str::from_utf8(&text).map_err(|_| malformed("it is not text"))?;
        let mut words = text.split_ascii_whitespace();
        if words.next() != Some(FORMAT) {
            return Err(malformed("it does not begin with berth-master-key-1"));
        }
        let mut key = Self { id: [0; ID_BYTES], bytes: Zeroizing::new([0; 32]) };
        let id = words.next().unwrap_or_default();
        hex::decode_to_slice(id, &mut key.id).map_err(|_| malformed("its key id is not 8 hex digits"))?;
        let digits = words.next().unwrap_or_default();
        hex::decode_to_slice(digits, key.bytes.as_mut())
            .map_err(|_| malformed("its key is not 64 hex digits"))?;
        Ok(Some(key))
    }

    /// Makes a key. The file appears whole or not at all; when another process was first, its key is taken.
    pub fn create(path: &Path) -> Result<Self, VaultError> {
        let mut key = Self { id: [0; ID_BYTES], bytes: Zeroizing::new([0; 32]) };
        let mut tail = [0; 8];
        for bytes in [&mut key.id[..], key.bytes.as_mut(), &mut tail] {
            OsRng.try_fill_bytes(bytes).map_err(|_| VaultError::Random("the master key"))?;
        }
        let staged = path.with_extension(format!("{}.new", hex::encode(tail)));
        let linked = key.write(&staged).and_then(|()| fs::hard_link(&staged, path));
        let cleaned = fs::remove_file(&staged);
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Self::read(path)?.ok_or_else(|| failed("read", path)(error));
            }
            Err(source) => return Err(failed("create", path)(source)),
        }
        cleaned.map_err(failed("remove", &staged))?;
        sync_folder_of(path)?;
        Ok(key)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let digits = Zeroizing::new(hex::encode(self.bytes.as_ref()));
        let line = Zeroizing::new(format!("{FORMAT} {} {}\n", hex::encode(self.id), digits.as_str()));
        file.write_all(line.as_bytes())?;
        file.sync_all()
    }
}

/// Makes the data folder for Berth's own user, or closes it to the others.
pub(super) fn private_folder(path: &Path) -> Result<(), VaultError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("create", path))?;
    let mode = fs::metadata(path).map_err(failed("look at", path))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
        // Somebody else's folder, as a mounted volume may be: what matters in it is closed by itself.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::warn!(path = %path.display(), "others may look into the data folder, and it is not ours to close");
            Ok(())
        }
        other => other.map_err(failed("close to others", path)),
    }
}

/// A restored backup often comes back with wide permissions: narrow them and say so.
fn close_to_others(path: &Path) -> Result<(), VaultError> {
    let mode = fs::metadata(path).map_err(failed("look at", path))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), "the master key was readable by others; its mode is 0600 now");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed("close to others", path))
}

fn sync_folder_of(path: &Path) -> Result<(), VaultError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync", folder))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> VaultError {
    let path = path.to_owned();
    move |source| VaultError::Io { doing, path, source }
}
