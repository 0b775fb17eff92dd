use super::*;
use crate::store::scratch::engines;
use berth_domain::{
    domain_name::AddDomain,
    page::PageQuery,
    project::CreateEnvironment,
    service::{Rename, ServiceSettings, Strategy, UpdateService},
};
use futures::future::join_all;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_unique_and_the_conflict_names_the_thing() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        project(&acting, "blog").await;
        service(&acting, "shop/production/web").await;
        service(&acting, "shop/production/api").await;

        let again = problem(acting.create_project(CreateProject { name: name("shop") }).await);
        assert_eq!(again.kind, ProblemKind::Conflict);
        assert_eq!(again.message, "There is a project called shop already.");
        let renamed = acting.rename_project(&name("blog"), Rename { name: name("shop") }).await;
        assert_eq!(kind(renamed), ProblemKind::Conflict);
        let request = CreateEnvironment { name: name("production") };
        let environment = problem(acting.create_environment(&name("shop"), request).await);
        assert_eq!(environment.message, "There is an environment called production in shop already.");
        let twice = problem(try_service(&acting, "shop/production/web", ServiceSettings::default()).await);
        assert_eq!(twice.message, "There is a service called shop/production/web already.");
        let update = UpdateService { name: Some(name("web")), ..UpdateService::default() };
        assert_eq!(
            kind(acting.update_service(&at("shop/production/api"), update).await),
            ProblemKind::Conflict
        );
        assert!(acting.service(&at("shop/production/api")).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_creations_at_once_each_name_is_made_once() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let wanted = (0..100).map(|i| CreateProject { name: name(&format!("p{}", i % 50)) });
        let made = join_all(wanted.map(|request| acting.create_project(request))).await;
        let (won, lost): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (50, 50));
        assert!(lost.into_iter().all(|result| kind(result) == ProblemKind::Conflict));
        let services = (0..60).map(|i| format!("p0/production/s{}", i % 30));
        let services: Vec<String> = services.collect();
        let made =
            join_all(services.iter().map(|p| try_service(&acting, p, ServiceSettings::default()))).await;
        assert_eq!(made.iter().filter(|result| result.is_ok()).count(), 30);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renaming_keeps_what_belongs_to_it() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let before = service(&acting, "shop/production/web").await;
        acting.rename_project(&name("shop"), Rename { name: name("store") }).await.unwrap();
        let live = Rename { name: name("live") };
        acting.rename_environment(&name("store"), &name("production"), live).await.unwrap();
        let update = UpdateService { name: Some(name("site")), ..UpdateService::default() };
        let after = acting.update_service(&at("store/live/web"), update).await.unwrap();
        assert_eq!((after.id, after.path.to_string()), (before.id, "store/live/site".to_owned()));
        assert_eq!(after.domains[0].host.as_str(), "web-shop.localhost");
        assert_eq!(kind(acting.service(&at("shop/production/web")).await), ProblemKind::NotFound);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_is_kept_when_it_alone_is_changed() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let path = service(&acting, "shop/production/web").await.path;
        let default = ServiceSettings::default();
        for settings in [
            ServiceSettings { routed: false, ..default.clone() },
            ServiceSettings { replicas: 3, ..default.clone() },
            ServiceSettings { strategy: Strategy::BlueGreen, ..default.clone() },
            ServiceSettings { release_command: Some(vec!["a".into()]), ..default.clone() },
            ServiceSettings { after_command: Some(vec!["a".into()]), ..default.clone() },
            ServiceSettings { command_timeout_s: 60, ..default.clone() },
            default.clone(),
        ] {
            let update = UpdateService { settings: Some(settings.clone()), ..UpdateService::default() };
            assert_eq!(acting.update_service(&path, update).await.unwrap().settings, settings);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_default_domain_is_free_and_a_taken_one_says_by_whom() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let stranger = owner(&engine).await;
        for acting in [&acting, &stranger] {
            project(acting, "shop").await;
        }
        let request = CreateEnvironment { name: name("staging") };
        acting.create_environment(&name("shop"), request).await.unwrap();
        let hosts = [
            service(&acting, "shop/production/web").await,
            service(&acting, "shop/staging/web").await,
            service(&stranger, "shop/production/web").await,
        ]
        .map(|view| view.domains[0].host.to_string());
        assert_eq!(hosts, ["web-shop.localhost", "web-staging-shop.localhost", "web-shop-2.localhost"]);

        let add = |path: &str| AddDomain {
            host: "shop.example.org".parse().unwrap(),
            path: path.parse().unwrap(),
            port: None,
        };
        let web = at("shop/production/web");
        let added = acting.add_domain(&web, add("/")).await.unwrap();
        assert_eq!(added.url, "http://shop.example.org");
        acting.add_domain(&web, add("/api")).await.unwrap();
        let own = problem(acting.add_domain(&web, add("/")).await);
        assert_eq!(own.message, "shop.example.org leads to this service already.");
        let ours = problem(acting.add_domain(&at("shop/staging/web"), add("/api")).await);
        assert_eq!(ours.message, "shop.example.org/api leads to shop/production/web already.");
        let theirs = problem(stranger.add_domain(&web, add("/")).await);
        assert_eq!(theirs.message, "shop.example.org is taken.");
        let view = acting.service(&web).await.unwrap();
        assert_eq!(view.domains.len(), 3);
        let summary = &acting.search_services(PageQuery::default()).await.unwrap().items[0];
        assert_eq!(summary.url.as_deref(), Some("http://shop.example.org"));
        acting.remove_domain(&web, added.id).await.unwrap();
        assert_eq!(kind(acting.remove_domain(&web, added.id).await), ProblemKind::NotFound);
        stranger.add_domain(&web, add("/")).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_git_could_take_for_something_else_is_refused() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        for (url, branch, field) in [
            ("--upload-pack=x", "main", "url"),
            ("ext::helper x", "main", "url"),
            ("file:///etc", "main", "url"),
            ("https://user:secret@git.example.org/a", "main", "url"),
            ("https://git.example.org/a", "-x", "branch"),
            ("https://git.example.org/a", "a..b", "branch"),
        ] {
            let source = Source::Git(GitSource { branch: branch.into(), ..GitSource::new(url) });
            let request = CreateService { name: name("x"), source, settings: ServiceSettings::default() };
            let refused = problem(acting.create_service(&name("shop"), &name("production"), request).await);
            assert_eq!(
                (refused.kind, refused.field.as_deref()),
                (ProblemKind::Invalid, Some(field)),
                "{url}"
            );
            assert!(!refused.message.contains("secret"), "{refused}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_come_in_pages_and_are_searched() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        for i in 0..7 {
            project(&acting, &format!("p{i}")).await;
        }
        for path in ["p1/production/web", "p3/production/web", "p3/production/db", "p5/production/cache"] {
            service(&acting, path).await;
        }
        let ask = |after: Option<String>, limit, search: Option<&str>| PageQuery {
            after,
            limit: Some(limit),
            search: search.map(str::to_owned),
        };
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = acting.list_projects(ask(after, 3, None)).await.unwrap();
            seen.extend(page.items.iter().map(|p| p.name.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
        let found = acting.list_projects(ask(None, 50, Some("web"))).await.unwrap();
        let found: Vec<_> = found.items.iter().map(|p| (p.name.as_str(), p.services)).collect();
        assert_eq!(found, [("p1", 1), ("p3", 2)]);
        for nothing in ["%", "_", "'; --", "nowhere"] {
            assert!(acting.list_projects(ask(None, 50, Some(nothing))).await.unwrap().items.is_empty());
            assert!(acting.search_services(ask(None, 50, Some(nothing))).await.unwrap().items.is_empty());
        }
        let one = acting.search_services(ask(None, 2, None)).await.unwrap();
        let two = acting.search_services(ask(one.next, 2, None)).await.unwrap();
        let paths: Vec<_> = one.items.iter().chain(&two.items).map(|s| s.path.to_string()).collect();
        assert_eq!(
            paths,
            ["p1/production/web", "p3/production/db", "p3/production/web", "p5/production/cache"]
        );
        assert_eq!(two.next, None);
        let found = acting.search_services(ask(None, 9, Some("p3/production"))).await.unwrap();
        assert_eq!(found.items.len(), 2);
    })
    .await;
}
