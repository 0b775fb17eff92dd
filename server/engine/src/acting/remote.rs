//! Verbs about the repositories that Berth keeps: who may read them, who may push, and where they are.

use super::{
    Acting,
    reach::{conflict_with_hint, environment_in, project_in},
};
use crate::{
    Engine, Error, Result,
    git::{Ask, Exchange, Turn},
    hosting::Conversation,
    store::ServiceRow,
};
use berth_domain::{
    permission::Permission,
    problem::{Problem, ProblemKind},
    remote::{RemoteView, repository_path},
    service::{CreateService, ServicePath, ServiceSettings},
    source::{PushedSource, Source},
};

impl Acting {
    /// Where a service is pushed to.
    pub async fn remote(&self, path: &ServicePath) -> Result<RemoteView> {
        self.require(Permission::Read)?;
        let service = self.service_row(path).await?;
        Ok(self.engine.remote_view(&service))
    }

    /// Begins a conversation with git about the repository of a service. The first push to a name that is free makes the
    /// service.
    pub async fn converse(&self, path: &ServicePath, ask: &Ask) -> Result<Conversation> {
        self.require(match ask.exchange {
            Exchange::Fetch => Permission::Read,
            Exchange::Push => Permission::Deploy,
        })?;
        let found = self.rows().service(path).await?;
        let service = match (found, ask.exchange) {
            (Some(service), _) => service,
            (None, Exchange::Fetch) => return Err(Error::not_found("repository")),
            (None, Exchange::Push) => {
                self.may_make(path).await?;
                // Asking what is there makes nothing.
                if ask.turn == Turn::Advertise {
                    let hosted = self.engine.empty_repository().await?;
                    return self.engine.begin_conversation(&self.actor, None, hosted, ask);
                }
                self.make_pushed(path).await?
            }
        };
        let branch = takes_pushes(&service, ask.exchange)?;
        let hosted = self.engine.hosted(service.id, branch).await?;
        self.engine.begin_conversation(&self.actor, Some(service.id), hosted, ask)
    }

    /// Refuses who may not make a service, or where none can be made.
    async fn may_make(&self, path: &ServicePath) -> Result<()> {
        let rows = self.rows();
        let project = project_in(&rows, &path.project).await?;
        environment_in(&rows, &project, &path.environment).await?;
        self.require(Permission::Configure).map_err(|_| {
            let problem = Problem::new(ProblemKind::Forbidden, format!("There is no service {path}."));
            let least = Permission::Configure.least_role();
            problem.with_hint(format!("A push makes it when your role is {least} or one above it.")).into()
        })
    }

    async fn make_pushed(&self, path: &ServicePath) -> Result<ServiceRow> {
        let request = CreateService {
            name: path.service.clone(),
            source: Source::Pushed(PushedSource::default()),
            settings: ServiceSettings::default(),
        };
        match self.create_service(&path.project, &path.environment, request).await {
            Ok(_) => {}
            // Two first pushes at once: one of them has made it.
            Err(Error::Problem(problem)) if problem.kind == ProblemKind::Conflict => {}
            Err(error) => return Err(error),
        }
        self.service_row(path).await
    }
}

/// The branch that is deployed, of a service that comes from what is pushed.
fn takes_pushes(service: &ServiceRow, exchange: Exchange) -> Result<&str> {
    match (&service.source, exchange) {
        (Source::Pushed(pushed), _) => Ok(&pushed.branch),
        (Source::Git(_) | Source::Image(_), Exchange::Fetch) => Err(Error::not_found("repository")),
        (Source::Git(_) | Source::Image(_), Exchange::Push) => Err(conflict_with_hint(
            format!(
                "{} comes from {}, not from what is pushed here.",
                service.path,
                service.source.summary()
            ),
            "Set its source to a push in its settings first, or push to another name.",
        )),
    }
}

impl Engine {
    /// The addresses of a service's repository.
    fn remote_view(&self, service: &ServiceRow) -> RemoteView {
        let (base, path) = (self.panel_url(), repository_path(&service.path));
        let ssh_url = self.config().ssh_port.and_then(|port| {
            let url = url::Url::parse(&base).ok()?;
            Some(format!("ssh://git@{}:{port}/{path}", url.host_str()?))
        });
        RemoteView {
            http_url: format!("{base}/git/{path}"),
            ssh_url,
            branch: service.source.branch().unwrap_or("main").to_owned(),
            takes_pushes: matches!(service.source, Source::Pushed(_)),
        }
    }
}
