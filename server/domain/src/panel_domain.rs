//! The panel's own host name, under which it is reached through the proxy.

use crate::{certificate::CertificateView, domain_name::HostName};
use serde::{Deserialize, Serialize};

/// Where the panel is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PanelDomainView {
    /// Absent when nobody gave it one: it is reached at its port alone.
    pub host: Option<HostName>,
    /// The address that Berth writes into links: the host's once it answers there as people expect.
    pub url: String,
    /// What is known of the host's certificate.
    #[serde(default)]
    pub certificate: Option<CertificateView>,
}

/// Gives the panel a host name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetPanelDomain {
    pub host: HostName,
}
