//! Who visits a service in maintenance or in a pause, without a proxy: what is asked for is kept and judged all the same.

use super::{live::go_live, *};
use crate::{
    store::scratch::engines,
    waiting::{Attended, Closed, Visit, VisitTo},
};
use berth_domain::{
    event::EventQuery,
    ids::ServiceId,
    waiting::{PauseRequest, SetMaintenance},
};
use chrono::TimeDelta;
use std::time::Duration;

/// A live service, and a request for it.
async fn visited(engine: &Engine) -> (Acting, ServicePath, ServiceId, Visit) {
    let acting = owner(engine).await;
    project(&acting, "shop").await;
    let view = service(&acting, "shop/production/web").await;
    go_live(&acting, &view.path).await;
    let to: VisitTo = VisitTo::word(view.id, None).parse().unwrap();
    (acting, view.path, view.id, Visit { to: Some(to), size: 100, may_wait: true })
}

fn is_kept<T>(result: Result<T>) {
    let problem = problem(result);
    assert!(
        problem.kind == ProblemKind::Unavailable && problem.message.starts_with("It is kept"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_reads_the_message_as_long_as_there_is_maintenance() {
    engines(async |engine| {
        let (acting, path, _, visit) = visited(&engine).await;
        let message = Some("Back at nine.".to_owned());
        is_kept(acting.begin_maintenance(&path, SetMaintenance { message: message.clone() }).await);
        assert_eq!(engine.attend(visit).await, Attended::Closed(Closed::Maintenance { message }));
        is_kept(acting.end_maintenance(&path).await);
        // There is no such container, so that is what a visitor is told then.
        assert_eq!(engine.attend(visit).await, Attended::Closed(Closed::Down));
        let nobody = Visit { to: None, ..visit };
        assert_eq!(engine.attend(nobody).await, Attended::Closed(Closed::NoSuchDomain));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_waits_until_the_pause_is_ended_and_one_that_cannot_wait_does_not() {
    engines(async |engine| {
        let (acting, path, _, visit) = visited(&engine).await;
        is_kept(acting.pause_traffic(&path, PauseRequest { seconds: 60 }).await);
        assert!(acting.service(&path).await.unwrap().paused_until.is_some());
        let hasty = Visit { may_wait: false, ..visit };
        assert_eq!(engine.attend(hasty).await, Attended::Closed(Closed::Busy));
        let waits = engine.attend(visit);
        tokio::pin!(waits);
        assert!(tokio::time::timeout(Duration::from_millis(300), waits.as_mut()).await.is_err());
        let (attended, resumed) = tokio::join!(waits, acting.resume_traffic(&path));
        is_kept(resumed);
        assert_eq!(attended, Attended::Closed(Closed::Down), "it went on, to a container that is not there");
        assert!(acting.service(&path).await.unwrap().paused_until.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_ends_once_its_time_has_come_and_says_so() {
    engines(async |engine| {
        let (acting, path, id, _) = visited(&engine).await;
        is_kept(acting.pause_traffic(&path, PauseRequest { seconds: 60 }).await);
        let store = engine.store();
        let paused = store.paused().await.unwrap().remove(0);
        assert_eq!(paused.id, id);
        store.end_pause(&paused, engine.now()).await.unwrap();
        assert_eq!(store.paused().await.unwrap().len(), 1, "its time has not come");
        store.end_pause(&paused, engine.now() + TimeDelta::seconds(61)).await.unwrap();
        assert!(store.paused().await.unwrap().is_empty());
        let query = EventQuery { kind: Some("service.traffic".into()), ..EventQuery::default() };
        let told = acting.events(query).await.unwrap().items;
        let kinds: Vec<_> = told.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["service.traffic_resumed", "service.traffic_paused"]);
    })
    .await;
}
