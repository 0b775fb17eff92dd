use super::*;
use crate::{
    Engine,
    store::{
        Scope,
        entities::services,
        scratch::{engines, on_both},
    },
};
use berth_domain::{
    name::Name,
    service::ServiceSettings,
    source::{ImageSource, Source},
};
use sea_orm::{EntityTrait, sea_query::Expr};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_is_made_once_and_opening_again_changes_nothing() {
    on_both(async |config: Config| {
        let first = Store::open(&config).await.unwrap();
        let write = first.begin().await.unwrap();
        write.set_meta("kept", "yes").await.unwrap();
        write.commit().await.unwrap();
        let again = Store::open(&config).await.unwrap();
        assert_eq!(again.meta("kept").await.unwrap().as_deref(), Some("yes"));
        migrate(&again.writes).await.unwrap();
        assert_eq!(again.meta("kept").await.unwrap().as_deref(), Some("yes"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_programs_that_start_at_once_make_one_schema() {
    on_both(async |config: Config| {
        let opened = futures::future::join_all((0..4).map(|_| Store::open(&config))).await;
        for store in opened {
            store.unwrap().ping().await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_exist_is_reported_with_its_place_and_stops_nobody() {
    engines(async |engine: Engine| {
        let store = engine.store();
        let write = store.begin().await.unwrap();
        let scope = Scope(write.insert_organisation("test").await.unwrap());
        let rows = write.scoped(scope);
        let name = |text: &str| text.parse::<Name>().unwrap();
        let project = rows.insert_project(&name("shop")).await.unwrap();
        let environment = rows.insert_environment(project.id, &name("production")).await.unwrap();
        let new = crate::store::NewService {
            project: project.id,
            environment: environment.id,
            name: name("web"),
            source: Source::Image(ImageSource { reference: "nginx:1".into() }),
            settings: ServiceSettings::default(),
        };
        let id = rows.insert_service(new).await.unwrap();
        drop(rows);
        services::Entity::update_many()
            .col_expr(services::Column::State, Expr::value("confused"))
            .exec(&write.transaction)
            .await
            .unwrap();
        write.commit().await.unwrap();
        let error = store.scoped(scope).service_by_id(id).await.unwrap_err();
        let StoreError::Corrupt { table, column, id: row, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*table, *column, row), ("services", "state", &id.0.to_string()));
        let problem = crate::Error::from(error).problem();
        assert_eq!(problem.status(), 500);
        assert!(!problem.message.contains("confused"));
        assert!(store.scoped(scope).project(&name("shop")).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    Store::open(&Config::new(folder.path())).await.unwrap();
    let mode = std::fs::metadata(folder.path().join("berth.sqlite")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
