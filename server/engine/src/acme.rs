//! Authorities that give certificates, over ACME (RFC 8555). Only this module names `instant_acme`.
//!
//! It holds no state and decides nothing: what is ordered, when, and what is kept is decided in [`crate::certificates`].

mod error;
mod http;
mod order;

pub(crate) use error::AcmeError;
pub(crate) use order::{Order, Proof, Stage};

use std::path::PathBuf;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use berth_domain::authority::AuthorityRole;
use chrono::{DateTime, Utc};
use http::Http;
use instant_acme::{
    AccountCredentials, CertificateIdentifier, ExternalAccountKey, Identifier, NewAccount, NewOrder,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::Deserialize;

use crate::vault::Secret;

/// An authority, and how Berth introduces itself there.
#[derive(Debug, Clone)]
pub struct Authority {
    /// What it is for.
    pub role: AuthorityRole,
    /// The address of its directory.
    pub directory: String,
    /// Where it can write to about the certificates.
    pub email: Option<String>,
    /// A file of roots in PEM that vouch for the authority's own server, beside those of the machine.
    pub root: Option<PathBuf>,
    /// What ties the account to one that exists there already.
    pub binding: Option<ExternalBinding>,
}

/// The key that an authority gave for an account that exists there already.
#[derive(Debug, Clone)]
pub struct ExternalBinding {
    pub key_id: String,
    /// The key in base64, as it was given.
    pub hmac: Secret,
}

/// An account at an authority; cheap to clone.
#[derive(Clone)]
pub(crate) struct Account(instant_acme::Account);

impl Authority {
    /// Makes an account; answers it with its credentials, which are to be sealed.
    pub async fn register(&self) -> Result<(Account, Secret), AcmeError> {
        let contact: Vec<_> = self.email.iter().map(|email| format!("mailto:{email}")).collect();
        let contact: Vec<_> = contact.iter().map(String::as_str).collect();
        let new =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let binding = self.binding.as_ref().map(ExternalBinding::key).transpose()?;
        let builder = instant_acme::Account::builder_with_http(Box::new(Http::new(self)?));
        let (account, credentials) = builder.create(&new, self.directory.clone(), binding.as_ref()).await?;
        Ok((Account(account), sealable(&credentials)?))
    }

    /// The account of credentials that [`Authority::register`] gave.
    pub async fn open(&self, credentials: &Secret) -> Result<Account, AcmeError> {
        let credentials: AccountCredentials = serde_json::from_slice(credentials.expose())
            .map_err(|_| AcmeError::NoAccount("the stored account cannot be read".into()))?;
        let builder = instant_acme::Account::builder_with_http(Box::new(Http::new(self)?));
        Ok(Account(builder.from_credentials(credentials).await?))
    }

    /// The names by which it goes in CAA records; none when it does not say.
    pub async fn identities(&self) -> Result<Vec<String>, AcmeError> {
        #[derive(Deserialize, Default)]
        #[serde(default, rename_all = "camelCase")]
        struct Meta {
            caa_identities: Vec<String>,
        }
        #[derive(Deserialize)]
        struct Directory {
            #[serde(default)]
            meta: Meta,
        }
        let text = Http::new(self)?.text(&self.directory).await?;
        let directory: Directory = serde_json::from_str(&text)
            .map_err(|_| AcmeError::Unreachable(format!("{} is no ACME directory", self.directory)))?;
        Ok(directory.meta.caa_identities)
    }
}

impl ExternalBinding {
    fn key(&self) -> Result<ExternalAccountKey, AcmeError> {
        let text = self.hmac.expose_text().unwrap_or_default().trim_end_matches('=');
        let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| {
            let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
            STANDARD.decode(padded)
        });
        let bytes = bytes.map_err(|_| {
            AcmeError::Refused("the key of the external account binding is not base64: enter it anew".into())
        })?;
        Ok(ExternalAccountKey::new(self.key_id.clone(), &bytes))
    }
}

impl Account {
    /// Opens an order for these names.
    pub async fn order(&self, names: &[String]) -> Result<Order, AcmeError> {
        let names: Vec<_> = names.iter().cloned().map(Identifier::Dns).collect();
        Ok(Order::new(self.0.new_order(&NewOrder::new(&names)).await?))
    }

    /// An order that was opened before.
    pub async fn resume(&self, url: &str) -> Result<Order, AcmeError> {
        Ok(Order::new(self.0.order(url.to_owned()).await?))
    }

    /// Between which moments the authority wants a certificate renewed; none when it does not say.
    pub async fn renewal_window(&self, chain: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let leaf = CertificateDer::from_pem_slice(chain.as_bytes()).ok()?;
        let id = CertificateIdentifier::try_from(&leaf).ok()?.into_owned();
        let (info, _) = self.0.renewal_info(&id).await.ok()?;
        let window = info.suggested_window;
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        Some((at(window.start.unix_timestamp())?, at(window.end.unix_timestamp())?))
    }

    /// Has the authority declare a certificate void.
    pub async fn revoke(&self, chain: &str) -> Result<(), AcmeError> {
        let leaf = CertificateDer::from_pem_slice(chain.as_bytes())
            .map_err(|_| AcmeError::Refused("the certificate cannot be read".into()))?;
        let request = instant_acme::RevocationRequest { certificate: &leaf, reason: None };
        Ok(self.0.revoke(&request).await?)
    }

    /// Gives the account another key; answers the new credentials, which are to be sealed.
    pub async fn change_key(&mut self) -> Result<Secret, AcmeError> {
        sealable(&self.0.update_key().await?)
    }
}

fn sealable(credentials: &AccountCredentials) -> Result<Secret, AcmeError> {
    let bytes = serde_json::to_vec(credentials)
        .map_err(|_| AcmeError::Refused("the account's credentials cannot be kept".into()))?;
    Ok(Secret::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_binding_is_read_in_both_alphabets() {
        let key = |hmac: &str| ExternalBinding { key_id: "k".into(), hmac: Secret::new(hmac) }.key().is_ok();
        assert!(key("-_8") && key("+/8=") && key("YWJj"));
        assert!(!key("not base64 at all!"));
    }
}
