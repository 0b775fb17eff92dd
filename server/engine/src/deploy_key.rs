//! Key pairs that Berth makes for services: the public half goes to the git host, the private half stays sealed.

use crate::{Error, Result, public_key::PublicKey, vault::Secret};
use rand::{TryRngCore, rngs::OsRng};
use ssh_key::{
    LineEnding, PrivateKey,
    private::{Ed25519Keypair, KeypairData},
};

/// A fresh key pair.
pub(crate) struct DeployKey {
    /// The line for the git host.
    pub public: String,
    /// In OpenSSH's form, without a passphrase.
    pub private: Secret,
}

impl DeployKey {
    /// An ed25519 pair; the comment tells people at the git host what it is for.
    pub fn make(comment: &str) -> Result<Self> {
        let mut seed = [0; 32];
        OsRng.try_fill_bytes(&mut seed).map_err(|error| Error::internal("make a key", error))?;
        let pair = KeypairData::from(Ed25519Keypair::from_seed(&seed));
        let written = || {
            let key = PrivateKey::new(pair, comment)?;
            Ok::<_, ssh_key::Error>((key.public_key().to_openssh()?, key.to_openssh(LineEnding::LF)?))
        };
        let (public, private) = written().map_err(|error| Error::internal("write down a key", error))?;
        Ok(Self { public, private: Secret::new(private.as_bytes().to_vec()) })
    }
}

/// The public half of a private key in OpenSSH's form; none for other forms, and for a key with a passphrase.
pub(crate) fn public_half(private: &str) -> Option<PublicKey> {
    let key = PrivateKey::from_openssh(private).ok()?;
    key.public_key().to_openssh().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_git_5_a_deploy_key_is_fresh_each_time_and_both_halves_belong_together() {
        let (one, other) = (DeployKey::make("berth shop/web").unwrap(), DeployKey::make("x").unwrap());
        assert!(one.public.starts_with("ssh-ed25519 AAAA") && one.public.ends_with(" berth shop/web"));
        assert_ne!(one.public, other.public);
        let private = one.private.expose_text().unwrap();
        assert!(private.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") && private.ends_with('\n'));
        let half = public_half(private).unwrap();
        assert_eq!(half, one.public.parse().unwrap());
        assert!(
            public_half("-----BEGIN RSA PRIVATE KEY-----\n").is_none() && public_half("ghp_token").is_none()
        );
    }
}
