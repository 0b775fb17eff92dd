//! Secrets that Berth hands out: they are random, and only their hash is stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};

/// Longer ones are not ours.
const LONGEST: usize = 128;

/// 32 random bytes, as text that fits a URL, a cookie and a header.
pub(super) fn random() -> crate::Result<String> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| crate::Error::internal("make a secret", error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of a secret. It has 256 random bits, so that a plain hash is enough.
pub(super) fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Whether it can be a secret of ours at all.
pub(super) fn is_plausible(secret: &str) -> bool {
    (32..=LONGEST).contains(&secret.len())
        && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}
