//! R-SEC-2: what belongs to another organisation does not exist; what a role may not do is not done.

use super::*;
use crate::store::{NewDomain, Scope, scratch::engines};
use berth_domain::{
    domain_name::{AddDomain, PathPrefix},
    event::EventQuery,
    ids::{DomainId, ServiceId},
    page::PageQuery,
    project::CreateEnvironment,
    service::{ConfirmDeletion, Rename, SetCredential, UpdateService},
    variable::{ImportVariables, SetVariable},
};
use uuid::Uuid;

fn confirm(word: &str) -> ConfirmDeletion {
    ConfirmDeletion { confirm: word.into() }
}

fn secret(value: &str) -> SetVariable {
    SetVariable { value: value.into(), secret: true }
}

/// Every verb on the things of `shop`, with how it ended.
async fn every_verb(acting: &Acting) -> Vec<(&'static str, Option<ProblemKind>)> {
    let (shop, production, web) = (name("shop"), name("production"), at("shop/production/web"));
    let mut ended = Vec::new();
    macro_rules! verb {
        ($name:ident($($argument:expr),*)) => {{
            let kind = match acting.$name($($argument),*).await {
                Ok(_) => None,
                Err(error) => Some(error.problem().kind),
            };
            ended.push((stringify!($name), kind));
        }};
    }
    let host = AddDomain { host: "a.example.org".parse().unwrap(), path: PathPrefix::root(), port: None };
    let import = ImportVariables { dotenv: "B=1".into(), replace: true, secret: true };
    let credential = SetCredential { username: String::new(), secret: "x".into() };
    verb!(project(&shop));
    verb!(rename_project(&shop, Rename { name: shop.clone() }));
    verb!(preview_project_deletion(&shop));
    verb!(create_environment(&shop, CreateEnvironment { name: name("staging") }));
    verb!(environment(&shop, &production));
    verb!(rename_environment(&shop, &production, Rename { name: production.clone() }));
    verb!(preview_environment_deletion(&shop, &production));
    let create = CreateService { name: name("new-one"), source: git(), settings: ServiceSettings::default() };
    verb!(create_service(&shop, &production, create));
    verb!(service(&web));
    verb!(update_service(&web, UpdateService::default()));
    verb!(set_credential(&web, credential));
    verb!(access(&web));
    verb!(make_deploy_key(&web));
    verb!(forget_host_key(&web));
    verb!(preview_service_deletion(&web));
    verb!(variables(&web));
    verb!(set_variable(&web, "A", secret("1")));
    verb!(reveal_variable(&web, "A"));
    verb!(export_variables(&web));
    verb!(import_variables(&web, import));
    verb!(delete_variable(&web, "B"));
    verb!(domains(&web));
    verb!(add_domain(&web, host));
    verb!(remove_domain(&web, DomainId(Uuid::nil())));
    verb!(webhook(&web));
    verb!(rotate_webhook_secret(&web));
    verb!(deliveries(&web, PageQuery::default()));
    verb!(stop_service(&web));
    verb!(start_service(&web));
    verb!(delete_service(&web, confirm("web")));
    verb!(delete_environment(&shop, &production, confirm("production")));
    verb!(delete_project(&shop, confirm("shop")));
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_sec_2_another_organisations_things_do_not_exist() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let stranger = owner(&engine).await;
        project(&acting, "shop").await;
        service(&acting, "shop/production/web").await;
        acting.set_variable(&at("shop/production/web"), "A", secret("1")).await.unwrap();
        for (verb, kind) in every_verb(&stranger).await {
            assert_eq!(kind, Some(ProblemKind::NotFound), "{verb}");
        }
        assert!(stranger.list_projects(PageQuery::default()).await.unwrap().items.is_empty());
        assert!(stranger.search_services(PageQuery::default()).await.unwrap().items.is_empty());
        assert!(stranger.events(EventQuery::default()).await.unwrap().items.is_empty());
        let view = acting.service(&at("shop/production/web")).await.unwrap();
        assert_eq!(view.domains.len(), 1);
        assert_eq!(acting.reveal_variable(&at("shop/production/web"), "A").await.unwrap().value, "1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_sec_2_the_store_finds_nothing_by_a_foreign_id() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let stranger = owner(&engine).await;
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await;
        acting.set_variable(&web.path, "A", secret("1")).await.unwrap();
        let id: ServiceId = web.id;
        let row = acting.service_row(&web.path).await.unwrap();
        let rows = stranger.rows();
        assert_eq!(rows.service_by_id(id).await.unwrap(), None);
        assert_eq!(rows.service(&web.path).await.unwrap(), None);
        assert_eq!(rows.service_id(&web.path).await.unwrap(), None);
        assert!(rows.environments(row.project).await.unwrap().is_empty());
        assert_eq!(rows.environment(row.project, &name("production")).await.unwrap(), None);
        assert!(rows.services_in(row.project, None).await.unwrap().is_empty());
        assert!(rows.services_listed(row.project, Some(row.environment)).await.unwrap().is_empty());
        let mine = engine.store().begin().await.unwrap();
        mine.scoped(acting.scope()).keep_known_host("git.example", "ssh-ed25519 AAAA").await.unwrap();
        mine.commit().await.unwrap();
        assert_eq!(rows.known_host("git.example").await.unwrap(), None);
        assert!(rows.variables(id).await.unwrap().is_empty());
        assert_eq!(rows.variable(id, "A").await.unwrap(), None);
        assert!(rows.domains(id).await.unwrap().is_empty());
        assert!(rows.deliveries(id, None, 10).await.unwrap().is_empty());
        assert!(rows.deployments(id, None, 10).await.unwrap().is_empty());
        assert!(rows.deployment(id, 1).await.unwrap().is_none());
        assert_eq!(rows.belongings(&[id]).await.unwrap(), Default::default());
        assert!(rows.events_after(0, 10).await.unwrap().is_empty());

        let write = engine.store().begin().await.unwrap();
        let theirs = write.scoped(stranger.scope());
        assert!(!theirs.hold_service(id).await.unwrap() && !theirs.hold_project(row.project).await.unwrap());
        assert!(!theirs.rename_project(row.project, &name("mine")).await.unwrap());
        assert!(!theirs.rename_environment(row.environment, &name("mine")).await.unwrap());
        assert!(
            !theirs.change_service(id, &name("mine"), &git(), &ServiceSettings::default()).await.unwrap()
        );
        assert!(!theirs.want_service(id, crate::store::Wanted::Stopped).await.unwrap());
        assert!(!theirs.keep_credential(id, None).await.unwrap());
        assert!(!theirs.forget_known_host("git.example").await.unwrap());
        assert!(!theirs.keep_webhook_secret(id, vec![]).await.unwrap());
        assert!(!theirs.delete_variable(id, "A").await.unwrap());
        assert!(!theirs.delete_domain(id, web.domains[0].id).await.unwrap());
        assert!(!theirs.delete_service(id).await.unwrap());
        assert!(!theirs.delete_environment(row.environment).await.unwrap());
        assert!(!theirs.delete_project(row.project).await.unwrap());
        write.commit().await.unwrap();
        assert_eq!(acting.service_row(&web.path).await.unwrap(), row);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_does_what_it_may_and_nothing_else() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        service(&acting, "shop/production/web").await;
        let organisation = acting.actor().organisation;
        let forbidden = async |role| {
            let ended = every_verb(&with_role(&engine, organisation, role)).await;
            let no = |(verb, kind)| (kind == Some(ProblemKind::Forbidden)).then_some(verb);
            ended.into_iter().filter_map(no).collect::<Vec<&str>>()
        };
        let viewer = forbidden(Role::Viewer).await;
        assert_eq!(viewer.len(), 32 - 8, "{viewer:?}");
        let deployer = forbidden(Role::Deployer).await;
        assert_eq!(viewer.len() - deployer.len(), 2, "{deployer:?}");
        let developer = forbidden(Role::Developer).await;
        assert_eq!(
            developer,
            [
                "rename_project",
                "preview_project_deletion",
                "preview_environment_deletion",
                "preview_service_deletion",
                "reveal_variable",
                "export_variables",
                "delete_service",
                "delete_environment",
                "delete_project"
            ]
        );
        assert!(forbidden(Role::Admin).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_not_held_up_by_a_writer_and_a_dropped_transaction_never_was() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await;
        let write = engine.store().begin().await.unwrap();
        let rows = write.scoped(Scope(acting.actor().organisation));
        rows.insert_project(&name("other")).await.unwrap();
        let new = NewDomain {
            service: web.id,
            host: "b.example.org".parse().unwrap(),
            path: PathPrefix::root(),
            port: Some(81),
            settings: Default::default(),
            is_default: false,
        };
        rows.insert_domain(new).await.unwrap();
        let reads = async {
            for _ in 0..50 {
                assert_eq!(acting.service(&web.path).await.unwrap().domains.len(), 1);
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), reads)
            .await
            .expect("reads wait for the writer");
        drop(rows);
        drop(write);
        assert_eq!(acting.list_projects(PageQuery::default()).await.unwrap().items.len(), 1);
        project(&acting, "other").await;
    })
    .await;
}
