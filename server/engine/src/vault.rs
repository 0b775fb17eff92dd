//! The vault: seals what must not be read from the store, under a key that lives beside the store and never in it.
//!
//! A sealed value is `version | key id | nonce | XChaCha20-Poly1305 ciphertext and tag`. The row that it belongs to is
//! associated data, so a value that was copied into another row or column does not open. The key id says which key a
//! value waits for when keys are rotated.

mod key;
mod secret;

pub use key::KEY_FILE;
pub use secret::Secret;

use chacha20poly1305::{
    AeadInPlace, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use key::MasterKey;
use rand::{TryRngCore, rngs::OsRng};
use sha2::Sha256;
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;
const HEADER: usize = 1 + key::ID_BYTES + NONCE;

/// Where a sealed value is stored; it opens there and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub table: &'static str,
    pub id: Uuid,
    pub column: &'static str,
}

impl Row {
    /// The column of a row.
    pub fn new(table: &'static str, id: Uuid, column: &'static str) -> Self {
        Self { table, id, column }
    }

    /// Lengths first, so that no two rows give the same bytes.
    fn associated_data(&self, header: &[u8]) -> Vec<u8> {
        let mut bytes = header.to_vec();
        for part in [self.table.as_bytes(), self.id.as_bytes(), self.column.as_bytes()] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{} of {}", self.table, self.column, self.id)
    }
}

/// Why the vault did not open, or a value in it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key is gone while there are values that need it.
    #[error(
        "the master key {} is missing, but the database is not empty: nothing that was sealed can be read without it. \
         Put the file back from your backup of the data folder (mode 0600), then start again. \
         To begin anew instead, give Berth an empty data folder and an empty database.", path.display()
    )]
    Missing { path: PathBuf },
    /// The key is not the one that the store was sealed with.
    #[error(
        "the master key {} is not the one that this database was sealed with. \
         Put back the master.key that belongs to this database, or point Berth at the database that belongs to this key.",
        path.display()
    )]
    WrongKey { path: PathBuf },
    /// The file is not a key.
    #[error("the master key {} cannot be understood: {why}. Put the file back from your backup.", path.display())]
    Malformed { path: PathBuf, why: &'static str },
    /// The disk refused.
    #[error("could not {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for {0}")]
    Random(&'static str),
    /// A value that this key, or this row, does not open.
    #[error("the sealed value in {row} cannot be opened: {why}")]
    Unsealable { row: Row, why: &'static str },
}

/// Seals and opens values; made once at the start.
pub struct Vault {
    path: PathBuf,
    id: [u8; key::ID_BYTES],
    cipher: XChaCha20Poly1305,
    digest_key: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// Opens the vault of a data folder, and makes its key when the store has nothing in it yet.
    pub fn open(data: &Path, store_is_empty: bool) -> Result<Self, VaultError> {
        let path = data.join(KEY_FILE);
        key::private_folder(data)?;
        let master = match MasterKey::read(&path)? {
            Some(master) => master,
            None if store_is_empty => MasterKey::create(&path)?,
            None => return Err(VaultError::Missing { path }),
        };
        let sealing = derive(&master, "berth vault: seal, version 1");
        let digest_key = derive(&master, "berth vault: digest, version 1");
        let cipher = XChaCha20Poly1305::new(sealing.as_ref().into());
        Ok(Self { path, id: master.id, cipher, digest_key })
    }

    /// A value for the store that tells at the next start whether the key is still the same.
    pub fn check_value(&self) -> String {
        self.digest("check value", b"berth")
    }

    /// Compares the check value that the store holds.
    pub fn verify(&self, check_value: &str) -> Result<(), VaultError> {
        let ours = self.check_value();
        if bool::from(ours.as_bytes().ct_eq(check_value.as_bytes())) {
            Ok(())
        } else {
            Err(VaultError::WrongKey { path: self.path.clone() })
        }
    }

    /// Seals a value for a row, with a nonce of its own.
    pub fn seal(&self, row: &Row, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut sealed = Vec::with_capacity(HEADER + value.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.id);
        let associated = row.associated_data(&sealed);
        let mut nonce = [0; NONCE];
        OsRng.try_fill_bytes(&mut nonce).map_err(|_| VaultError::Random("a nonce"))?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let tag = self
            .cipher
            .encrypt_in_place_detached(XNonce::from_slice(&nonce), &associated, &mut sealed[HEADER..])
            .map_err(|_| VaultError::Unsealable { row: *row, why: "it is too long to be sealed" })?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens a value that was sealed for this row.
    pub fn unseal(&self, row: &Row, sealed: &[u8]) -> Result<Secret, VaultError> {
        let refuse = |why| VaultError::Unsealable { row: *row, why };
        if sealed.len() < HEADER + TAG {
            return Err(refuse("it is too short"));
        }
        let (head, body) = sealed.split_at(HEADER);
        let (header, nonce) = head.split_at(HEADER - NONCE);
        if header[0] != VERSION {
            return Err(refuse("its version is unknown to this Berth"));
        }
        if header[1..] != self.id {
            return Err(refuse("it was sealed with another key"));
        }
        let associated = row.associated_data(header);
        self.cipher
            .decrypt(XNonce::from_slice(nonce), Payload { msg: body, aad: &associated })
            .map(Secret::new)
            .map_err(|_| refuse("it was changed, or it belongs to another row"))
    }

    /// A keyed digest: equal values in one context have equal digests, and the digest says nothing about the value.
    pub fn digest(&self, context: &str, bytes: &[u8]) -> String {
        let mut mac = keyed(self.digest_key.as_ref());
        mac.update(&(context.len() as u64).to_be_bytes());
        mac.update(context.as_bytes());
        mac.update(bytes);
        hex::encode(mac.finalize().into_bytes())
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// One key per purpose out of the master key.
fn derive(master: &MasterKey, purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut mac = keyed(master.bytes.as_ref());
    mac.update(purpose.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests;
