//! What a certificate says of itself, and keys and signing requests.

use chrono::{DateTime, Utc};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

use crate::vault::Secret;

/// What a chain of certificates is, as far as Berth needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspected {
    pub names: Vec<String>,
    pub issuer: String,
    pub not_before: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
}

/// Why a chain and a key cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("The chain has no certificate in PEM (-----BEGIN CERTIFICATE-----).")]
    NoCertificate,
    #[error("The key is no private key in PEM (-----BEGIN PRIVATE KEY-----).")]
    NoKey,
    #[error("The first certificate of the chain cannot be read: {0}.")]
    Unreadable(String),
    #[error("The key does not belong to the first certificate of the chain.")]
    Mismatch,
    #[error("This kind of key cannot be used: {0}.")]
    Unusable(String),
    #[error("The certificate names no host.")]
    NoNames,
}

/// Reads a chain and sees that the key belongs to it.
pub(crate) fn inspect(chain: &str, key: &Secret) -> Result<Inspected, Unfit> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| Unfit::NoCertificate)?;
    let leaf = certificates.first().ok_or(Unfit::NoCertificate)?.clone();
    let key = PrivateKeyDer::from_pem_slice(key.expose()).map_err(|_| Unfit::NoKey)?;
    match CertifiedKey::from_der(certificates, key, &ring::default_provider()) {
        Ok(_) => {}
        Err(rustls::Error::InconsistentKeys(_)) => return Err(Unfit::Mismatch),
        Err(error) => return Err(Unfit::Unusable(error.to_string())),
    }
    read(&leaf)
}

fn read(leaf: &CertificateDer<'_>) -> Result<Inspected, Unfit> {
    let unreadable = |why: String| Unfit::Unreadable(why);
    let (_, leaf) = X509Certificate::from_der(leaf).map_err(|error| unreadable(error.to_string()))?;
    let names = leaf.subject_alternative_name().map_err(|error| unreadable(error.to_string()))?;
    let names: Vec<_> = names.iter().flat_map(|names| &names.value.general_names).collect();
    let names: Vec<_> = names
        .into_iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return Err(Unfit::NoNames);
    }
    let at = |seconds| {
        DateTime::from_timestamp(seconds, 0).ok_or_else(|| unreadable("its dates are impossible".into()))
    };
    let validity = leaf.validity();
    Ok(Inspected {
        names,
        issuer: called(leaf.issuer()),
        not_before: at(validity.not_before.timestamp())?,
        not_after: at(validity.not_after.timestamp())?,
    })
}

/// An issuer's organisation and common name, as far as it has them.
fn called(name: &X509Name<'_>) -> String {
    let organisation = name.iter_organization().next().and_then(|part| part.as_str().ok());
    let common = name.iter_common_name().next().and_then(|part| part.as_str().ok());
    match (organisation, common) {
        (Some(organisation), Some(common)) => format!("{organisation}, {common}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => name.to_string(),
    }
}

/// A fresh private key, in PEM.
pub(super) fn fresh_key() -> Result<Secret, rcgen::Error> {
    Ok(Secret::new(KeyPair::generate()?.serialize_pem()))
}

/// A signing request for these names, in DER.
pub(super) fn signing_request(names: &[String], key: &Secret) -> Result<Vec<u8>, rcgen::Error> {
    let key = KeyPair::from_pem(key.expose_text().unwrap_or_default())?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    Ok(params.serialize_request(&key)?.der().to_vec())
}

/// A certificate that nobody but Berth vouches for, with its key.
pub(super) fn self_signed(names: &[String], now: DateTime<Utc>) -> Result<(String, Secret), rcgen::Error> {
    use chrono::Datelike;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Berth, for this machine only");
    // Browsers refuse what lives for more than 398 days.
    let day = |at: DateTime<Utc>| rcgen::date_time_ymd(at.year(), at.month() as u8, at.day() as u8);
    params.not_before = day(now - chrono::TimeDelta::days(1));
    params.not_after = day(now + chrono::TimeDelta::days(390));
    let chain = params.self_signed(&key)?.pem();
    Ok((chain, Secret::new(key.serialize_pem())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str) -> (String, Secret) {
        self_signed(&[name.to_owned()], Utc::now()).expect("a certificate")
    }

    #[test]
    fn a_chain_and_its_key_are_read() {
        let (chain, key) = made("web.localhost");
        let seen = inspect(&chain, &key).expect("fit");
        assert_eq!(seen.names, ["web.localhost"]);
        assert_eq!(seen.issuer, "Berth, for this machine only");
        assert!(seen.not_before < Utc::now() && seen.not_after > Utc::now());
    }

    #[test]
    fn what_does_not_fit_is_told_in_words() {
        let ((chain, key), (_, other)) = (made("a.localhost"), made("b.localhost"));
        assert_eq!(inspect(&chain, &other), Err(Unfit::Mismatch));
        assert_eq!(inspect("", &key), Err(Unfit::NoCertificate));
        assert_eq!(inspect(&chain, &Secret::new("x")), Err(Unfit::NoKey));
    }

    #[test]
    fn a_signing_request_is_made_with_a_fresh_key() {
        let key = fresh_key().expect("a key");
        assert!(signing_request(&["shop.example.com".to_owned()], &key).is_ok());
    }
}
