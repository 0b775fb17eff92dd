//! Verbs about webhooks.

use super::{Acting, reach::service_in};
use crate::{
    Engine, Error, Result,
    git::Bounds,
    store::Subject,
    vault::{Row, Secret},
    webhook::{Watched, registry_token, signing_token},
};
use berth_domain::{
    event::EventKind,
    ids::{DeliveryId, ServiceId},
    page::{Page, PageQuery},
    permission::Permission,
    problem::{Problem, ProblemKind},
    service::ServicePath,
    source::Source,
    webhook::{DeliveryView, WatchPaths, WatchTrial, WatchedFile, WebhookSecret, WebhookView},
};
use chrono::{DateTime, Utc};
use rand::{TryRngCore, rngs::OsRng};
use std::time::Duration;

/// How many deliveries the overview shows.
const SHOWN: u64 = 20;

/// How long a person waits for the repository.
const REPOSITORY_WITHIN: Duration = Duration::from_secs(20);

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
        let url = self.engine.webhook_url(service.id);
        let registry_url = format!("{url}?token={}", registry_token(secret.expose()));
        let secret = secret.expose_text().unwrap_or_default().to_owned();
        Ok(WebhookSecret { url, signing_token: signing_token(&secret), secret, registry_url })
    }

    /// Judges a stored delivery once more, and deploys when it says so.
    pub async fn replay_delivery(&self, path: &ServicePath, id: DeliveryId) -> Result<DeliveryView> {
        self.require(Permission::Deploy)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let kept = rows.kept_delivery(service.id, id).await?.ok_or_else(|| Error::not_found("delivery"))?;
        self.engine.replay(&self.actor, &service, kept).await
    }

    /// What watch paths, saved or not, make of the branch's last commit.
    pub async fn try_watch_paths(&self, path: &ServicePath, paths: WatchPaths) -> Result<WatchTrial> {
        self.require(Permission::Configure)?;
        paths.check().map_err(|why| Error::invalid("watch", why))?;
        let watched = Watched::of(&paths)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let Source::Git(git) = &service.source else {
            return Err(Error::conflict("This service comes from an image: there are no files to watch."));
        };
        let remote = self.engine.remote_of(&service, git).await?;
        let bounds = Bounds::within(REPOSITORY_WITHIN);
        let asked = self.engine.parts.git.last_commit(&remote, &git.branch, &bounds).await;
        self.engine.trust_host(self.scope(), Subject::service(service.id, path), &remote).await?;
        let (commit, files) =
            asked.map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))?;
        let seen = |path: String| WatchedFile { matched: watched.wants(&path), path };
        let files: Vec<WatchedFile> = files.into_iter().map(seen).collect();
        let deploys = paths.is_everything() || files.iter().any(|file| file.matched);
        Ok(WatchTrial { commit: commit.id, title: commit.subject, deploys, files })
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
    pub(crate) fn webhook_url(&self, service: ServiceId) -> String {
        format!("{}/hooks/{service}", self.panel_url())
    }
}
