//! Connections to git hosts: who Berth is there, for every repository of that host that a service's source names.

mod app;
mod host_url;
mod lists;
mod manifest;
mod register;

pub(crate) use app::install_url;
pub(crate) use host_url::{HostUrl, is_repository};

use crate::{
    Engine, Error, Result,
    runtime::SealedCredential,
    statuses::{Host, Refused},
    store::{ConnectionRow, Scope, ServiceRow},
    vault::{Row, Secret},
};
use app::Grants;
use berth_domain::{
    connection::ConnectionKind,
    ids::ConnectionId,
    problem::{Problem, ProblemKind},
    source::{GitSource, Source},
};
use serde::{Deserialize, Serialize};

/// What is remembered of the hosts.
#[derive(Default)]
pub(crate) struct Connections {
    grants: Grants,
}

/// Who Berth is at a host, as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(crate) enum Identity {
    Token { username: String, token: String },
    App(AppIdentity),
}

/// What GitHub gave Berth for its App.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AppIdentity {
    pub id: u64,
    pub slug: String,
    pub html_url: String,
    pub private_key: String,
    pub webhook_secret: String,
    pub client_id: String,
    pub client_secret: String,
}

/// Where the identity of a connection is sealed.
pub(crate) fn place(id: ConnectionId) -> Row {
    Row::new("connections", id.0, "sealed")
}

/// A refusal as the one who asked is told it.
pub(crate) fn unavailable(refused: Refused) -> Error {
    Problem::new(ProblemKind::Unavailable, format!("{}.", refused.why)).into()
}

impl Engine {
    /// Who Berth is there, out of its seal.
    pub(crate) fn identity(&self, row: &ConnectionRow) -> Result<Identity> {
        let opened = self.vault().unseal(&place(row.id), &row.sealed);
        let opened = opened.map_err(|error| Error::internal("open a connection to a git host", error))?;
        serde_json::from_slice(opened.expose())
            .map_err(|error| Error::internal("read a connection to a git host", error))
    }

    pub(crate) fn seal_identity(&self, id: ConnectionId, identity: &Identity) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(identity);
        let text = Secret::new(text.map_err(|error| Error::internal("write down a connection", error))?);
        let sealed = self.vault().seal(&place(id), text.expose());
        sealed.map_err(|error| Error::internal("seal a connection to a git host", error))
    }

    /// The connection's host, with a token that is good now.
    pub(crate) async fn connected(&self, row: &ConnectionRow) -> Result<Host> {
        let allowed = &self.config().private_hosts;
        Ok(match self.identity(row)? {
            Identity::Token { username, token } => {
                Host::connected(row.kind, &row.url, token, allowed).with_username(&username)
            }
            Identity::App(app) => {
                let token = self.installation_token(row, &app).await?;
                Host::connected(row.kind, &row.url, token, allowed)
            }
        })
    }

    /// The connection that a source names, when it is there and the repository is at its host: whoever may set a source
    /// must not have the token sent to another one.
    pub(crate) async fn connection_of(
        &self,
        scope: Scope,
        git: &GitSource,
    ) -> Result<Option<(ConnectionRow, String)>> {
        let Some(id) = git.connection else { return Ok(None) };
        let row = self.store().scoped(scope).connection(id).await?.ok_or_else(removed)?;
        let repository = repository_at(&row, &git.url)?;
        Ok(Some((row, repository)))
    }

    /// What git is given for a repository of a connection.
    pub(crate) async fn connection_credential(
        &self,
        scope: Scope,
        git: &GitSource,
    ) -> Result<Option<SealedCredential>> {
        let Some((row, _)) = self.connection_of(scope, git).await? else { return Ok(None) };
        let (given, secret) = match self.identity(&row)? {
            Identity::Token { username, token } => (username, token),
            Identity::App(app) => (String::new(), self.installation_token(&row, &app).await?),
        };
        let username = git_user(row.kind, &given).to_owned();
        Ok(Some(SealedCredential { username, secret }))
    }

    /// The host of a service whose source names a connection.
    pub(crate) async fn connected_host(&self, service: &ServiceRow) -> Result<Option<Host>> {
        let Source::Git(git) = &service.source else { return Ok(None) };
        let Some((row, repository)) = self.connection_of(service.scope(), git).await? else {
            return Ok(None);
        };
        Ok(Some(self.connected(&row).await?.at(&repository)))
    }

    /// What must not appear in a log of a service whose source names a connection. Asks nobody.
    pub(crate) async fn connection_secret(&self, scope: Scope, source: &Source) -> Result<Option<Secret>> {
        let Source::Git(GitSource { connection: Some(id), .. }) = source else { return Ok(None) };
        let Some(row) = self.store().scoped(scope).connection(*id).await? else { return Ok(None) };
        Ok(match self.identity(&row)? {
            Identity::Token { token, .. } => Some(Secret::new(token)),
            Identity::App(_) => self.parts.connections.grants.known(row.id).map(Secret::new),
        })
    }
}

/// The user that git names itself as, beside a token.
fn git_user(kind: ConnectionKind, given: &str) -> &str {
    match kind {
        ConnectionKind::GitHub | ConnectionKind::GitHubApp => "x-access-token",
        ConnectionKind::GitLab => "oauth2",
        ConnectionKind::Gitea => "git",
        ConnectionKind::Bitbucket if given.is_empty() => "x-token-auth",
        ConnectionKind::Bitbucket => "x-bitbucket-api-token-auth",
    }
}

/// The repository at the connection's host that an address names.
pub(crate) fn repository_at(row: &ConnectionRow, url: &str) -> Result<String> {
    let host: HostUrl = row.url.parse().map_err(|why| Error::invalid("url", why))?;
    host.repository(url).ok_or_else(|| {
        let why = format!("With its connection, a repository of {host} is given as {host}/owner/name.git.");
        Error::invalid("url", why)
    })
}

fn removed() -> Error {
    let gone = Problem::new(
        ProblemKind::Conflict,
        "The connection to the git host that the source of this service names was removed.",
    );
    gone.with_hint("Choose a repository of another connection as its source, or its address without one.")
        .into()
}

#[cfg(test)]
mod tests;
