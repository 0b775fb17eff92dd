//! The server's own key: made at the first start, readable by nobody else.

use anyhow::{Context, Result};
use rand::{TryRngCore, rngs::OsRng};
use russh::keys::{
    HashAlg, PrivateKey,
    ssh_key::{
        LineEnding,
        private::{Ed25519Keypair, KeypairData},
    },
};
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The file below the data folder.
const FILE: &str = "ssh_host_key";

/// The key in the data folder, made when there is none.
pub(super) fn open(data: &Path) -> Result<PrivateKey> {
    let path = data.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            PrivateKey::from_openssh(&text).with_context(|| format!("{} is no SSH key", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(&path),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn make(path: &Path) -> Result<PrivateKey> {
    let mut seed = [0; 32];
    OsRng.try_fill_bytes(&mut seed).context("cannot make a key for SSH")?;
    let key = PrivateKey::new(KeypairData::from(Ed25519Keypair::from_seed(&seed)), "berth")
        .context("cannot make a key for SSH")?;
    let text = key.to_openssh(LineEnding::LF).context("cannot write down the key for SSH")?;
    // Whole or not at all: half a key would stop the next start.
    let fresh = path.with_extension("new");
    let written = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    written().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key)
}

/// `SHA256:...`, as a client shows it at its first connection.
pub(super) fn fingerprint(key: &PrivateKey) -> String {
    key.public_key().fingerprint(HashAlg::Sha256).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_made_once_and_is_nobody_elses() {
        let folder = std::env::temp_dir().join(format!("berth-ssh-key-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&folder).unwrap();
        let first = fingerprint(&open(&folder).unwrap());
        assert!(first.starts_with("SHA256:"), "{first}");
        assert_eq!(fingerprint(&open(&folder).unwrap()), first);
        let mode = std::fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(folder.join(FILE), "nonsense").unwrap();
        assert!(open(&folder).unwrap_err().to_string().contains("is no SSH key"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
