use super::*;
use crate::store::scratch::engines;
use berth_domain::{
    event::{EventKind, EventQuery},
    service::{ConfirmDeletion, VolumeMount},
    variable::SetVariable,
};

async fn filled(acting: &Acting) -> ServiceView {
    project(acting, "shop").await;
    let volumes = vec![VolumeMount { name: name("data"), path: "/data".into(), read_only: false }];
    let settings = ServiceSettings { volumes, ..ServiceSettings::default() };
    let web = try_service(acting, "shop/production/web", settings).await.unwrap();
    service(acting, "shop/production/api").await;
    let variable = SetVariable { value: "v".into(), secret: false };
    acting.set_variable(&web.path, "KEY", variable).await.unwrap();
    web
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_lists_what_goes_and_what_stays_and_wants_the_name() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let web = filled(&acting).await;
        let preview = acting.preview_service_deletion(&web.path).await.unwrap();
        let goes = ["service shop/production/web", "1 variable", "domain http://web-shop.localhost"];
        assert_eq!((preview.confirm.as_str(), preview.goes), ("web", goes.map(str::to_owned).to_vec()));
        assert_eq!(preview.stays.len(), 1);
        assert!(
            preview.stays[0]
                .starts_with("volume data of shop/production/web with its data (in Docker: berth-main-")
        );
        let preview = acting.preview_project_deletion(&name("shop")).await.unwrap();
        assert_eq!(preview.goes[0], "environment production");
        assert!(preview.goes.contains(&"service shop/production/api".to_owned()));

        for wrong in ["", "WEB", "web ", "shop"] {
            let refused =
                problem(acting.delete_service(&web.path, ConfirmDeletion { confirm: wrong.into() }).await);
            assert_eq!((refused.kind, refused.field.as_deref()), (ProblemKind::Invalid, Some("confirm")));
        }
        assert!(acting.service(&web.path).await.is_ok());
        acting.delete_service(&web.path, ConfirmDeletion { confirm: "web".into() }).await.unwrap();
        assert_eq!(kind(acting.service(&web.path).await), ProblemKind::NotFound);
        let again = service(&acting, "shop/production/web").await;
        assert_eq!(again.domains[0].host.as_str(), "web-shop.localhost");
        assert!(acting.variables(&web.path).await.unwrap().variables.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_a_project_goes_with_it_and_each_service_is_told_as_deleted() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let web = filled(&acting).await;
        let api = acting.service(&at("shop/production/api")).await.unwrap();
        acting.delete_project(&name("shop"), ConfirmDeletion { confirm: "shop".into() }).await.unwrap();
        assert_eq!(acting.rows().belongings(&[web.id, api.id]).await.unwrap(), Default::default());
        let deleted = engine.store().buried(&[web.id, api.id]).await.unwrap();
        assert_eq!(deleted.len(), 2);
        let query = EventQuery { kind: Some("project.deleted".into()), ..EventQuery::default() };
        let told = acting.events(query).await.unwrap();
        assert_eq!(told.items[0].message, "Project shop was deleted with 2 services.");
        let query = EventQuery { kind: Some(EventKind::ServiceDeleted.to_string()), ..EventQuery::default() };
        assert_eq!(acting.events(query).await.unwrap().items.len(), 2);
        assert_eq!(kind(acting.project(&name("shop")).await), ProblemKind::NotFound);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_made_while_its_project_goes_is_either_deleted_with_it_or_never_made() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        for round in 0..10 {
            let shop = format!("shop{round}");
            project(&acting, &shop).await;
            let path = format!("{shop}/production/web");
            let made = try_service(&acting, &path, ServiceSettings::default());
            let shop = name(&shop);
            let gone = acting.delete_project(&shop, ConfirmDeletion { confirm: shop.to_string() });
            let (made, gone) = tokio::join!(made, gone);
            gone.unwrap();
            if let Ok(made) = made {
                assert_eq!(engine.store().buried(&[made.id]).await.unwrap(), [made.id]);
            }
            assert_eq!(kind(acting.service(&at(&path)).await), ProblemKind::NotFound);
        }
    })
    .await;
}
