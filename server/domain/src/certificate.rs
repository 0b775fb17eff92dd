//! Certificates: what HTTPS needs for a name, where it came from, and why it is not there.

use crate::{ids::CertificateId, permission::text_enum};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// Where a certificate comes from.
    CertificateOrigin {
        /// Ordered by Berth from an authority that speaks ACME.
        Acme = "acme",
        /// A person brought it.
        Uploaded = "uploaded",
        /// Made by Berth itself for names that no authority knows.
        SelfSigned = "self-signed",
    }
}

text_enum! {
    /// How far the last attempt to get one went.
    CertificateState {
        /// It was not tried yet.
        Waiting = "waiting",
        /// An order is open at the authority.
        Ordering = "ordering",
        /// The last attempt gave one.
        Issued = "issued",
        /// The last attempt gave none; an earlier certificate may still serve.
        Failed = "failed",
    }
}

/// A certificate, or what is known of the attempts to get one. Its key is never shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CertificateView {
    pub id: CertificateId,
    /// The host names that it is for.
    pub names: Vec<String>,
    pub origin: CertificateOrigin,
    pub state: CertificateState,
    /// Whether the names are answered over HTTPS with it now.
    pub serves: bool,
    /// The authority that gave it, by the host of its directory.
    #[serde(default)]
    pub authority: Option<String>,
    /// When the staging authority had nothing against its names.
    #[serde(default)]
    pub staged_at: Option<DateTime<Utc>>,
    /// Who vouches for it.
    pub issuer: Option<String>,
    pub not_before: Option<DateTime<Utc>>,
    pub not_after: Option<DateTime<Utc>>,
    /// When it is renewed.
    pub renew_at: Option<DateTime<Utc>>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// Why the last attempt gave none.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// How many attempts in a row gave none.
    pub failures: u32,
}

/// A certificate that a person brings.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadCertificate {
    /// The certificate and those that vouch for it, in PEM, its own first.
    pub chain: String,
    /// Its private key, in PEM.
    pub key: String,
}

impl fmt::Debug for UploadCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadCertificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}

/// When a certificate is to be renewed if its authority says nothing: after two thirds of its life.
pub fn two_thirds(not_before: DateTime<Utc>, not_after: DateTime<Utc>) -> DateTime<Utc> {
    not_before + (not_after - not_before) * 2 / 3
}

/// How many days before its end somebody is warned.
const WARNINGS: [i64; 3] = [3, 7, 14];

/// The warning that is due, as days before the end; none when there is time or when the whole life is short.
pub fn warning_due(
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    now: DateTime<Utc>,
    told: Option<i64>,
) -> Option<i64> {
    let due = WARNINGS.into_iter().find(|days| not_after - now <= TimeDelta::days(*days))?;
    // A certificate that lives for ten days is not worth a warning on its first.
    let worth = now >= two_thirds(not_before, not_after);
    (worth && told.is_none_or(|told| due < told)).then_some(due)
}

/// Whether a name of a certificate, which may be a wildcard, covers a host.
pub fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(zone) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(zone)),
        None => name.eq_ignore_ascii_case(host),
    }
}

/// Why no public authority gives a certificate for a host, if so.
pub fn not_public(host: &str) -> Option<String> {
    const PRIVATE: [&str; 8] =
        ["localhost", "local", "internal", "invalid", "onion", "home", "lan", "localdomain"];
    let last = host.rsplit('.').next().unwrap_or_default();
    if !host.contains('.') || host == last {
        return Some(format!("{host} has no dot: no authority gives a certificate for such a name."));
    }
    if last.chars().all(|c| c.is_ascii_digit()) {
        return Some(format!("{host} is an address, not a name."));
    }
    PRIVATE
        .contains(&last)
        .then(|| format!("Names below .{last} are private: no authority gives a certificate for {host}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("*.example.com", "a.example.com") && covers("A.example.com", "a.Example.com"));
        assert!(!covers("*.example.com", "a.b.example.com") && !covers("*.example.com", "example.com"));
    }

    #[test]
    fn private_names_are_told_apart() {
        for private in ["localhost", "web.localhost", "10.0.0.1", "nas.local", "intranet"] {
            assert!(not_public(private).is_some(), "{private}");
        }
        assert_eq!(not_public("shop.example.com"), None);
    }

    /// R-TLS-4: a warning at 14, 7 and 3 days, each once.
    #[test]
    fn r_tls_4_warnings_come_once_each_and_renewal_at_two_thirds() {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let day = TimeDelta::days;
        let end = start + day(90);
        assert_eq!(two_thirds(start, end), start + day(60));
        let due = |at: i64, told| warning_due(start, end, start + day(at), told);
        assert_eq!([due(60, None), due(76, None), due(77, Some(14))], [None, Some(14), None]);
        assert_eq!([due(83, Some(14)), due(87, Some(7)), due(89, Some(3))], [Some(7), Some(3), None]);
        assert_eq!(warning_due(start, start + day(10), start + day(1), None), None);
    }
}
