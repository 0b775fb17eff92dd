//! Verbs about domains.

use super::Acting;
use crate::Result;
use berth_domain::{
    domain_name::{AddDomain, DomainView},
    ids::DomainId,
    service::ServicePath,
};

impl Acting {
    /// The domains of a service.
    pub async fn domains(&self, _path: &ServicePath) -> Result<Vec<DomainView>> {
        todo!()
    }

    /// Adds a domain; it is effective at once when the service is live.
    pub async fn add_domain(&self, _path: &ServicePath, _request: AddDomain) -> Result<DomainView> {
        todo!()
    }

    /// Removes a domain; effective at once.
    pub async fn remove_domain(&self, _path: &ServicePath, _domain: DomainId) -> Result<()> {
        todo!()
    }
}
