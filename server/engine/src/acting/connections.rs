//! Verbs about the connections to git hosts.

use super::{Acting, reach::service_in};
use crate::{
    Error, Result,
    connections::{HostUrl, Identity, install_url, repository_at},
    statuses::Host,
    store::{ConnectionRow, Subject},
};
use berth_domain::{
    connection::{
        AddConnection, AppManifest, BeginApp, ConnectionKind, ConnectionView, FinishApp, HostBranchesView,
        HostQuery, InstalledApp, RepositoriesView, WebhookRegistration, is_account,
    },
    event::EventKind,
    ids::ConnectionId,
    permission::Permission,
    service::ServicePath,
    source::Source,
};
use reqwest::Method;
use uuid::Uuid;

/// The most connections of an organisation.
const MOST: usize = 50;

impl Acting {
    /// The connections, without their tokens and keys.
    pub async fn connections(&self) -> Result<Vec<ConnectionView>> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let services = rows.all_services().await?;
        let mut all = Vec::new();
        for row in rows.connections().await? {
            let mut view = self.connection_view(row)?;
            let named = services.iter().filter(|service| names(&service.source, view.id));
            view.services = named.map(|service| service.path.to_string()).collect();
            all.push(view);
        }
        Ok(all)
    }

    fn connection_view(&self, row: ConnectionRow) -> Result<ConnectionView> {
        let install_url = match self.engine.identity(&row)? {
            Identity::App(app) if row.installation.is_none() => Some(install_url(&app)),
            _ => None,
        };
        Ok(ConnectionView {
            id: row.id,
            kind: row.kind,
            url: row.url,
            account: row.account,
            install_url,
            services: Vec::new(),
            changed_by: row.changed_by,
            changed_at: row.changed_at,
        })
    }

    /// Adds a connection by token, once the host has taken the token.
    pub async fn add_connection(&self, request: AddConnection) -> Result<ConnectionView> {
        self.require(Permission::Administer)?;
        request.check()?;
        self.room_for_connection().await?;
        let url = host_url(request.kind, &request.url)?;
        let (token, username) = (request.token.trim().to_owned(), request.username.trim().to_owned());
        let allowed = &self.engine.config().private_hosts;
        let host =
            Host::connected(request.kind, url.as_str(), token.clone(), allowed).with_username(&username);
        let account = host.whoami(request.kind, request.account.trim()).await?;
        let identity = Identity::Token { username, token };
        self.keep_connection(ConnectionId(Uuid::now_v7()), request.kind, &url, account, identity).await
    }

    async fn room_for_connection(&self) -> Result<()> {
        match self.rows().connections().await?.len() {
            0..MOST => Ok(()),
            _ => Err(Error::conflict(format!("An organisation has at most {MOST} connections."))),
        }
    }

    async fn keep_connection(
        &self,
        id: ConnectionId,
        kind: ConnectionKind,
        url: &HostUrl,
        account: String,
        identity: Identity,
    ) -> Result<ConnectionView> {
        let row = ConnectionRow {
            id,
            organisation: self.actor.organisation,
            kind,
            url: url.as_str().to_owned(),
            account,
            sealed: self.engine.seal_identity(id, &identity)?,
            installation: None,
            changed_by: self.actor.name.clone(),
            changed_at: self.engine.now(),
        };
        let taken =
            || format!("There is a connection to {} as {} already: remove that first.", row.url, row.account);
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        rows.insert_connection(&row).await.map_err(|error| error.or_conflict(taken))?;
        drop(rows);
        let told = format!("The connection to {} as {} was added.", row.url, row.account);
        write.record(self.tells(EventKind::ConnectionAdded, Subject::organisation(), told));
        write.commit().await?;
        self.connection_view(row)
    }

    /// Removes a connection; services that name it say so, and are neither fetched nor told of until they name another.
    pub async fn remove_connection(&self, id: ConnectionId) -> Result<()> {
        self.require(Permission::Administer)?;
        let row = self.connection_row(id).await?;
        let services = self.rows().all_services().await?;
        let named: Vec<String> =
            services.iter().filter(|one| names(&one.source, id)).map(|one| one.path.to_string()).collect();
        let mut write = self.begin().await?;
        if !write.scoped(self.scope()).delete_connection(id).await? {
            return Err(Error::not_found("connection"));
        }
        let mut told = format!("The connection to {} as {} was removed.", row.url, row.account);
        if !named.is_empty() {
            told.push_str(&format!(
                " These services cannot be fetched with it any more: {}.",
                named.join(", ")
            ));
        }
        write.record(self.tells(EventKind::ConnectionDeleted, Subject::organisation(), told));
        Ok(write.commit().await?)
    }

    async fn connection_row(&self, id: ConnectionId) -> Result<ConnectionRow> {
        self.rows().connection(id).await?.ok_or_else(|| Error::not_found("connection"))
    }

    /// Asks the host whether it still takes the token; answers whom it takes Berth for.
    pub async fn test_connection(&self, id: ConnectionId) -> Result<ConnectionView> {
        self.require(Permission::Configure)?;
        let row = self.connection_row(id).await?;
        let host = self.engine.connected(&row).await?;
        match row.kind {
            ConnectionKind::GitHubApp => {
                let url = format!("{}/installation/repositories?per_page=1", host.base());
                host.read(Method::GET, &url, None).await.map_err(crate::connections::unavailable)?;
            }
            kind => drop(host.whoami(kind, &row.account).await?),
        }
        self.connection_view(self.connection_row(id).await?)
    }

    /// What a browser posts to GitHub so that it makes an App for this Berth.
    pub async fn begin_app(&self, request: BeginApp) -> Result<AppManifest> {
        self.require(Permission::Administer)?;
        self.room_for_connection().await?;
        let url = host_url(ConnectionKind::GitHubApp, &request.url)?;
        let account = request.account.trim();
        if !account.is_empty() && !is_account(account) {
            return Err(Error::invalid("account", "Name the organisation as its address at GitHub has it."));
        }
        self.engine.app_manifest(&self.actor, &url, account)
    }

    /// Keeps the App that GitHub made.
    pub async fn finish_app(&self, request: FinishApp) -> Result<ConnectionView> {
        self.require(Permission::Administer)?;
        let begun = self.engine.begun(&self.actor, &request.state)?;
        let app = self.engine.convert(&begun, &request).await?;
        let url = host_url(ConnectionKind::GitHubApp, &begun.url)?;
        let account = app.slug.clone();
        let identity = Identity::App(app);
        self.keep_connection(begun.connection, ConnectionKind::GitHubApp, &url, account, identity).await
    }

    /// Notes where the App was installed, once GitHub has confirmed it.
    pub async fn app_installed(&self, id: ConnectionId, request: InstalledApp) -> Result<ConnectionView> {
        self.require(Permission::Administer)?;
        let row = self.connection_row(id).await?;
        let Identity::App(app) = self.engine.identity(&row)? else {
            return Err(Error::conflict("This connection is by token, and has no App."));
        };
        self.engine.confirm_installation(&row, &app, request.installation).await?;
        let mut write = self.begin().await?;
        let told = format!("The App {} is installed at {}.", app.slug, row.url);
        write.record(self.tells(EventKind::ConnectionChanged, Subject::organisation(), told));
        write.commit().await?;
        self.connection_view(self.connection_row(id).await?)
    }

    /// A part of the repositories that a connection may see.
    pub async fn host_repositories(&self, id: ConnectionId, query: HostQuery) -> Result<RepositoriesView> {
        self.require(Permission::Configure)?;
        self.engine.host_repositories(&self.connection_row(id).await?, &query).await
    }

    /// A part of the branches of a repository.
    pub async fn host_branches(&self, id: ConnectionId, query: HostQuery) -> Result<HostBranchesView> {
        self.require(Permission::Configure)?;
        self.engine.host_branches(&self.connection_row(id).await?, &query).await
    }

    /// Refuses a source whose connection is none of the organisation's, or is not to the repository's host.
    pub(super) async fn check_connection(&self, source: &Source) -> Result<()> {
        let Source::Git(git) = source else { return Ok(()) };
        let Some(id) = git.connection else { return Ok(()) };
        let row = self.rows().connection(id).await?;
        let row =
            row.ok_or_else(|| Error::invalid("connection", "There is no such connection to a git host."))?;
        repository_at(&row, &git.url).map(drop)
    }

    /// Sees that the host of a source's connection sends pushes. What it refuses is said in the events and changes nothing.
    pub(super) async fn tell_host_where_to_push(
        &self,
        path: &ServicePath,
        old: Option<&Source>,
    ) -> Result<()> {
        let service = service_in(&self.rows(), path).await?;
        let Source::Git(git) = &service.source else { return Ok(()) };
        let Some(id) = git.connection else { return Ok(()) };
        if matches!(old, Some(Source::Git(old)) if old.url == git.url && old.connection == git.connection) {
            return Ok(());
        }
        let row = self.connection_row(id).await?;
        if row.kind == ConnectionKind::GitHubApp {
            return Ok(());
        }
        self.register_webhook(path).await.map(drop)
    }

    /// Has the git host of the service's connection send its pushes here.
    pub async fn register_webhook(&self, path: &ServicePath) -> Result<WebhookRegistration> {
        self.require(Permission::Configure)?;
        let service = service_in(&self.rows(), path).await?;
        if !matches!(&service.source, Source::Git(git) if git.connection.is_some()) {
            return Err(Error::conflict("The source of this service names no connection to a git host."));
        }
        let secret = match self.engine.webhook_secret(&service)? {
            Some(secret) => secret.expose_text().unwrap_or_default().to_owned(),
            None => self.rotate_webhook_secret(path).await?.secret,
        };
        let url = self.engine.webhook_url(service.id);
        let done = self.engine.register_webhook(&self.actor, &service, &url, &secret).await?;
        done.ok_or_else(|| Error::conflict("The source of this service names no connection to a git host."))
    }
}

fn names(source: &Source, id: ConnectionId) -> bool {
    matches!(source, Source::Git(git) if git.connection == Some(id))
}

fn host_url(kind: ConnectionKind, given: &str) -> Result<HostUrl> {
    let given = given.trim();
    let url = if given.is_empty() { kind.usual_url().unwrap_or_default() } else { given };
    url.parse().map_err(|why| Error::invalid("url", why))
}
