//! Ports of the machine that lead to a service without HTTP: listed, published, closed.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{
    published_port::{PublishedPortView, PublishedPortsView},
    service::ServicePath,
};
use leptos::prelude::*;

/// The published ports of a service.
#[server(prefix = "/panel", endpoint = "ports")]
pub async fn load_ports(path: ServicePath) -> Result<PublishedPortsView, PanelError> {
    Ok(super::acting().await?.published_ports(&path).await?)
}

/// Has a port lead to a service.
#[server(prefix = "/panel", endpoint = "port_publish")]
pub async fn publish_port(
    path: String,
    protocol: String,
    #[server(default)] port: String,
    target: String,
) -> Result<PublishedPortView, PanelError> {
    use berth_domain::published_port::PublishedPort;
    let number = |field: &str, text: &str| match text.trim().parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(forms::invalid(field, "A port is a number from 1 to 65535.")),
    };
    let request = PublishedPort {
        protocol: protocol.trim().parse().map_err(|why: String| forms::invalid("protocol", why))?,
        port: number("port", &port)?,
        target: number("target", &target)?,
    };
    let service = forms::path(&path)?;
    let published = super::acting().await?.publish_port(&service, request).await?;
    super::done(&format!("/projects/{service}/proxy"), "port-published");
    Ok(published)
}

/// Has a port lead to a service no more.
#[server(prefix = "/panel", endpoint = "port_close")]
pub async fn close_port(path: String, published: String) -> Result<(), PanelError> {
    let Ok(published) = published.parse() else {
        return Err(forms::invalid("published", "That is not the id of a published port."));
    };
    let service = forms::path(&path)?;
    super::acting().await?.close_port(&service, published).await?;
    super::done(&format!("/projects/{service}/proxy"), "port-closed");
    Ok(())
}
