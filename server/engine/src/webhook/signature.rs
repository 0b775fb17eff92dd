//! Whether a call comes from who knows the secret: compared in constant time, over the raw body, before anything of it
//! is read.

use super::call::Call;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use berth_domain::webhook::Provider;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far the clock of a host that signs the time may be from this machine's.
const CLOCK: TimeDelta = TimeDelta::minutes(5);

/// Why a call is not believed; `None` when it is.
pub(super) fn distrust(secret: &[u8], call: &Call, body: &[u8], now: DateTime<Utc>) -> Option<&'static str> {
    match (call.provider, &call.signature, &call.token) {
        (Provider::GitLab, Some(signature), _) => standard(secret, call, body, signature, now),
        (Provider::GitLab, None, Some(token)) => same(token, secret).then_none("The secret token is wrong."),
        (Provider::GitLab, None, None) => Some("The call has neither a signature nor a secret token."),
        (Provider::Registry, _, Some(token)) => {
            let right = same(token, registry_token(secret).as_bytes()) | same(token, secret);
            right.then_none("The token is wrong.")
        }
        (Provider::Registry, _, None) => Some("The call has no token."),
        (_, Some(signature), _) => matches(secret, body, signature).then_none("The signature is wrong."),
        (_, None, _) => Some("The call is not signed."),
    }
}

/// What the address of a registry's webhook carries. Addresses end up in logs: this opens nothing but the registry's way.
pub(crate) fn registry_token(secret: &[u8]) -> String {
    let mac = keyed(secret, &[b"berth registry webhook"]);
    mac.map(|mac| hex::encode(&mac.finalize().into_bytes()[..20])).unwrap_or_default()
}

/// The secret in the form of the Standard Webhooks specification, which GitLab takes as a signing token.
pub(crate) fn signing_token(secret: &str) -> String {
    format!("whsec_{}", STANDARD.encode(hex::decode(secret).unwrap_or_default()))
}

trait ThenNone {
    fn then_none(self, otherwise: &'static str) -> Option<&'static str>;
}

impl ThenNone for bool {
    fn then_none(self, otherwise: &'static str) -> Option<&'static str> {
        if self { None } else { Some(otherwise) }
    }
}

fn same(given: &str, expected: &[u8]) -> bool {
    bool::from(given.trim().as_bytes().ct_eq(expected))
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}

/// Whether `given`, in hexadecimal with or without `sha256=`, is the signature of the body under the secret.
fn matches(secret: &[u8], body: &[u8], given: &str) -> bool {
    let given = given.trim();
    let Ok(given) = hex::decode(given.strip_prefix("sha256=").unwrap_or(given)) else { return false };
    keyed(secret, &[body]).is_some_and(|mac| mac.verify_slice(&given).is_ok())
}

/// Standard Webhooks: `v1,<base64>` over id, time and body; several of them while a key is changed.
fn standard(
    secret: &[u8],
    call: &Call,
    body: &[u8],
    signature: &str,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    let (Some(id), Some(time)) = (&call.delivery, &call.signed_at) else {
        return Some("The signed call has no id or no time.");
    };
    let at = time.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    if at.is_none_or(|at| (now - at).abs() > CLOCK) {
        return Some("The call was signed more than five minutes ago, or the clocks differ.");
    }
    let key = hex::decode(secret).unwrap_or_default();
    let right = signature.split_whitespace().filter_map(|one| one.strip_prefix("v1,")).any(|one| {
        let Ok(given) = STANDARD.decode(one) else { return false };
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", body];
        keyed(&key, &parts).is_some_and(|mac| mac.verify_slice(&given).is_ok())
    });
    right.then_none("The signature is wrong.")
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
        assert!(matches(secret, b"Hello, World!", &right[7..]), "Gitea's form");
        assert!(!matches(secret, b"Hello, World! ", right));
        assert!(!matches(b"another", b"Hello, World!", right));
        for bad in ["", "sha256=", "sha256=zz", "sha1=757107ea", &right[..40]] {
            assert!(!matches(secret, b"Hello, World!", bad), "{bad}");
        }
    }

    const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn gitlab(signature: Option<&str>, token: Option<&str>, at: DateTime<Utc>) -> Call {
        let mut headers = vec![
            ("x-gitlab-event".to_owned(), "Push Hook".to_owned()),
            ("webhook-id".to_owned(), "msg_1".to_owned()),
            ("webhook-timestamp".to_owned(), at.timestamp().to_string()),
        ];
        headers.extend(signature.map(|s| ("webhook-signature".to_owned(), s.to_owned())));
        headers.extend(token.map(|t| ("x-gitlab-token".to_owned(), t.to_owned())));
        Call::read(&headers, None)
    }

    #[test]
    fn r_sec_8_gitlab_may_send_the_secret_or_sign_with_it() {
        let now = crate::store::now();
        let judged = |call: &Call| distrust(SECRET.as_bytes(), call, b"{}", now);
        assert_eq!(judged(&gitlab(None, Some(SECRET), now)), None);
        assert!(judged(&gitlab(None, Some(&SECRET[1..]), now)).is_some());
        assert!(judged(&gitlab(None, None, now)).is_some());

        let key = STANDARD.decode(&signing_token(SECRET)["whsec_".len()..]).unwrap();
        let signed = |at: DateTime<Utc>| {
            let text = format!("msg_1.{}.{{}}", at.timestamp());
            let mac = keyed(&key, &[text.as_bytes()]).unwrap();
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        };
        let right = signed(now);
        assert_eq!(judged(&gitlab(Some(&format!("v1,AAAA {right}")), None, now)), None);
        assert!(judged(&gitlab(Some("v1,AAAA"), Some(SECRET), now)).is_some(), "the signature decides");
        let old = now - TimeDelta::minutes(6);
        assert!(judged(&gitlab(Some(&signed(old)), None, old)).is_some(), "a replay from long ago");
        assert!(judged(&gitlab(Some(&right), None, now + TimeDelta::minutes(1))).is_some(), "another time");
    }

    #[test]
    fn r_sec_8_what_a_registrys_address_carries_signs_nothing_else() {
        let now = crate::store::now();
        let token = registry_token(SECRET.as_bytes());
        let registry = Call::read(&[], Some(token.clone()));
        assert_eq!(distrust(SECRET.as_bytes(), &registry, b"{}", now), None);
        assert!(distrust(SECRET.as_bytes(), &Call::read(&[], Some("x".into())), b"{}", now).is_some());
        assert!(distrust(SECRET.as_bytes(), &gitlab(None, Some(&token), now), b"{}", now).is_some());
        let github = [("x-github-event".to_owned(), "push".to_owned())];
        assert!(distrust(SECRET.as_bytes(), &Call::read(&github, Some(token)), b"{}", now).is_some());
    }
}
