use super::*;
use crate::store::scratch::engines;
use berth_domain::event::{EventKind, EventQuery, EventView};
use futures::{StreamExt, future::join_all, stream::BoxStream};
use std::time::Duration;

async fn take(stream: BoxStream<'static, EventView>, count: usize) -> Vec<EventView> {
    let taken = stream.take(count).collect::<Vec<_>>();
    tokio::time::timeout(Duration::from_secs(20), taken).await.expect("events are missing")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_see_every_event_once_and_in_order_from_any_cursor() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "first").await;
        let from_start = tokio::task::unconstrained(take(acting.follow_events(Some(0)).await.unwrap(), 101));
        let writes = async {
            join_all((0..100).map(|i| {
                let acting = acting.clone();
                async move { project(&acting, &format!("p{i}")).await }
            }))
            .await
        };
        let (seen, _) = tokio::join!(from_start, writes);
        let ids: Vec<i64> = seen.iter().map(|event| event.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        let stored = acting.rows().events_after(0, 1_000).await.unwrap();
        assert_eq!(stored.iter().map(|event| event.id).collect::<Vec<_>>(), ids);

        let middle = ids[60];
        let rest = take(acting.follow_events(Some(middle)).await.unwrap(), 40).await;
        assert_eq!(rest.iter().map(|event| event.id).collect::<Vec<_>>(), ids[61..]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_wakes_for_its_own_organisation() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        let stranger = owner(&engine).await;
        let mut stream = acting.follow_events(Some(0)).await.unwrap();
        let writes = async {
            project(&stranger, "theirs").await;
            project(&acting, "ours").await;
        };
        let (event, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(5), stream.next()), writes);
        assert_eq!(event.unwrap().unwrap().project.as_deref(), Some("ours"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_says_who_did_what_from_where_and_is_filtered_and_paged() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        for i in 0..5 {
            project(&acting, &format!("p{i}")).await;
        }
        service(&acting, "p3/production/web").await;
        let newest = acting.events(EventQuery::default()).await.unwrap().items.remove(0);
        assert_eq!(newest.kind, EventKind::ServiceCreated);
        assert_eq!(newest.actor, "somebody@example.org");
        assert_eq!(newest.address.as_deref(), Some("192.0.2.7"));
        assert_eq!(newest.service.unwrap().to_string(), "p3/production/web");
        let mut query = EventQuery { limit: Some(4), ..EventQuery::default() };
        let first = acting.events(query.clone()).await.unwrap();
        query.before = Some(first.next.unwrap().parse().unwrap());
        let second = acting.events(query).await.unwrap();
        assert_eq!((first.items.len(), second.items.len(), second.next), (4, 2, None));
        let query = EventQuery { kind: Some("project.".into()), ..EventQuery::default() };
        assert_eq!(acting.events(query).await.unwrap().items.len(), 5);
        let query = EventQuery { kind: Some("%".into()), ..EventQuery::default() };
        assert!(acting.events(query).await.unwrap().items.is_empty());
        let query = EventQuery { project: Some("p3".into()), ..EventQuery::default() };
        assert_eq!(acting.events(query).await.unwrap().items.len(), 2);
    })
    .await;
}
