//! Verbs about webhooks.

use super::{Acting, reach::service_in};
use crate::{
    Engine, Error, Result,
    store::Subject,
    vault::{Row, Secret},
};
use berth_domain::{
    event::EventKind,
    ids::{DeliveryId, ServiceId},
    page::{Page, PageQuery},
    permission::Permission,
    service::ServicePath,
    webhook::{DeliveryView, WebhookSecret, WebhookView},
};
use chrono::{DateTime, Utc};
use rand::{TryRngCore, rngs::OsRng};

/// How many deliveries the overview shows.
const SHOWN: u64 = 20;

impl Acting {
    /// Where a git host should send pushes, and the last deliveries.
    pub async fn webhook(&self, path: &ServicePath) -> Result<WebhookView> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        Ok(WebhookView {
            url: self.engine.webhook_url(service.id),
            secret_set: service.webhook_secret.is_some(),
            deliveries: rows.deliveries(service.id, None, SHOWN).await?,
        })
    }

    /// Makes a fresh secret and shows it once.
    pub async fn rotate_webhook_secret(&self, path: &ServicePath) -> Result<WebhookSecret> {
        self.require(Permission::Configure)?;
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| Error::internal("make a secret", error))?;
        let secret = Secret::new(hex::encode(bytes));
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        let place = Row::new("services", service.id.0, "webhook_secret");
        let sealed = self.engine.vault().seal(&place, secret.expose());
        let sealed = sealed.map_err(|error| Error::internal("seal the webhook's secret", error))?;
        rows.keep_webhook_secret(service.id, sealed).await?;
        let told = format!("The webhook of {path} has a fresh secret.");
        write.record(self.tells(EventKind::WebhookSecretRotated, Subject::service(service.id, path), told));
        write.commit().await?;
        let secret = secret.expose_text().unwrap_or_default().to_owned();
        Ok(WebhookSecret { url: self.engine.webhook_url(service.id), secret })
    }

    /// The deliveries of a service, newest first.
    pub async fn deliveries(&self, path: &ServicePath, query: PageQuery) -> Result<Page<DeliveryView>> {
        self.require(Permission::Read)?;
        let before = query.after.as_deref().map(cursor).transpose()?;
        let limit = query.rows();
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let mut items = rows.deliveries(service.id, before, limit + 1).await?;
        let more = items.len() as u64 > limit;
        items.truncate(limit as usize);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| format!("{}-{}", last.received_at.timestamp_micros(), last.id));
        Ok(Page { items, next })
    }
}

/// Reads `<microseconds>-<id>`.
fn cursor(text: &str) -> Result<(DateTime<Utc>, DeliveryId)> {
    let parts = || {
        let (micros, id) = text.split_once('-')?;
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
    };
    parts().ok_or_else(|| Error::invalid("after", "The cursor is not one of a former answer."))
}

impl Engine {
    /// Where a git host reaches a service's webhook.
    fn webhook_url(&self, service: ServiceId) -> String {
        format!("{}/hooks/{service}", self.config().public_url.trim_end_matches('/'))
    }
}
