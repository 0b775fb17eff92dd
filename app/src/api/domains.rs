//! Domains: listed, added, removed.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{domain_name::DomainView, service::ServicePath};
use leptos::prelude::*;

/// The domains of a service.
#[server(prefix = "/panel", endpoint = "domains")]
pub async fn load_domains(path: ServicePath) -> Result<Vec<DomainView>, PanelError> {
    Ok(super::acting().await?.domains(&path).await?)
}

/// Adds a domain.
#[server(prefix = "/panel", endpoint = "domain_add")]
pub async fn add_domain(
    path: String,
    host: String,
    /// The path prefix; everything when empty.
    #[server(default)]
    prefix: String,
    #[server(default)] port: String,
) -> Result<DomainView, PanelError> {
    use berth_domain::domain_name::AddDomain;
    let port = match forms::optional(&port) {
        Some(text) => match text.parse() {
            Ok(port) if port > 0 => Some(port),
            _ => return Err(forms::invalid("port", "A port is a number from 1 to 65535.")),
        },
        None => None,
    };
    let request = AddDomain {
        host: host.trim().parse().map_err(|why: String| forms::invalid("host", why))?,
        path: prefix.trim().parse().map_err(|why: String| forms::invalid("prefix", why))?,
        port,
    };
    let service = forms::path(&path)?;
    let domain = super::acting().await?.add_domain(&service, request).await?;
    super::done(&format!("/projects/{service}/domains"), "domain-added");
    Ok(domain)
}

/// Removes a domain.
#[server(prefix = "/panel", endpoint = "domain_remove")]
pub async fn remove_domain(path: String, domain: String) -> Result<(), PanelError> {
    let domain = domain.parse().map_err(|_| forms::invalid("domain", "That is not the id of a domain."))?;
    let path = forms::path(&path)?;
    super::acting().await?.remove_domain(&path, domain).await?;
    super::done(&format!("/projects/{path}/domains"), "domain-removed");
    Ok(())
}
