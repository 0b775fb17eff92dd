//! Domains: listed, added, changed, removed; and a service as the proxy sees it.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use super::service::forms::DomainForm;
use berth_domain::{domain_name::DomainView, proxy_view::ProxyView, service::ServicePath};
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

/// A domain with its settings.
#[server(prefix = "/panel", endpoint = "domain")]
pub async fn load_domain(path: ServicePath, domain: String) -> Result<DomainView, PanelError> {
    Ok(super::acting().await?.domain(&path, id(&domain)?).await?)
}

/// What the proxy has of a service.
#[server(prefix = "/panel", endpoint = "proxy")]
pub async fn load_proxy(path: ServicePath) -> Result<ProxyView, PanelError> {
    Ok(super::acting().await?.seen_by_proxy(&path).await?)
}

/// Changes what a domain does; its users stay.
#[server(prefix = "/panel", endpoint = "domain_change")]
pub async fn change_domain(
    path: String,
    domain: String,
    #[server(flatten)] form: DomainForm,
) -> Result<DomainView, PanelError> {
    let (acting, service, domain) = (super::acting().await?, forms::path(&path)?, id(&domain)?);
    let changed = acting.change_domain(&service, domain, form.change()?).await;
    let view = changed.map_err(|error| {
        let mut error = PanelError::from(error);
        error.0.field = error.0.field.map(|field| forms::domain_field(&field).to_owned());
        error
    })?;
    super::done(&format!("/projects/{service}/domains/{}", view.id), "domain-changed");
    Ok(view)
}

/// Lets a user in with a password, or no longer.
#[server(prefix = "/panel", endpoint = "domain_login")]
pub async fn set_login(
    path: String,
    domain: String,
    username: String,
    /// Empty: the user does not come in any more.
    #[server(default)]
    secret: String,
) -> Result<DomainView, PanelError> {
    use berth_domain::domain_settings::{ChangeDomain, SetLogin};
    let (acting, service, domain) = (super::acting().await?, forms::path(&path)?, id(&domain)?);
    let present = acting.domain(&service, domain).await?.settings.logins;
    let others = present.into_iter().filter(|name| *name != username);
    let mut logins: Vec<_> = others.map(|name| SetLogin { name, password: None }).collect();
    if !secret.is_empty() {
        logins.push(SetLogin { name: username, password: Some(secret) });
    }
    let change = ChangeDomain { logins: Some(logins), ..ChangeDomain::default() };
    let changed = acting.change_domain(&service, domain, change).await;
    let view = changed.map_err(|error| {
        let mut error = PanelError::from(error);
        error.0.field = error.0.field.map(|_| "username".to_owned());
        error
    })?;
    super::done(&format!("/projects/{service}/domains/{}", view.id), "domain-changed");
    Ok(view)
}

/// Removes a domain.
#[server(prefix = "/panel", endpoint = "domain_remove")]
pub async fn remove_domain(path: String, domain: String) -> Result<(), PanelError> {
    let domain = id(&domain)?;
    let path = forms::path(&path)?;
    super::acting().await?.remove_domain(&path, domain).await?;
    super::done(&format!("/projects/{path}/domains"), "domain-removed");
    Ok(())
}

#[cfg(feature = "ssr")]
fn id(text: &str) -> Result<berth_domain::ids::DomainId, PanelError> {
    text.parse().map_err(|_| forms::invalid("domain", "That is not the id of a domain."))
}
