use super::*;
use crate::{
    Engine,
    store::{
        Scope,
        entities::{events, organisations, services},
        scratch::{engines, on_both},
    },
};
use berth_domain::{
    name::Name,
    service::ServiceSettings,
    source::{ImageSource, Source},
};
use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, EntityTrait, sea_query::Expr};
use uuid::Uuid;

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

/// A database of the first schema, on a connection of its own.
async fn first_schema(config: &Config) -> DatabaseConnection {
    let db = match &config.database_url {
        Some(url) => Database::connect(options(url.clone())).await.unwrap(),
        None => {
            std::fs::create_dir_all(&config.data).unwrap();
            sqlite_pool(sqlite(&config.data.join("berth.sqlite")), 1).await.unwrap()
        }
    };
    let transaction = db.begin_with_options(as_writer()).await.unwrap();
    berth_migrations::up_some(&transaction, 1).await.unwrap();
    transaction.commit().await.unwrap();
    db
}

fn deletion(organisation: Uuid, service: Uuid, kind: &str) -> events::ActiveModel {
    let text = |text: &str| Set(Some(text.to_owned()));
    events::ActiveModel {
        id: NotSet,
        organisation_id: Set(organisation),
        kind: Set(kind.to_owned()),
        actor: Set("somebody".into()),
        project: text("shop"),
        environment: text("production"),
        service: text("web"),
        service_id: Set(Some(service)),
        deployment: Set(None),
        message: Set("told".into()),
        address: Set(None),
        at: Set(crate::store::now()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_were_deleted_before_there_were_tombstones_have_them() {
    on_both(async |config: Config| {
        let [organisation, deleted, changed] = [1, 2, 3].map(Uuid::from_u128);
        let db = first_schema(&config).await;
        let row = organisations::ActiveModel {
            id: Set(organisation),
            name: Set("test".into()),
            created_at: Set(crate::store::now()),
        };
        organisations::Entity::insert(row).exec_without_returning(&db).await.unwrap();
        let told = [(deleted, "service.deleted"), (deleted, "service.deleted"), (changed, "service.changed")];
        for (service, kind) in told {
            let event = deletion(organisation, service, kind);
            events::Entity::insert(event).exec_without_returning(&db).await.unwrap();
        }
        db.close().await.unwrap();
        let store = Store::open(&config).await.unwrap();
        let found = store.tombstones(&[deleted, changed], &[]).await.unwrap();
        let found: Vec<_> = found.iter().map(|t| (t.id, t.organisation.0, t.path.as_str())).collect();
        assert_eq!(found, [(deleted, organisation, "shop/production/web")]);
    })
    .await;
}
