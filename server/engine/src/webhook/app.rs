//! The webhook of an App: one for all repositories that it is installed for. A call goes to every service of its
//! organisation that is made of the repository.

use super::{Call, Heard, signature};
use crate::{
    Actor, Engine, Error, Result,
    connections::{HostUrl, Identity},
    front::IncomingAppWebhook,
    git::RemoteUrl,
    store::{ConnectionRow, Scope, ServiceRow},
};
use berth_domain::{
    connection::AppDelivery,
    event::EventKind,
    ids::ConnectionId,
    problem::{Problem, ProblemKind},
    source::Source,
    webhook::Provider,
};
use serde::Deserialize;

/// The part of every call that says what it is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct About {
    action: Option<String>,
    repository: Option<Repository>,
    installation: Option<Installation>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Debug, Deserialize)]
struct Installation {
    id: u64,
}

impl Engine {
    /// Whether there is such a connection with an App; asked before a body is read.
    pub async fn has_app_webhook(&self, id: ConnectionId) -> Result<bool> {
        let row = self.store().connection_anywhere(id).await?;
        Ok(row.is_some_and(|row| row.kind == berth_domain::connection::ConnectionKind::GitHubApp))
    }

    /// Judges a call for every service of its repository.
    pub async fn receive_app_webhook(&self, incoming: IncomingAppWebhook) -> Result<AppDelivery> {
        let row = self.store().connection_anywhere(incoming.connection).await?;
        let row = row.ok_or_else(|| Error::not_found("webhook"))?;
        let Identity::App(app) = self.identity(&row)? else { return Err(Error::not_found("webhook")) };
        let call = Call::read(&incoming.headers, None);
        let not_believed = |why: &str| Error::from(Problem::new(ProblemKind::Unauthenticated, why));
        if call.provider != Provider::GitHub {
            return Err(not_believed("This is the webhook of an App at GitHub."));
        }
        if let Some(why) =
            signature::distrust(app.webhook_secret.as_bytes(), &call, &incoming.body, self.now())
        {
            return Err(not_believed(why));
        }
        let about: About = serde_json::from_slice(&incoming.body)
            .map_err(|_| Error::invalid("body", "The body is not the JSON of an App's webhook."))?;
        if let Some(done) = self.installation_moved(&row, &call, &about).await? {
            return Ok(done);
        }
        let Some(repository) = &about.repository else {
            return Ok(AppDelivery::ignored(format!("{} is about no repository.", call.event)));
        };
        let mut deliveries = Vec::new();
        for service in self.services_of(&row, &repository.full_name).await? {
            let heard = Heard {
                service: &service,
                provider: call.provider,
                event: call.event.clone(),
                delivery: call.delivery.clone(),
                what: None,
                replay_of: None,
                actor: Actor::webhook(service.organisation, incoming.address.clone()),
                kind: EventKind::WebhookReceived,
            };
            deliveries.push(self.believe(heard, &call, &incoming.body).await?);
        }
        Ok(AppDelivery::judged(&repository.full_name, deliveries))
    }

    /// Notes that the App was installed, or is no more.
    async fn installation_moved(
        &self,
        row: &ConnectionRow,
        call: &Call,
        about: &About,
    ) -> Result<Option<AppDelivery>> {
        let (Some(installation), Some(action)) = (&about.installation, &about.action) else {
            return Ok(None);
        };
        let now = match (call.event.as_str(), action.as_str()) {
            ("installation", "created" | "unsuspend") => Some(installation.id),
            ("installation", "deleted" | "suspend") if row.installation == Some(installation.id) => None,
            _ => return Ok(None),
        };
        self.installed_at(row, now).await?;
        Ok(Some(AppDelivery::ignored("It is noted where the App is installed.".into())))
    }

    /// The services of the connection's organisation that are made of a repository of its host, however they are fetched.
    async fn services_of(&self, row: &ConnectionRow, repository: &str) -> Result<Vec<ServiceRow>> {
        let mut all = self.store().scoped(Scope(row.organisation)).all_services().await?;
        let Ok(host) = row.url.parse::<HostUrl>() else { return Ok(Vec::new()) };
        all.retain(|service| match &service.source {
            Source::Git(git) => is_of(&host, &git.url, repository),
            Source::Pushed(_) | Source::Image(_) => false,
        });
        Ok(all)
    }
}

/// Whether an address is that of this repository. GitHub's names are the same in capitals.
fn is_of(host: &HostUrl, url: &str, repository: &str) -> bool {
    if let Some(named) = host.repository(url) {
        return named.eq_ignore_ascii_case(repository);
    }
    let Ok(remote) = url.parse::<RemoteUrl>() else { return false };
    let path = remote.path().trim_matches('/');
    remote.is_ssh()
        && host.url().host_str() == Some(remote.host())
        && path.strip_suffix(".git").unwrap_or(path).eq_ignore_ascii_case(repository)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_known_by_both_of_its_addresses() {
        let host: HostUrl = "https://github.com".parse().expect("an address");
        for url in [
            "https://github.com/Team/shop.git",
            "git@github.com:team/shop.git",
            "https://github.com/team/shop",
        ] {
            assert!(is_of(&host, url, "team/Shop"), "{url}");
        }
        for url in [
            "https://gitlab.com/team/shop.git",
            "git@gitlab.com:team/shop.git",
            "https://github.com/team/shop2",
        ] {
            assert!(!is_of(&host, url, "team/shop"), "{url}");
        }
    }
}
