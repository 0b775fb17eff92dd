//! Verbs about webhooks.

use super::Acting;
use crate::Result;
use berth_domain::{
    page::Page,
    page::PageQuery,
    service::ServicePath,
    webhook::{DeliveryView, WebhookSecret, WebhookView},
};

impl Acting {
    /// Where a git host should send pushes, and the last deliveries.
    pub async fn webhook(&self, _path: &ServicePath) -> Result<WebhookView> {
        todo!()
    }

    /// Makes a fresh secret and shows it once.
    pub async fn rotate_webhook_secret(&self, _path: &ServicePath) -> Result<WebhookSecret> {
        todo!()
    }

    /// The deliveries of a service, newest first.
    pub async fn deliveries(&self, _path: &ServicePath, _query: PageQuery) -> Result<Page<DeliveryView>> {
        todo!()
    }
}
