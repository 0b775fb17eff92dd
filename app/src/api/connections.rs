//! Connections to git hosts, and services out of their repositories.

use super::PanelError;
use berth_domain::connection::{
    AppManifest, ConnectionView, HostBranchesView, RepositoriesView, WebhookRegistration,
};
#[cfg(feature = "ssr")]
use berth_domain::{
    connection::{HostQuery, InstalledApp},
    ids::ConnectionId,
    problem::Problem,
    source::{GitSource, Source},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The connections, without their tokens and keys.
#[server(prefix = "/panel", endpoint = "connections")]
pub async fn load_connections() -> Result<Vec<ConnectionView>, PanelError> {
    Ok(super::acting().await?.connections().await?)
}

/// Adds a connection by token, once the host has taken it.
#[server(prefix = "/panel", endpoint = "connections/add")]
pub async fn add_connection(
    kind: String,
    #[server(default)] url: String,
    #[server(default)] account: String,
    #[server(default)] username: String,
    token: String,
) -> Result<(), PanelError> {
    use berth_domain::connection::AddConnection;
    let acting = super::acting().await?;
    let kind = kind.parse().map_err(|why: String| PanelError::invalid("kind", why))?;
    acting.add_connection(AddConnection { kind, url, account, username, token }).await?;
    super::done("/git-hosts", "connection-added");
    Ok(())
}

/// Asks a host whether it still takes the token.
#[server(prefix = "/panel", endpoint = "connections/test")]
pub async fn test_connection(connection: String) -> Result<(), PanelError> {
    super::acting().await?.test_connection(known(&connection)?).await?;
    super::done("/git-hosts", "connection-works");
    Ok(())
}

/// Removes a connection.
#[server(prefix = "/panel", endpoint = "connections/remove")]
pub async fn remove_connection(connection: String) -> Result<(), PanelError> {
    super::acting().await?.remove_connection(known(&connection)?).await?;
    super::done("/git-hosts", "connection-removed");
    Ok(())
}

/// What the browser posts to GitHub. The page that shows it may send a form there, and no other page may.
#[server(prefix = "/panel", endpoint = "connections/begin")]
pub async fn begin_app(
    #[server(default)] url: String,
    #[server(default)] account: String,
) -> Result<AppManifest, PanelError> {
    use berth_domain::connection::BeginApp;
    let begun = super::acting().await?.begin_app(BeginApp { url, account }).await?;
    super::request::allow_form_to(&begun.post_to);
    Ok(begun)
}

/// Keeps the App that GitHub made.
#[server(prefix = "/panel", endpoint = "connections/finish")]
pub async fn finish_app(code: String, state: String) -> Result<(), PanelError> {
    use berth_domain::connection::FinishApp;
    let made = super::acting().await?.finish_app(FinishApp { code, state }).await?;
    match made.install_url {
        Some(_) => super::done("/git-hosts", "app-made"),
        None => super::done("/git-hosts", "connection-added"),
    }
    Ok(())
}

/// Notes where GitHub says that the App was installed; GitHub itself is asked whether that is so.
#[server(prefix = "/panel", endpoint = "connections/installed")]
pub async fn app_installed(connection: String, installation: String) -> Result<ConnectionView, PanelError> {
    let acting = super::acting().await?;
    let installation = installation.parse::<u64>().map_err(|why| PanelError::invalid("installation", why))?;
    Ok(acting.app_installed(known(&connection)?, InstalledApp { installation }).await?)
}

/// A part of a host's repositories.
#[server(prefix = "/panel", endpoint = "connections/repositories")]
pub async fn load_repositories(
    connection: String,
    #[server(default)] search: String,
    #[server(default)] page: String,
) -> Result<RepositoriesView, PanelError> {
    let query = HostQuery { search, page: page.parse().ok(), repository: String::new() };
    Ok(super::acting().await?.host_repositories(known(&connection)?, query).await?)
}

/// A part of a repository's branches.
#[server(prefix = "/panel", endpoint = "connections/branches")]
pub async fn load_branches(
    connection: String,
    repository: String,
    #[server(default)] search: String,
) -> Result<HostBranchesView, PanelError> {
    let query = HostQuery { search, page: None, repository };
    Ok(super::acting().await?.host_branches(known(&connection)?, query).await?)
}

/// A repository that was picked, and what becomes of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PickedForm {
    pub connection: String,
    pub url: String,
    pub branch: String,
    /// Empty for one out of the address.
    pub name: String,
    /// `create` makes the service only; anything else deploys it too.
    pub then: String,
}

/// Makes a service of a repository, and deploys it unless told otherwise.
#[server(prefix = "/panel", endpoint = "connections/create")]
pub async fn create_from_repository(
    project: String,
    environment: String,
    #[server(flatten)] form: PickedForm,
) -> Result<(), PanelError> {
    use super::service::forms;
    use berth_domain::{deployment::DeployRequest, service::CreateService};
    let acting = super::acting().await?;
    let source = Source::Git(at_host(GitSource::new(&form.url), &form.url, &form.branch, &form.connection)?);
    let name = match form.name.trim() {
        "" => forms::suggested_name(&source).ok_or_else(|| forms::invalid("name", "A name is required."))?,
        name => forms::name("name", name)?,
    };
    let (project, environment) =
        (forms::name("project", &project)?, forms::name("environment", &environment)?);
    let request = CreateService { name, source, settings: Default::default() };
    let service = acting.create_service(&project, &environment, request).await?;
    let page = format!("/projects/{}", service.path);
    if form.then == "create" {
        super::done(&page, "service-created");
        return Ok(());
    }
    let deployment = acting.deploy(&service.path, DeployRequest::default()).await?;
    leptos_axum::redirect(&format!("{page}/deployments/{}", deployment.number));
    Ok(())
}

/// Makes a repository the source of a service, which is built as before; without a connection its own credential opens it.
#[server(prefix = "/panel", endpoint = "connections/source")]
pub async fn connect_source(
    path: String,
    url: String,
    branch: String,
    #[server(default)] connection: String,
) -> Result<(), PanelError> {
    use super::service::forms;
    use berth_domain::service::UpdateService;
    let acting = super::acting().await?;
    let path = forms::path(&path)?;
    let present = match acting.service(&path).await?.source {
        Source::Git(git) => git,
        Source::Pushed(pushed) => pushed.at(&url),
        Source::Image(_) => GitSource::new(&url),
    };
    let source = Some(Source::Git(at_host(present, &url, &branch, &connection)?));
    acting.update_service(&path, UpdateService { source, ..UpdateService::default() }).await?;
    super::done(&format!("/projects/{path}/settings"), "service-changed");
    Ok(())
}

/// Has the git host send a service's pushes.
#[server(prefix = "/panel", endpoint = "connections/webhook")]
pub async fn register_webhook(path: String) -> Result<WebhookRegistration, PanelError> {
    let path = super::service::forms::path(&path)?;
    let done = super::acting().await?.register_webhook(&path).await?;
    if !done.registered {
        let refused = berth_domain::problem::ProblemKind::Unavailable;
        return Err(Problem::new(refused, done.message).into());
    }
    super::done(&format!("/git-hosts?for={path}"), "webhook-registered");
    Ok(done)
}

#[cfg(feature = "ssr")]
fn at_host(present: GitSource, url: &str, branch: &str, connection: &str) -> Result<GitSource, PanelError> {
    let connection = match connection {
        "" => None,
        id => Some(known(id)?),
    };
    let (url, branch) = (url.trim().to_owned(), branch.trim().to_owned());
    Ok(GitSource { url, branch, connection, ..present })
}

#[cfg(feature = "ssr")]
fn known(id: &str) -> Result<ConnectionId, PanelError> {
    id.parse().map_err(|_| Problem::not_found("connection").into())
}
