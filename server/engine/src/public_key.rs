//! Public SSH keys as people paste them: one line of a `.pub` file.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use sha2::{Digest, Sha256};
use std::str::FromStr;

/// What is taken: nothing that is known to be weak.
const KINDS: [&str; 6] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];
const LONGEST: usize = 16 << 10;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its algorithm.
    pub kind: String,
    /// What its maker called it.
    pub comment: String,
    blob: Vec<u8>,
}

impl PublicKey {
    /// `SHA256:...`, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    /// The key without its comment.
    pub fn line(&self) -> String {
        format!("{} {}", self.kind, STANDARD.encode(&self.blob))
    }
}

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err("This is a private key. It stays with you; paste the line of the .pub file.".into());
        }
        let no_key =
            || "This is no public key. Paste the line of the .pub file: ssh-ed25519 AAAA...".to_owned();
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(no_key());
        }
        let mut parts = text.splitn(3, ' ');
        let (kind, encoded) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let blob = STANDARD.decode(encoded).map_err(|_| no_key())?;
        if !KINDS.contains(&kind) {
            let kind: String = kind.chars().take(40).collect();
            return Err(match kind.as_str() {
                "ssh-rsa" | "ssh-dss" => {
                    format!("{kind} is not taken. Make a key with: ssh-keygen -t ed25519")
                }
                _ => no_key(),
            });
        }
        // The blob names its own kind first, with its length before it.
        let own = blob.split_at_checked(4).and_then(|(length, rest)| {
            let length = u32::from_be_bytes(length.try_into().ok()?);
            rest.get(..usize::try_from(length).ok()?)
        });
        if own != Some(kind.as_bytes()) {
            return Err(no_key());
        }
        let comment = parts.next().unwrap_or_default().trim().to_owned();
        Ok(Self { kind: kind.to_owned(), comment, blob })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@laptop";

    #[test]
    fn a_line_of_a_pub_file_is_a_key() {
        let key: PublicKey = format!("  {LINE}\n").parse().unwrap();
        assert_eq!((key.kind.as_str(), key.comment.as_str()), ("ssh-ed25519", "me@laptop"));
        assert!(key.fingerprint().starts_with("SHA256:") && key.fingerprint().len() == 50);
        assert_eq!(Some(key.line().as_str()), LINE.strip_suffix(" me@laptop"));
        assert_eq!(key.line().parse::<PublicKey>().unwrap().fingerprint(), key.fingerprint());
    }

    #[test]
    fn what_is_no_key_is_refused_with_what_to_do() {
        let why = |text: &str| text.parse::<PublicKey>().unwrap_err();
        assert!(why("-----BEGIN OPENSSH PRIVATE KEY-----").contains(".pub"));
        assert!(why("ssh-rsa AAAAB3NzaC1yc2E= old").contains("ed25519"));
        let swapped = LINE.replace("ssh-ed25519 ", "ecdsa-sha2-nistp256 ");
        for bad in ["", "ssh-ed25519", "ssh-ed25519 !!!", "command=\"x\" ssh-ed25519 AAAA", &swapped] {
            assert!(why(bad).contains("no public key"), "{bad}");
        }
        assert!(why(&format!("{LINE}\n{LINE}")).contains("no public key"));
    }
}
