//! Reading and following logs as an actor.

use super::*;
use crate::{Actor, Engine, logs::NewLine, store::scratch::engines};
use berth_domain::{
    account::Claim,
    deployment::DeployRequest,
    log::LogStream,
    problem::ProblemKind,
    project::CreateProject,
    service::CreateService,
    source::{ImageSource, Source},
};
use futures::StreamExt;

async fn owner(engine: &Engine) -> Actor {
    let token = engine.setup_link().unwrap().split_once("token=").unwrap().1.to_owned();
    let claim = Claim { token, email: "owner@example.org".into(), password: "correct horse".into() };
    let session = engine.claim(claim, crate::front::Origin::default()).await.unwrap();
    engine.authenticate_session(&session.cookie, &crate::front::Origin::default()).await.unwrap().unwrap()
}

async fn service(acting: &Acting) -> ServicePath {
    let project = acting.create_project(CreateProject { name: "shop".parse().unwrap() }).await.unwrap();
    let path: ServicePath = "shop/production/web".parse().unwrap();
    assert_eq!(project.name, path.project);
    let source = Source::Image(ImageSource { reference: "web:1".into() });
    let request = CreateService { name: path.service.clone(), source, settings: Default::default() };
    acting.create_service(&path.project, &path.environment, request).await.unwrap();
    path
}

fn line(text: &str) -> NewLine {
    let text = bytes::Bytes::copy_from_slice(text.as_bytes());
    NewLine { at: crate::store::now(), stream: LogStream::Out, origin: "build".into(), text }
}

fn texts(batch: Vec<LogLine>) -> Vec<String> {
    batch.into_iter().map(|line| line.text).collect()
}

#[tokio::test]
async fn following_a_deployment_ends_when_it_is_settled_and_all_was_read() {
    engines(async |engine| {
        let acting = engine.acting_as(&owner(&engine).await);
        let path = service(&acting).await;
        let number = acting.deploy(&path, DeployRequest::default()).await.unwrap().number;
        let (_, deployment, _) = acting.deployment_of_log(&path, number).await.unwrap();
        let logs = &engine.parts.logs;
        logs.append(Stream::Deployment(deployment), &[line("one"), line("two")]).await.unwrap();
        let mut follow = acting.follow_deployment_log(&path, number, LogQuery::default()).await.unwrap();
        assert_eq!(texts(follow.next().await.unwrap()), ["one", "two"]);
        let end = async {
            logs.append(Stream::Deployment(deployment), &[line("three")]).await.unwrap();
            acting.cancel_deployment(&path, number).await.unwrap();
        };
        let rest = async { follow.by_ref().map(texts).concat().await };
        let (rest, ()) = tokio::join!(rest, end);
        assert_eq!(rest, ["three"]);
        let mut again = acting.follow_deployment_log(&path, number, LogQuery::default()).await.unwrap();
        assert_eq!(texts(again.next().await.unwrap()), ["one", "two", "three"]);
        assert!(again.next().await.is_none());
        let page = acting.deployment_log(&path, number, LogQuery::default()).await.unwrap();
        assert_eq!(page.lines.len(), 3);
    })
    .await;
}

/// R-SEC-2: the log of another organisation's service is as unknown as one that does not exist.
#[tokio::test]
async fn a_log_belongs_to_its_organisation() {
    engines(async |engine| {
        let owner = owner(&engine).await;
        let acting = engine.acting_as(&owner);
        let path = service(&acting).await;
        let number = acting.deploy(&path, DeployRequest::default()).await.unwrap().number;
        let stranger = Actor { organisation: uuid::Uuid::now_v7().into(), ..owner };
        let stranger = engine.acting_as(&stranger);
        let answers = [
            stranger.logs(&path, LogQuery::default()).await.err(),
            stranger.deployment_log(&path, number, LogQuery::default()).await.err(),
            stranger.follow_logs(&path, LogQuery::default()).await.err(),
            stranger.follow_deployment_log(&path, number, LogQuery::default()).await.err(),
            acting.deployment_log(&path, number + 1, LogQuery::default()).await.err(),
            acting.deployment_log(&path, u64::MAX, LogQuery::default()).await.err(),
        ];
        for answer in answers {
            assert_eq!(answer.unwrap().problem().kind, ProblemKind::NotFound);
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_deployment_is_told_from_one_that_is_there() {
    engines(async |engine| {
        let acting = engine.acting_as(&owner(&engine).await);
        let path = service(&acting).await;
        let number = acting.deploy(&path, DeployRequest::default()).await.unwrap().number;
        let (_, there, _) = acting.deployment_of_log(&path, number).await.unwrap();
        let gone = DeploymentId(uuid::Uuid::now_v7());
        let deleted = engine.parts.store.deleted_deployments(&[there, gone]).await.unwrap();
        assert_eq!(deleted, [gone]);
    })
    .await;
}
