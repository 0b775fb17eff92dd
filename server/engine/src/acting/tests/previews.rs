//! R-PRV-2, R-PRV-3: previews by age, and what goes with one.

use super::*;
use crate::{
    store::scratch::engines,
    webhook::{PullRequest, PullRequestAction},
};
use berth_domain::{
    preview::{PreviewSettings, PreviewState},
    service::{ServiceSettings, SetCredential},
};
use chrono::TimeDelta;

const COMMIT: &str = "1111111111111111111111111111111111111111";

fn request() -> PullRequest {
    PullRequest {
        number: 7,
        action: PullRequestAction::Opened,
        fork: false,
        outside: false,
        title: "A change".into(),
        author: "person".into(),
        branch: "feature".into(),
        base: "main".into(),
        commit: COMMIT.into(),
        url: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_prv_2_a_preview_goes_by_age_with_its_data_and_comes_back_when_it_is_asked_for() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let previews = PreviewSettings { on: true, ttl_h: 24, most: 3 };
        let settings = ServiceSettings { previews, ..ServiceSettings::default() };
        let service = try_service(&acting, "shop/production/web", settings).await.unwrap();
        let credential = SetCredential { username: "git".into(), secret: "canary-token".into() };
        acting.set_credential(&service.path, credential).await.unwrap();
        let parent = engine.store().service_anywhere(service.id).await.unwrap().unwrap();
        assert!(engine.pull_request(&acting.actor, &parent, &request()).await.unwrap().queued);

        let mut row = acting.rows().preview(service.id, 7).await.unwrap().unwrap();
        let child = engine.preview_service(&row).await.unwrap().unwrap();
        assert_eq!(child.path.to_string(), "shop/pr-7-web/web");
        let copied = engine.open_credential(child.id, child.credential.as_deref()).unwrap().unwrap();
        assert_eq!(copied.secret, "canary-token");
        assert_eq!(acting.previews(&service.path).await.unwrap()[0].state, PreviewState::Open);

        row.changed_at -= TimeDelta::hours(25);
        let write = engine.store().begin().await.unwrap();
        write.scoped(acting.scope()).keep_preview(&row).await.unwrap();
        write.commit().await.unwrap();
        engine.check_previews(service.id).await.unwrap();
        let old = acting.previews(&service.path).await.unwrap().remove(0);
        assert_eq!(
            (old.state, old.reason.as_deref()),
            (PreviewState::Removed, Some("No commit came for 24 hours."))
        );
        assert_eq!(kind(acting.environment(&name("shop"), &name("pr-7-web")).await), ProblemKind::NotFound);
        let buried = engine.store().tombstones(&[child.id.0], &[]).await.unwrap();
        assert!(buried.len() == 1 && buried[0].with_data, "{buried:?}");

        let again = acting.redeploy_preview(&service.path, 7).await.unwrap();
        assert_eq!((again.state, again.reason), (PreviewState::Open, None));
        assert!(again.goes_at.is_some_and(|at| at > engine.now() + TimeDelta::hours(23)));
    })
    .await;
}
