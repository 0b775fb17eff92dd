//! Tells a git host by its interface where a service's pushes go, where the connection's token may do that.

use super::unavailable;
use crate::{
    Actor, Engine, Result,
    statuses::{Host, Refused},
    store::{NewEvent, ServiceRow, Subject},
};
use berth_domain::{
    connection::{ConnectionKind, WebhookRegistration},
    event::EventKind,
    source::Source,
    webhook::Provider,
};
use reqwest::Method;
use serde_json::{Value, json};

/// A webhook that a host is to have.
struct Hook<'a> {
    url: &'a str,
    secret: &'a str,
}

impl Engine {
    /// Has the host of a service's connection send its pushes; none when the source names no connection.
    pub(crate) async fn register_webhook(
        &self,
        actor: &Actor,
        service: &ServiceRow,
        url: &str,
        secret: &str,
    ) -> Result<Option<WebhookRegistration>> {
        let Source::Git(git) = &service.source else { return Ok(None) };
        let Some((row, repository)) = self.connection_of(service.scope(), git).await? else {
            return Ok(None);
        };
        if row.kind == ConnectionKind::GitHubApp {
            let message = "The App has one webhook for all its repositories: there is nothing to set.".into();
            return Ok(Some(WebhookRegistration { registered: true, message }));
        }
        let told = match self.connected(&row).await {
            Ok(host) => {
                let told = host.at(&repository).keep_hook(&Hook { url, secret }).await;
                told.map_err(|refused| unavailable(refused).problem().message)
            }
            Err(error) => Err(error.problem().message),
        };
        let (kind, registered, message) = match told {
            Ok(()) => {
                let message = format!("{} sends the pushes of {repository} to {}.", row.url, service.path);
                (EventKind::WebhookRegistered, true, message)
            }
            Err(why) => {
                let message = format!(
                    "{} was not told to send the pushes of {repository} to {}: {why} A token that may keep webhooks \
                     mends it; or set it there by hand, as the settings of the service say.",
                    row.url, service.path
                );
                (EventKind::WebhookNotRegistered, false, message)
            }
        };
        let subject = Subject::service(service.id, &service.path);
        let mut write = self.store().begin().await?;
        write.record(NewEvent::new(actor, kind, subject, message.clone()));
        write.commit().await?;
        Ok(Some(WebhookRegistration { registered, message }))
    }
}

impl Host {
    /// Makes the webhook, or brings the one of the same address up to date.
    async fn keep_hook(&self, hook: &Hook<'_>) -> std::result::Result<(), Refused> {
        let hooks = format!("{}/hooks", self.address());
        let known = self.read(Method::GET, &hooks, None).await?.json;
        let all = known.as_array().or(known["values"].as_array()).map(Vec::as_slice).unwrap_or_default();
        let same =
            all.iter().find(|one| [&one["url"], &one["config"]["url"]].iter().any(|u| **u == hook.url));
        let body = self.hook_body(hook);
        let Some(same) = same else { return self.read(Method::POST, &hooks, Some(&body)).await.map(drop) };
        let id = match &same["id"] {
            Value::Number(number) => number.to_string(),
            _ => same["uuid"].as_str().unwrap_or_default().to_owned(),
        };
        let method = match self.provider() {
            Provider::GitLab | Provider::Bitbucket => Method::PUT,
            _ => Method::PATCH,
        };
        self.read(method, &format!("{hooks}/{id}"), Some(&body)).await.map(drop)
    }

    /// A webhook in the host's own form.
    fn hook_body(&self, hook: &Hook<'_>) -> Value {
        let config = json!({ "url": hook.url, "content_type": "json", "secret": hook.secret });
        match self.provider() {
            Provider::GitLab => json!({
                "url": hook.url, "token": hook.secret, "push_events": true, "tag_push_events": true,
                "merge_requests_events": true, "enable_ssl_verification": true,
            }),
            Provider::Bitbucket => json!({
                "description": "Berth", "url": hook.url, "active": true, "secret": hook.secret,
                "events": ["repo:push", "pullrequest:created", "pullrequest:updated", "pullrequest:fulfilled",
                    "pullrequest:rejected"],
            }),
            Provider::Gitea => json!({
                "type": "gitea", "active": true, "config": config,
                "events": ["push", "delete", "pull_request", "pull_request_sync"],
            }),
            _ => json!({
                "name": "web", "active": true, "config": config, "events": ["push", "pull_request", "delete"],
            }),
        }
    }
}
