//! Passwords: argon2id, a few at a time.

use crate::{Error, Result};
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use berth_domain::problem::{Problem, ProblemKind};
use rand::{Rng, TryRngCore, rngs::OsRng};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Each takes 19 MiB while it runs, so that a storm of sign-ins must not run many.
const AT_ONCE: usize = 2;
const WAITING: usize = 256;
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
            let refuse = |error: argon2::password_hash::Error| {
                Error::internal("hash the password", std::io::Error::other(error.to_string()))
            };
            let salt = SaltString::encode_b64(&salt).map_err(refuse)?;
            let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(refuse)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether it is the password of this hash. Without a hash it is not, after the same time.
    pub async fn matches(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let password = Zeroizing::new(password.to_owned());
        let hash_text = hash.unwrap_or(&self.nobody).to_owned();
        let known = hash.is_some();
        self.run(move || {
            let parsed = PasswordHash::new(&hash_text).map_err(|error| {
                Error::internal("read a password's hash", std::io::Error::other(error.to_string()))
            })?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known)
        })
        .await
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
    fn invented_passwords_are_long_and_differ() {
        assert!(berth_domain::account::check_password(&random_password()).is_ok());
        assert_ne!(random_password(), random_password());
    }
}
