//! Certificates: listed, tried at once, uploaded, removed.

use super::PanelError;
use berth_domain::{authority::AuthorityView, certificate::CertificateView};
use leptos::prelude::*;

/// The certificates, and the attempts to get some.
#[server(prefix = "/panel", endpoint = "certificates")]
pub async fn load_certificates() -> Result<Vec<CertificateView>, PanelError> {
    Ok(super::acting().await?.certificates().await?)
}

/// The authorities, with what is left of the budget at each.
#[server(prefix = "/panel", endpoint = "certificate_authorities")]
pub async fn load_authorities() -> Result<Vec<AuthorityView>, PanelError> {
    Ok(super::acting().await?.certificate_authorities().await?)
}

/// Has a certificate ordered or renewed at once.
#[server(prefix = "/panel", endpoint = "certificate_retry")]
pub async fn retry_certificate(certificate: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    acting.retry_certificate(id(&certificate)?).await?;
    super::done("/certificates", "certificate-retried");
    Ok(())
}

/// Takes a certificate that a person brings.
#[server(prefix = "/panel", endpoint = "certificate_upload")]
pub async fn upload_certificate(chain: String, key: String) -> Result<(), PanelError> {
    use berth_domain::certificate::UploadCertificate;
    super::acting().await?.upload_certificate(UploadCertificate { chain, key }).await?;
    super::done("/certificates", "certificate-uploaded");
    Ok(())
}

/// Removes a certificate that was uploaded.
#[server(prefix = "/panel", endpoint = "certificate_remove")]
pub async fn remove_certificate(certificate: String) -> Result<(), PanelError> {
    let acting = super::acting().await?;
    acting.remove_certificate(id(&certificate)?).await?;
    super::done("/certificates", "certificate-removed");
    Ok(())
}

#[cfg(feature = "ssr")]
fn id(text: &str) -> Result<berth_domain::ids::CertificateId, PanelError> {
    text.parse().map_err(|_| PanelError::invalid("certificate", "That is not the id of a certificate."))
}
