//! The verb that shows a service as the proxy sees it.

use super::{Acting, reach::service_in};
use crate::Result;
use berth_domain::{permission::Permission, proxy_view::ProxyView, service::ServicePath};

impl Acting {
    /// What the proxy has of a service now.
    pub async fn seen_by_proxy(&self, path: &ServicePath) -> Result<ProxyView> {
        self.require(Permission::Read)?;
        let service = service_in(&self.rows(), path).await?;
        let key = self.engine.parts.naming.route(service.id);
        let inner = format!("{key}-");
        let proxy = &self.engine.parts.proxy;
        let mut view = proxy.seen(&|name| name.starts_with(&inner)).await?;
        view.ipv6 = proxy.ipv6(&*self.engine.docker().await?).await?;
        Ok(view)
    }
}
