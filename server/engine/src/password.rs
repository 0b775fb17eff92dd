//! Passwords: argon2id, a few at a time.

use crate::{Error, Result};
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::{Output, ParamsString, PasswordHash, SaltString},
};
use berth_domain::problem::{Problem, ProblemKind};
use rand::{Rng, TryRngCore, rngs::OsRng};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Each takes 19 MiB while it runs, so that a storm of sign-ins must not run many.
const AT_ONCE: usize = 2;
const WAITING: usize = 256;
/// glibc gives freed memory back at once when it was larger than its greatest threshold, 32 MiB; a sign-in must not
/// leave 19 MiB behind. Blocks beyond those in use are reserved and never touched.
const BLOCKS: usize = 34 << 10;
/// Without characters that look alike.
const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Hashes and checks passwords with OWASP's parameters for argon2id, which are the crate's defaults.
pub struct Passwords {
    permits: Semaphore,
    waiting: AtomicUsize,
    nobody: String,
}

impl Default for Passwords {
    fn default() -> Self {
        let mut rng = rand::rng();
        let (salt, hash): ([u8; 16], [u8; 32]) = (rng.random(), rng.random());
        let encode = |bytes: &[u8]| {
            use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
            STANDARD_NO_PAD.encode(bytes)
        };
        // No password gives this hash; checking one against it takes as long as any other.
        let nobody = format!("$argon2id$v=19$m=19456,t=2,p=1${}${}", encode(&salt), encode(&hash));
        Self { permits: Semaphore::new(AT_ONCE), waiting: AtomicUsize::new(0), nobody }
    }
}

impl Passwords {
    /// The hash that is stored for a password.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = Zeroizing::new(password.to_owned());
        self.run(move || {
            let mut salt = [0; 16];
            OsRng.try_fill_bytes(&mut salt).map_err(|error| Error::internal("make a salt", error))?;
            hash_with(&password, &salt).map_err(refused)
        })
        .await
    }

    /// Whether it is the password of this hash. Without a hash it is not, after the same time.
    pub async fn matches(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let password = Zeroizing::new(password.to_owned());
        let stored = hash.unwrap_or(&self.nobody).to_owned();
        let known = hash.is_some();
        self.run(move || Ok(is_password_of(&password, &stored).map_err(refused)? && known)).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let _waiting = Waiting::join(&self.waiting)?;
        let permit =
            self.permits.acquire().await.map_err(|error| Error::internal("check a password", error))?;
        let done = tokio::task::spawn_blocking(work).await;
        drop(permit);
        done.map_err(|error| Error::internal("check a password", error))?
    }
}

fn hash_with(password: &str, salt: &[u8]) -> argon2::password_hash::Result<String> {
    let params = Params::default();
    let output = derive(password, salt, params.clone())?;
    let salt = SaltString::encode_b64(salt)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::default().into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

fn is_password_of(password: &str, stored: &str) -> argon2::password_hash::Result<bool> {
    let stored = PasswordHash::new(stored)?;
    let (Some(salt), Some(hash)) = (stored.salt, stored.hash) else { return Ok(false) };
    let mut buffer = [0; 64];
    let salt = salt.decode_b64(&mut buffer)?;
    // The comparison of outputs takes the same time whatever they are.
    Ok(stored.algorithm == ARGON2ID_IDENT && derive(password, salt, Params::try_from(&stored)?)? == hash)
}

/// Argon2id itself, in memory that goes back to the system.
fn derive(password: &str, salt: &[u8], params: Params) -> argon2::password_hash::Result<Output> {
    let mut blocks = Vec::with_capacity(params.block_count().max(BLOCKS));
    blocks.resize(params.block_count(), Block::new());
    let size = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::default(), params);
    Output::init_with(size, |out| {
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut blocks)?)
    })
}

fn refused(error: argon2::password_hash::Error) -> Error {
    Error::internal("hash a password", std::io::Error::other(error.to_string()))
}

/// A place among those who wait; given back when dropped, also when the browser has gone away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(count: &'a AtomicUsize) -> Result<Self> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) < WAITING {
            return Ok(place);
        }
        Err(Problem::new(ProblemKind::TooMany, "Too many people are signing in at this moment.")
            .with_hint("Try again in some seconds.")
            .into())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A password that nobody has to invent: four groups of five letters, about 100 bits.
pub fn random_password() -> String {
    let mut rng = rand::rng();
    let mut group =
        || (0..5).map(|_| LETTERS[rng.random_range(0..LETTERS.len())] as char).collect::<String>();
    [group(), group(), group(), group()].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.matches("wrong horse", Some(&hash)).await.unwrap());
        assert_ne!(passwords.hash("correct horse").await.unwrap(), hash);
    }

    #[tokio::test]
    async fn nobody_has_no_password_and_costs_the_same_work() {
        let passwords = Passwords::default();
        assert!(!passwords.matches("", None).await.unwrap());
        let parsed = PasswordHash::new(&passwords.nobody).unwrap();
        let real = passwords.hash("x").await.unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!((parsed.params, parsed.algorithm), (real.params.clone(), real.algorithm));
        assert_eq!(parsed.hash.unwrap().len(), real.hash.unwrap().len());
    }

    #[test]
    fn hashes_are_those_of_the_standard_implementation() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let theirs = Argon2::default().hash_password(b"correct horse", &salt);
        let theirs = theirs.unwrap().to_string();
        assert!(is_password_of("correct horse", &theirs).unwrap());
        assert_eq!(hash_with("correct horse", &[7; 16]).unwrap(), theirs);
        let ours = hash_with("another", &[8; 16]).unwrap();
        Argon2::default().verify_password(b"another", &PasswordHash::new(&ours).unwrap()).unwrap();
    }

    #[test]
    fn invented_passwords_are_long_and_differ() {
        assert!(berth_domain::account::check_password(&random_password()).is_ok());
        assert_ne!(random_password(), random_password());
    }
}
