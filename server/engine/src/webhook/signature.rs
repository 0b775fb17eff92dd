//! HMAC-SHA-256 over the raw body, compared in constant time.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Whether `given`, `sha256=<hex>`, is the signature of the body under the secret.
pub(super) fn matches(secret: &[u8], body: &[u8], given: &str) -> bool {
    let Some(given) = given.trim().strip_prefix("sha256=") else { return false };
    let Ok(given) = hex::decode(given) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    #[test]
    fn r_sec_8_only_the_right_signature_of_the_raw_body_matches() {
        let secret = b"It's a Secret to Everybody";
        let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(matches(secret, b"Hello, World!", right));
        assert!(!matches(secret, b"Hello, World! ", right));
        assert!(!matches(b"another", b"Hello, World!", right));
        for bad in ["", "sha256=", "sha256=zz", "sha1=757107ea", &right[7..], &right[..40]] {
            assert!(!matches(secret, b"Hello, World!", bad), "{bad}");
        }
    }
}
