//! What outlives the row it belonged to: tombstones, orphans' ages, wishes to delete a volume, old events.

use super::*;
use crate::store::{NewVolumeDeletion, Scope, scratch::engines};
use berth_domain::{
    disk::{OrphanKind, OrphanName, RemoveOrphan},
    event::EventQuery,
    service::ConfirmDeletion,
};
use chrono::TimeDelta;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_environment_and_its_services_have_tombstones_that_say_whose_they_were() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await;
        let environment = acting.environment(&name("shop"), &name("production")).await.unwrap().id;
        let repository = crate::orphans::repository(&engine.parts.naming, web.id);
        assert!(engine.store().tombstones(&[web.id.0, environment.0], &[]).await.unwrap().is_empty());
        acting.delete_project(&name("shop"), ConfirmDeletion { confirm: "shop".into() }).await.unwrap();
        let mut found = engine.store().tombstones(&[web.id.0, environment.0], &[]).await.unwrap();
        found.sort_by_key(|tombstone| tombstone.path.len());
        let paths: Vec<_> = found.iter().map(|tombstone| tombstone.path.as_str()).collect();
        assert_eq!(paths, ["shop/production", "shop/production/web"]);
        assert!(found.iter().all(|tombstone| tombstone.organisation == acting.actor.organisation));
        let by_image = engine.store().tombstones(&[], &[repository, "berth-main/none".into()]).await.unwrap();
        assert_eq!(by_image, found[1..]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orphan_has_its_age_over_restarts_and_a_new_one_once_it_was_wanted_again() {
    engines(async |engine| {
        let key = |kind, object: &str| (kind, object.to_owned());
        let (one, two) = (key(OrphanKind::Container, "1"), key(OrphanKind::Image, "1"));
        let store = engine.store();
        let first = store.orphans_since(std::slice::from_ref(&one)).await.unwrap();
        let both = store.orphans_since(&[one.clone(), two.clone()]).await.unwrap();
        assert_eq!(both[&one], first[&one]);
        assert!(both[&two] > first[&one]);
        let reopened = crate::store::Store::open(engine.config()).await.unwrap();
        assert_eq!(reopened.orphans_since(&[one.clone(), two.clone()]).await.unwrap(), both);
        assert_eq!(store.orphans_since(std::slice::from_ref(&two)).await.unwrap().len(), 1);
        let again = store.orphans_since(&[one.clone(), two]).await.unwrap();
        assert!(again[&one] > both[&one]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_sec_2_a_wish_to_delete_a_volume_is_of_its_organisation() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let stranger = owner(&engine).await;
        let at = engine.now();
        let wish = NewVolumeDeletion {
            docker_name: "berth-main-x-data".into(),
            told: "data of shop/production/web".into(),
            asked_by: "somebody".into(),
            asked_at: at,
            due_at: at + TimeDelta::days(7),
        };
        let write = acting.begin().await.unwrap();
        write.scoped(acting.scope()).insert_volume_deletion(wish.clone()).await.unwrap();
        write.commit().await.unwrap();
        let write = acting.begin().await.unwrap();
        let twice = write.scoped(acting.scope()).insert_volume_deletion(wish).await.unwrap_err();
        assert!(twice.is_taken());
        drop(write);
        assert!(stranger.rows().volume_deletions().await.unwrap().is_empty());
        let named = || OrphanName { kind: OrphanKind::Volume, name: "berth-main-x-data".into() };
        assert_eq!(kind(stranger.keep_orphan(named()).await), ProblemKind::NotFound);
        let network = OrphanName { kind: OrphanKind::Network, name: "x".into() };
        assert_eq!(kind(acting.keep_orphan(network).await), ProblemKind::Conflict);
        assert_eq!(engine.store().volume_deletions_everywhere().await.unwrap().len(), 1);
        acting.keep_orphan(named()).await.unwrap();
        assert_eq!(kind(acting.keep_orphan(named()).await), ProblemKind::NotFound);
        let query = EventQuery { kind: Some("volume.kept".into()), ..EventQuery::default() };
        assert_eq!(acting.events(query).await.unwrap().items.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_wants_is_for_those_who_administer() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let developer = with_role(&engine, acting.actor.organisation, Role::Developer);
        let remove = RemoveOrphan { kind: OrphanKind::Image, name: "x".into(), confirm: String::new() };
        assert_eq!(kind(developer.orphans().await), ProblemKind::Forbidden);
        assert_eq!(kind(developer.remove_orphan(remove).await), ProblemKind::Forbidden);
        let named = OrphanName { kind: OrphanKind::Volume, name: "x".into() };
        assert_eq!(kind(developer.keep_orphan(named).await), ProblemKind::Forbidden);
        let viewer = with_role(&engine, acting.actor.organisation, Role::Viewer);
        assert_eq!(kind(viewer.measure_disk().await), ProblemKind::Forbidden);
        assert!(viewer.disk().await.unwrap().measuring);
        assert!(acting.orphans().await.unwrap().items.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_events_go_in_batches_the_oldest_first_and_the_rest_stays() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        for number in 0..7 {
            project(&acting, &format!("p{number}")).await;
        }
        let all = acting.rows().events_after(0, 100).await.unwrap();
        let store = engine.store();
        let before = all[4].at;
        assert_eq!(store.forget_events(before - TimeDelta::days(1), 100).await.unwrap(), 0);
        let mut gone = Vec::new();
        for _ in 0..4 {
            gone.push(store.forget_events(before, 2).await.unwrap());
        }
        assert_eq!(gone, [2, 2, 0, 0]);
        let rest = acting.rows().events_after(0, 100).await.unwrap();
        assert_eq!(rest, all[4..]);
        assert!(store.database_size().await.unwrap() > 10_000);
        project(&acting, "later").await;
        let newest = acting.rows().events_after(rest[2].id, 10).await.unwrap();
        assert_eq!(newest.len(), 1, "ids go on from where they were");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_is_named_with_its_organisation() {
    engines(async |engine| {
        let (acting, stranger) = (owner(&engine).await, owner(&engine).await);
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await;
        assert_eq!(acting.rows().service_paths().await.unwrap(), [(web.id, web.path.clone())]);
        assert!(
            engine
                .store()
                .scoped(Scope(stranger.actor.organisation))
                .service_paths()
                .await
                .unwrap()
                .is_empty()
        );
        let everywhere = engine.store().service_paths_everywhere().await.unwrap();
        assert_eq!(everywhere[&web.id], (acting.actor.organisation, web.path));
        assert_eq!(engine.store().environment_ids().await.unwrap().len(), 1);
        assert_eq!(engine.first_organisation().await.unwrap(), Some(acting.actor.organisation));
    })
    .await;
}
