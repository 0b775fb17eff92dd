//! Deployments as far as they go on a machine whose Docker is down, and the reading of logs.

use berth_tests::{
    prelude::*,
    verbs::{self, image},
};

both_databases! {
    async fn without_docker_a_deployment_fails_in_words_and_the_panel_works_on(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let queued = owner.post(&format!("{}/deployments", verbs::of(&web)), json!({})).await?;
        ensure!([202, 503].contains(&queued.status.as_u16()), "{queued:?}");
        if queued.status == 202 {
            let view = owner.failed(&web, 1, Duration::from_secs(60)).await?;
            ensure!(view.reason.as_deref().is_some_and(|r| r.contains("Docker")), "{:?}", view.reason);
        }
        let health = Answer::of(owner.request(Method::GET, "/health")).await?;
        ensure!(health.status == 503, "{health:?}");
        let health: Value = serde_json::from_str(&health.text)?;
        ensure!(health["store"]["ok"] == true && health["docker"]["ok"] == false, "{health}");
        ensure!(health["docker"]["detail"].as_str().is_some_and(|d| d.len() > 5), "{health}");
        Ok(())
    }

    async fn without_docker_a_plan_is_refused_in_words(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let problem = owner.get(&format!("{}/plan", verbs::of(&web))).await?.refused(503)?;
        ensure!(problem.message.contains("Docker"), "{problem:?}");
        Ok(())
    }

    async fn what_was_never_deployed_cannot_be_cancelled_or_rolled_back_to(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let at = verbs::of(&web);
        owner.get(&format!("{at}/deployments/1")).await?.refused(404)?;
        owner.post(&format!("{at}/deployments/1/cancel"), Value::Null).await?.refused(404)?;
        owner.post(&format!("{at}/deployments/1/promote"), Value::Null).await?.refused(404)?;
        owner.get(&format!("{at}/rollback/1")).await?.refused(404)?;
        owner.post(&format!("{at}/rollback"), json!({ "to": 1 })).await?.refused(404)?;
        owner.post(&format!("{at}/rollback"), json!({})).await?.refuses_field("to")?;
        owner.get(&format!("{at}/deployments/x")).await?.refused(404)?;
        owner.get(&format!("{at}/deployments/1/log")).await?.refused(404)?;
        let commit = json!({ "commit": "--upload-pack=x" });
        owner.post(&format!("{at}/deployments"), commit).await?.refuses_field("commit")?;
        Ok(())
    }

    async fn a_log_query_that_is_none_is_refused_with_its_field(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let at = verbs::of(&web);
        for (query, field) in [
            ("after=x", "after"), ("before=-1", "before"), ("limit=x", "limit"), ("since=yesterday", "since"),
            ("until=x", "until"), ("stream=video", "stream"),
        ] {
            owner.get(&format!("{at}/logs?{query}")).await?.refuses_field(field)?;
        }
        let empty = owner.log(&web, "search=anything&limit=10").await?;
        ensure!(empty.lines.is_empty(), "{empty:?}");
        Ok(())
    }
}
