//! The certificates that the proxy serves: a file for each in the watched folder, which only its owner reads. Chain and
//! key stand in one file, so that the proxy never sees one without the other.

use super::Proxy;
use super::error::ProxyError;
use super::files;
use super::render::is_word;
use super::yaml::Document;
use crate::vault::Secret;

/// The first part of their names; no service's file can have it, since their names have no `_`.
const PREFIX: &str = "_certificate-";

impl Proxy {
    /// Hands a certificate over; `true` when that changed anything.
    pub async fn write_certificate(&self, id: &str, chain: &str, key: &Secret) -> Result<bool, ProxyError> {
        let text = render(id, chain, key.expose_text().unwrap_or_default())?;
        files::write(&self.config.folder, &file_of(id)?, &text).await
    }

    /// Takes a certificate back; absent is fine.
    pub async fn remove_certificate(&self, id: &str) -> Result<(), ProxyError> {
        files::remove(&self.config.folder, &file_of(id)?).await
    }

    /// The ids of the certificates that were handed over.
    pub async fn certificates_on_disk(&self) -> Result<Vec<String>, ProxyError> {
        let names = files::names(&self.config.folder).await?;
        let id = |name: String| Some(name.strip_prefix(PREFIX)?.to_owned());
        Ok(names.into_iter().filter_map(id).collect())
    }
}

fn file_of(id: &str) -> Result<String, ProxyError> {
    check(id, is_word(id), "its id must be letters, digits and `-`")?;
    Ok(format!("{PREFIX}{id}.yaml"))
}

fn render(id: &str, chain: &str, key: &str) -> Result<String, ProxyError> {
    let whole = chain.contains("-----BEGIN CERTIFICATE-----") && key.contains("PRIVATE KEY-----");
    check(id, whole, "it has no chain or no key in PEM")?;
    let mut file = Document::default();
    file.line(0, "# Written by Berth, and written again at the next change: edits are lost.");
    file.line(0, "tls:").line(1, "certificates:");
    file.entry(2, "- certFile", chain).entry(3, "keyFile", key);
    Ok(file.finish())
}

fn check(id: &str, good: bool, reason: &str) -> Result<(), ProxyError> {
    if good {
        return Ok(());
    }
    Err(ProxyError::Certificate { id: id.to_owned(), reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use saphyr::{LoadableYamlNode, Yaml};

    #[test]
    fn chain_and_key_come_back_as_they_were() {
        let chain = "-----BEGIN CERTIFICATE-----\nAAA=\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nBBB=\n-----END PRIVATE KEY-----\n";
        let text = render("id", chain, key).expect("a file");
        let read = Yaml::load_from_str(&text).expect("valid YAML");
        let first = &read[0]["tls"]["certificates"][0];
        assert_eq!((first["certFile"].as_str(), first["keyFile"].as_str()), (Some(chain), Some(key)));
    }

    #[test]
    fn what_is_no_certificate_is_not_written() {
        assert!(render("id", "/etc/passwd", "/etc/shadow").is_err());
        assert!(file_of("../x").is_err());
    }
}
