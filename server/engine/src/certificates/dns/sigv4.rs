//! Amazon's Signature Version 4, as far as requests without a session token need it. It is forty lines over `hmac` and
//! `sha2`; the crates that have it bring a tree of their own along. Held to Amazon's published example below.

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use url::Url;

use crate::vault::Secret;

use super::Access;

/// An access key, and the time at which it signs.
pub(super) struct Key {
    id: String,
    secret: Secret,
    now: DateTime<Utc>,
}

/// For whom a signature is good.
pub(super) struct Scope {
    pub region: &'static str,
    pub service: &'static str,
}

/// What is signed.
pub(super) struct Signed<'a> {
    pub method: &'a str,
    pub url: &'a Url,
    pub body: &'a str,
}

/// The headers that go along.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headers {
    /// `X-Amz-Date`
    pub date: String,
    /// `Authorization`
    pub authorization: String,
}

impl Key {
    pub fn of(access: Access, now: DateTime<Utc>) -> Self {
        Self { id: access.key_name, secret: access.token, now }
    }

    /// Signs a request whose path and query are escaped as Amazon does, and whose query is in order.
    pub fn sign(&self, scope: &Scope, request: &Signed<'_>) -> Headers {
        let date = self.now.format("%Y%m%dT%H%M%SZ").to_string();
        let day = self.now.format("%Y%m%d").to_string();
        let Signed { method, url, body } = request;
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let names = "host;x-amz-date";
        let canonical = format!(
            "{method}\n{}\n{}\nhost:{host}\nx-amz-date:{date}\n\n{names}\n{}",
            url.path(),
            url.query().unwrap_or_default(),
            hex::encode(Sha256::digest(body))
        );
        let good_for = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{date}\n{good_for}\n{}", hex::encode(Sha256::digest(canonical)));
        let first = [&b"AWS4"[..], self.secret.expose()].concat();
        let parts = [day.as_str(), scope.region, scope.service, "aws4_request", to_sign.as_str()];
        let signature = parts.iter().fold(first, |key, part| mac(&key, part.as_bytes()));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{good_for}, SignedHeaders={names}, Signature={}",
            self.id,
            hex::encode(signature)
        );
        Headers { date, authorization }
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `get-vanilla` of the test suite that Amazon publishes for the signature.
    #[test]
    fn amazons_own_example_is_signed_as_they_say() {
        let key = Key {
            id: "AKIDEXAMPLE".into(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            now: "2015-08-30T12:36:00Z".parse().unwrap(),
        };
        let scope = Scope { region: "us-east-1", service: "service" };
        let url = Url::parse("https://example.amazonaws.com/").unwrap();
        let headers = key.sign(&scope, &Signed { method: "GET", url: &url, body: "" });
        assert_eq!(headers.date, "20150830T123600Z");
        assert_eq!(
            headers.authorization,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
    }
}
