//! What the verbs share: finding things by name in the actor's organisation, and telling what was done.

use super::Acting;
use crate::{
    Engine, Error, Result,
    glance::Glance,
    store::{
        DomainRow, EnvironmentRow, Listed, NewEvent, ProjectRow, Scope, Scoped, ServiceRow, Subject, Write,
    },
};
use berth_domain::{
    domain_name::{DomainView, HostName, PathPrefix},
    event::EventKind,
    ids::OrganisationId,
    name::Name,
    page::{Page, PageQuery},
    problem::{Problem, ProblemKind},
    project::ProjectSummary,
    service::{ConfirmDeletion, ServicePath, ServiceSummary, ServiceView},
};

/// What the panel's most visited pages show, remembered until something is written.
#[derive(Default)]
pub(crate) struct Glances {
    pub(crate) services: Glance<(OrganisationId, ServicePath), ServiceView>,
    pub(crate) projects: Glance<(OrganisationId, PageQuery), Page<ProjectSummary>>,
}

impl Acting {
    /// The actor's organisation.
    pub(crate) fn scope(&self) -> Scope {
        Scope(self.actor.organisation)
    }

    /// The rows of the actor's organisation.
    pub(crate) fn rows(&self) -> Scoped<'_> {
        self.engine.store().scoped(self.scope())
    }

    /// A transaction.
    pub(crate) async fn begin(&self) -> Result<Write> {
        Ok(self.engine.store().begin().await?)
    }

    /// What the actor did, as an event.
    pub(crate) fn tells(&self, kind: EventKind, subject: Subject, message: impl Into<String>) -> NewEvent {
        NewEvent::new(&self.actor, kind, subject, message)
    }

    /// The service at a path.
    pub(crate) async fn service_row(&self, path: &ServicePath) -> Result<ServiceRow> {
        service_in(&self.rows(), path).await
    }
}

/// The project of that name.
pub(crate) async fn project_in(rows: &Scoped<'_>, name: &Name) -> Result<ProjectRow> {
    rows.project(name).await?.ok_or_else(|| Error::not_found("project"))
}

/// The environment of that name.
pub(crate) async fn environment_in(
    rows: &Scoped<'_>,
    project: &ProjectRow,
    name: &Name,
) -> Result<EnvironmentRow> {
    rows.environment(project.id, name).await?.ok_or_else(|| Error::not_found("environment"))
}

/// The service at a path.
pub(crate) async fn service_in(rows: &Scoped<'_>, path: &ServicePath) -> Result<ServiceRow> {
    rows.service(path).await?.ok_or_else(|| Error::not_found("service"))
}

/// Refuses a deletion whose confirmation is not the name of the thing.
pub(crate) fn confirmed(request: &ConfirmDeletion, name: &str) -> Result<()> {
    if request.confirm == name {
        return Ok(());
    }
    let problem = Problem::invalid(
        "confirm",
        format!("Nothing was deleted: the confirmation is not \u{201c}{name}\u{201d}."),
    );
    Err(Error::Problem(problem.with_hint(format!("Type {name} to confirm."))))
}

/// A conflict with a way out.
pub(crate) fn conflict_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Problem::new(ProblemKind::Conflict, message).with_hint(hint).into()
}

impl Engine {
    /// Where a host and path are opened in a browser.
    pub(crate) fn address(&self, host: &HostName, path: &PathPrefix) -> String {
        let path = if *path == PathPrefix::root() { "" } else { path.as_str() };
        // A browser would warn of what only this Berth vouches for.
        let vouched = !host.as_str().ends_with(".localhost");
        if let Some(port) = self.https_port_of(host.as_str()).filter(|_| vouched) {
            let port = if port == 443 { String::new() } else { format!(":{port}") };
            return format!("https://{host}{port}{path}");
        }
        match self.config().http_port {
            80 => format!("http://{host}{path}"),
            port => format!("http://{host}:{port}{path}"),
        }
    }

    /// A domain as people see it.
    pub(crate) fn domain_view(&self, row: DomainRow) -> DomainView {
        DomainView {
            url: self.address(&row.host, &row.path),
            passwords_gone: row.logins.is_none() && !row.settings.logins.is_empty(),
            id: row.id,
            host: row.host,
            path: row.path,
            port: row.port,
            default: row.is_default,
            settings: row.settings,
            created_at: row.created_at,
            certificate: None,
        }
    }

    /// A service in a list, with its address.
    pub(crate) fn summary(&self, listed: Listed) -> ServiceSummary {
        let url = listed.domain.map(|domain| self.address(&domain.host, &domain.path));
        ServiceSummary { url, ..listed.summary }
    }
}
