//! The verbs against both databases, without Docker.

mod deletion;
mod events;
mod leavings;
mod live;
mod names;
mod previews;
mod tenants;
mod variables;
mod waiting;
mod webhooks;

use super::Acting;
use crate::{Actor, ActorKind, Engine, Error, Result};
use berth_domain::{
    ids::OrganisationId,
    name::Name,
    permission::Role,
    problem::{Problem, ProblemKind},
    project::CreateProject,
    service::{CreateService, ServicePath, ServiceSettings, ServiceView},
    source::{GitSource, Source},
};

/// A fresh organisation in the hands of its owner.
async fn owner(engine: &Engine) -> Acting {
    let write = engine.store().begin().await.unwrap();
    let organisation = write.insert_organisation("test").await.unwrap();
    write.commit().await.unwrap();
    with_role(engine, organisation, Role::Owner)
}

fn with_role(engine: &Engine, organisation: OrganisationId, role: Role) -> Acting {
    let actor = Actor {
        kind: ActorKind::System,
        organisation,
        role,
        name: "somebody@example.org".into(),
        address: Some("192.0.2.7".into()),
    };
    engine.acting_as(&actor)
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn at(text: &str) -> ServicePath {
    text.parse().unwrap()
}

fn git() -> Source {
    Source::Git(GitSource::new("https://git.example.org/a/b.git"))
}

async fn project(acting: &Acting, project: &str) {
    acting.create_project(CreateProject { name: name(project) }).await.unwrap();
}

async fn service(acting: &Acting, path: &str) -> ServiceView {
    try_service(acting, path, ServiceSettings::default()).await.unwrap()
}

async fn try_service(acting: &Acting, path: &str, settings: ServiceSettings) -> Result<ServiceView> {
    let path = at(path);
    let request = CreateService { name: path.service, source: git(), settings };
    acting.create_service(&path.project, &path.environment, request).await
}

/// The problem that a verb must end with.
#[track_caller]
fn problem<T>(result: Result<T>) -> Problem {
    match result {
        Err(Error::Problem(problem)) => problem,
        Err(other) => panic!("a fault instead of a problem: {other:?}"),
        Ok(_) => panic!("it was done"),
    }
}

#[track_caller]
fn kind<T>(result: Result<T>) -> ProblemKind {
    problem(result).kind
}
