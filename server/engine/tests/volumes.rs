//! The verbs about volumes against a real Docker Engine.

#[path = "lab/lab.rs"]
mod lab;

use berth_domain::{
    account::Claim,
    problem::ProblemKind,
    project::CreateProject,
    service::{ConfirmDeletion, CreateService, ServicePath, ServiceSettings, VolumeMount},
    source::{GitSource, Source},
};
use berth_engine::{
    Config, Engine, Result,
    acting::Acting,
    docker::{Labels, Mount, Runtime},
    front::Origin,
};
use lab::Lab;

/// The owner of a fresh Berth that goes by the lab's name.
async fn owner(lab: &Lab, folder: &std::path::Path) -> Acting {
    let engine =
        Engine::open(Config { instance: lab.instance.clone(), ..Config::new(folder) }).await.expect("opened");
    let link = engine.setup_link().expect("unclaimed");
    let token = link.rsplit_once("token=").expect("a token").1.to_owned();
    let claim = Claim { token, email: "owner@example.org".into(), password: "correct horse battery".into() };
    let session = engine.claim(claim, Origin::default()).await.expect("claimed");
    let actor = engine.authenticate_session(&session.cookie, &Origin::default()).await.expect("asked");
    engine.acting_as(&actor.expect("known"))
}

async fn service_with(acting: &Acting, volume: VolumeMount) -> ServicePath {
    let path: ServicePath = "shop/production/web".parse().expect("a path");
    acting.create_project(CreateProject { name: path.project.clone() }).await.expect("a project");
    let request = CreateService {
        name: path.service.clone(),
        source: Source::Git(GitSource::new("https://git.example.org/a/b.git")),
        settings: ServiceSettings { volumes: vec![volume], ..ServiceSettings::default() },
    };
    acting.create_service(&path.project, &path.environment, request).await.expect("a service");
    path
}

fn kind<T>(result: Result<T>) -> Option<ProblemKind> {
    result.err().map(|error| error.problem().kind)
}

#[tokio::test]
async fn a_volume_is_listed_as_docker_has_it_and_marked_for_deletion_only_when_nothing_uses_it() {
    let lab = Lab::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let acting = owner(&lab, folder.path()).await;
    let mount = VolumeMount { name: "data".parse().expect("a name"), path: "/data".into(), read_only: false };
    let path = service_with(&acting, mount.clone()).await;
    let service = acting.service(&path).await.expect("the service").id;
    let listed = acting.volumes(&path).await.expect("listed");
    assert_eq!((listed.len(), listed[0].exists, listed[0].path.as_str()), (1, Some(false), "/data"));
    let docker_name = listed[0].docker_name.clone();
    let labels: Labels =
        lab.labels().into_iter().chain([("berth.service".into(), service.to_string())]).collect();
    let former = docker_name.replace("-data", "-former");
    for volume in [&docker_name, &former] {
        lab.docker.ensure_volume(volume, &labels).await.expect("a volume");
    }
    let listed = acting.volumes(&path).await.expect("listed");
    let listed: Vec<_> = listed.iter().map(|v| (v.name.as_str(), v.exists, v.path.as_str())).collect();
    assert_eq!(listed, [("data", Some(true), "/data"), ("former", Some(true), "")]);

    let mut user = lab.spec("user");
    user.mounts = vec![Mount::Volume { name: docker_name.clone(), target: "/data".into(), read_only: false }];
    lab.docker.create_instance(&user).await.expect("a container");
    let users = lab.docker.users_of_volume(&docker_name).await.expect("asked");
    assert_eq!(users.iter().map(|user| &user.name).collect::<Vec<_>>(), [&user.name]);
    let confirm = |word: &str| ConfirmDeletion { confirm: word.into() };
    let wrong = acting.delete_volume(&path, &mount.name, confirm("web")).await;
    assert_eq!(kind(wrong), Some(ProblemKind::Invalid));
    let used = acting.delete_volume(&path, &mount.name, confirm("data")).await;
    assert_eq!(kind(used), Some(ProblemKind::Conflict));
    lab.docker.remove_instance(&user.name).await.expect("gone");
    let none = acting.delete_volume(&path, &"none".parse().expect("a name"), confirm("none")).await;
    assert_eq!(kind(none), Some(ProblemKind::NotFound));
    let marked = acting.delete_volume(&path, &mount.name, confirm("data")).await.expect("marked");
    let deletion = marked.deletion.expect("a deletion");
    assert_eq!((deletion.due_at - deletion.asked_at).num_days(), 7);
    let again = acting.delete_volume(&path, &mount.name, confirm("data")).await;
    assert_eq!(kind(again), Some(ProblemKind::Conflict));
    assert_eq!(lab.docker.volumes(&labels).await.expect("listed").len(), 2, "nothing has gone yet");
    let kept = acting.keep_volume(&path, &mount.name).await.expect("kept");
    assert_eq!(kept.deletion, None);
    assert_eq!(kind(acting.keep_volume(&path, &mount.name).await), Some(ProblemKind::NotFound));
}
