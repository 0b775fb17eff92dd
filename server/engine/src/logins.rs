//! Who may come in at a domain: bcrypt hashes as the proxy reads them, sealed in the domain's row.

use std::collections::BTreeMap;

use bcrypt::Version;
use rand::{TryRngCore, rngs::OsRng};
use zeroize::Zeroizing;

use crate::{Engine, Error, Result, store::DomainRow, vault::Row};
use berth_domain::ids::DomainId;

/// The proxy checks the password of every request: the least that is still slow for who guesses.
const COST: u32 = 8;

/// Each user's hash.
pub(crate) type Logins = BTreeMap<String, String>;

impl Engine {
    /// The users of a domain with their hashes.
    pub(crate) fn open_logins(&self, domain: &DomainRow) -> Result<Logins> {
        let Some(sealed) = &domain.logins else { return Ok(Logins::new()) };
        let opened = self.vault().unseal(&place(domain.id), sealed);
        let opened = opened.map_err(|error| Error::internal("open the users of a domain", error))?;
        serde_json::from_slice(opened.expose())
            .map_err(|error| Error::internal("read the users of a domain", error))
    }

    /// The users as they are kept; nothing when there are none.
    pub(crate) fn seal_logins(&self, domain: DomainId, logins: &Logins) -> Result<Option<Vec<u8>>> {
        if logins.is_empty() {
            return Ok(None);
        }
        let text = serde_json::to_vec(logins)
            .map_err(|error| Error::internal("write down the users of a domain", error))?;
        let sealed = self.vault().seal(&place(domain), &Zeroizing::new(text));
        sealed.map(Some).map_err(|error| Error::internal("seal the users of a domain", error))
    }
}

fn place(domain: DomainId) -> Row {
    Row::new("domains", domain.0, "logins")
}

/// The hash of a password, as htpasswd makes it.
pub(crate) async fn hash(password: &str) -> Result<String> {
    let password = Zeroizing::new(password.to_owned());
    let mut salt = [0; 16];
    OsRng.try_fill_bytes(&mut salt).map_err(|error| Error::internal("make a salt", error))?;
    let work = move || bcrypt::hash_with_salt(password.as_bytes(), COST, salt);
    let hashed = tokio::task::spawn_blocking(work).await;
    let hashed = hashed.map_err(|error| Error::internal("hash a password", error))?;
    let parts = hashed.map_err(|error| Error::internal("hash a password", error))?;
    Ok(parts.format_for_version(Version::TwoY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_htpasswds_and_never_twice_the_same() {
        let (one, two) = (hash("s3cret").await.expect("one"), hash("s3cret").await.expect("two"));
        assert!(one.starts_with("$2y$08$") && one != two, "{one}");
        assert!(
            bcrypt::verify("s3cret", &one).expect("a hash")
                && !bcrypt::verify("other", &one).expect("a hash")
        );
    }
}
