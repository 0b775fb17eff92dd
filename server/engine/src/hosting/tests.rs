//! Who may read and push, and what a push becomes, without a client: on both databases.

use super::*;
use crate::{
    acting::Acting,
    git::{Ask, Exchange, Turn, Update},
    store::scratch::engines,
};
use berth_domain::{
    ids::OrganisationId,
    name::Name,
    permission::Role,
    project::CreateProject,
    service::{CreateService, ServicePath, ServiceSettings},
    source::{GitSource, PushedSource, Source},
};

fn ask(exchange: Exchange, turn: Turn) -> Ask {
    Ask { exchange, turn, protocol: Some("version=2".into()) }
}

fn with_role(engine: &Engine, organisation: OrganisationId, role: Role) -> Acting {
    let actor = Actor { role, name: "somebody@example.org".into(), ..Actor::system(organisation) };
    engine.acting_as(&actor)
}

async fn organisation(engine: &Engine) -> OrganisationId {
    let write = engine.store().begin().await.unwrap();
    let organisation = write.insert_organisation("test").await.unwrap();
    write.commit().await.unwrap();
    organisation
}

async fn shop(engine: &Engine) -> (OrganisationId, Acting) {
    let organisation = organisation(engine).await;
    let owner = with_role(engine, organisation, Role::Owner);
    owner.create_project(CreateProject { name: "shop".parse().unwrap() }).await.unwrap();
    (organisation, owner)
}

async fn service(owner: &Acting, name: &str, source: Source) -> ServicePath {
    let request = CreateService { name: name.parse().unwrap(), source, settings: ServiceSettings::default() };
    let (project, environment): (Name, Name) = ("shop".parse().unwrap(), "production".parse().unwrap());
    owner.create_service(&project, &environment, request).await.unwrap().path
}

fn kind<T>(result: Result<T>) -> ProblemKind {
    match result {
        Err(Error::Problem(problem)) => problem.kind,
        Err(error) => panic!("a fault: {error:?}"),
        Ok(_) => panic!("it was done"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_push_makes_the_service_and_asking_makes_nothing() {
    engines(async |engine| {
        let (_, owner) = shop(&engine).await;
        let web: ServicePath = "shop/production/web".parse().unwrap();
        owner.converse(&web, &ask(Exchange::Push, Turn::Advertise)).await.unwrap();
        assert_eq!(kind(owner.service(&web).await), ProblemKind::NotFound);
        assert_eq!(
            kind(owner.converse(&web, &ask(Exchange::Fetch, Turn::Advertise)).await),
            ProblemKind::NotFound
        );
        owner.converse(&web, &ask(Exchange::Push, Turn::Answer)).await.unwrap();
        let made = owner.service(&web).await.unwrap();
        assert_eq!(made.source, Source::Pushed(PushedSource::default()));
        let repository = engine.parts.hosting.of(made.id);
        let head = std::fs::read_to_string(repository.path().join("HEAD")).unwrap();
        assert_eq!(head.trim(), "ref: refs/heads/main");
        let nowhere: ServicePath = "shop/nowhere/web".parse().unwrap();
        let answer = owner.converse(&nowhere, &ask(Exchange::Push, Turn::Answer)).await;
        assert_eq!(kind(answer), ProblemKind::NotFound);
        assert!(owner.remote(&web).await.unwrap().takes_pushes);
        assert_eq!(owner.remote(&web).await.unwrap().http_url, "http://localhost:3000/git/shop/web.git");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_sec_2_roles_and_organisations_decide() {
    engines(async |engine| {
        let (organisation, owner) = shop(&engine).await;
        let web = service(&owner, "web", Source::Pushed(PushedSource::default())).await;
        let free: ServicePath = "shop/production/free".parse().unwrap();
        let (fetch, push) = (ask(Exchange::Fetch, Turn::Advertise), ask(Exchange::Push, Turn::Advertise));

        let viewer = with_role(&engine, organisation, Role::Viewer);
        viewer.converse(&web, &fetch).await.unwrap();
        assert_eq!(kind(viewer.converse(&web, &push).await), ProblemKind::Forbidden);

        let deployer = with_role(&engine, organisation, Role::Deployer);
        deployer.converse(&web, &push).await.unwrap();
        assert_eq!(kind(deployer.converse(&free, &push).await), ProblemKind::Forbidden);

        let stranger = with_role(&engine, self::organisation(&engine).await, Role::Owner);
        for ask in [&fetch, &push] {
            assert_eq!(kind(stranger.converse(&web, ask).await), ProblemKind::NotFound);
        }
        assert_eq!(kind(stranger.remote(&web).await), ProblemKind::NotFound);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_from_elsewhere_takes_no_push() {
    engines(async |engine| {
        let (_, owner) = shop(&engine).await;
        let elsewhere = Source::Git(GitSource::new("https://git.example.org/a/b.git"));
        let web = service(&owner, "web", elsewhere).await;
        assert_eq!(
            kind(owner.converse(&web, &ask(Exchange::Push, Turn::Advertise)).await),
            ProblemKind::Conflict
        );
        assert_eq!(
            kind(owner.converse(&web, &ask(Exchange::Fetch, Turn::Advertise)).await),
            ProblemKind::NotFound
        );
        assert!(!owner.remote(&web).await.unwrap().takes_pushes);
    })
    .await;
}

#[tokio::test]
async fn only_a_folder_that_git_made_in_the_repository_is_a_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    let hosted = Hosted::at(folder.path().join("a.git"));
    let objects = hosted.path().join("objects");
    let incoming = objects.join("tmp_objdir-incoming-x1");
    std::fs::create_dir_all(incoming.join("pack")).unwrap();
    std::fs::create_dir_all(objects.join("pack")).unwrap();
    std::fs::write(incoming.join("pack/pack-1.pack"), "pack").unwrap();
    std::fs::write(incoming.join("pack/pack-1.idx"), "idx").unwrap();
    for bad in [objects.join("pack"), folder.path().to_owned(), objects.join("missing")] {
        assert!(hosted.with_quarantine(&bad).is_err(), "{}", bad.display());
    }
    let pushed = hosted.with_quarantine(&incoming).unwrap();
    pushed.adopt().unwrap();
    pushed.adopt().unwrap();
    std::fs::remove_dir_all(&incoming).unwrap();
    assert_eq!(std::fs::read_to_string(objects.join("pack/pack-1.pack")).unwrap(), "pack");
}

#[test]
fn what_a_hook_tells_is_read_as_it_was_written() {
    let update = Update { old: "0".repeat(40), new: "1".repeat(40), name: "refs/heads/main".into() };
    let text = serde_json::to_string(&update).unwrap();
    assert_eq!(serde_json::from_str::<Update>(&text).unwrap(), update);
}
