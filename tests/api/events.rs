//! The audit trail and the live feed.

use berth_tests::{prelude::*, sse::Events};

both_databases! {
    async fn every_write_is_in_the_audit_trail_with_who_and_where(berth) {
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        let page: Value = owner.get("/events?project=shop").await?.ok()?;
        let event = &page["items"][0];
        ensure!(event["kind"] == "project.created" && event["actor"] == berth_tests::berth::OWNER, "{page}");
        ensure!(event["address"] == "127.0.0.1" && event["message"].as_str().is_some_and(|m| m.contains("shop")), "{page}");
        let all: Value = owner.get("/events").await?.ok()?;
        ensure!(all.to_string().contains("organisation.claimed"), "{all}");
        for bad in ["limit=x", "before=x"] {
            owner.get(&format!("/events?{bad}")).await?.refused(422)?;
        }
        Ok(())
    }

    async fn the_feed_tells_what_happens_as_it_happens(berth) {
        let owner = berth.owner().await?;
        let mut feed = Events::open(&owner, "/events/stream", None).await?;
        owner.create_project("shop").await?;
        let event = feed.find(Duration::from_secs(20), |event| event.data.contains("project.created")).await?;
        ensure!(event.id.is_some() && event.data.contains("shop"), "{event:?}");
        Ok(())
    }

    /// A viewer that was away goes on where it was: nothing is missing, nothing comes twice.
    async fn the_feed_goes_on_without_gap_or_double(berth) {
        let owner = berth.owner().await?;
        let mut feed = Events::open(&owner, "/events/stream", None).await?;
        owner.create_project("p0").await?;
        let first = feed.find(Duration::from_secs(20), |event| event.data.contains("p0")).await?;
        drop(feed);
        for number in 1..=5 {
            owner.create_project(&format!("p{number}")).await?;
        }
        let mut feed = Events::open(&owner, "/events/stream", first.id.as_deref()).await?;
        for number in 6..=9 {
            owner.create_project(&format!("p{number}")).await?;
        }
        let mut seen = Vec::new();
        while seen.len() < 9 {
            let created = |event: &berth_tests::sse::Event| event.data.contains("project.created");
            let event: Value = serde_json::from_str(&feed.find(Duration::from_secs(20), created).await?.data)?;
            seen.push(event["project"].as_str().unwrap_or_default().to_owned());
        }
        let all: Vec<_> = (1..=9).map(|number| format!("p{number}")).collect();
        ensure!(seen == all, "{seen:?}");
        Ok(())
    }

    /// R-SEC-4: a stream ends within five seconds when what opened it is revoked.
    async fn a_stream_ends_when_its_token_is_revoked(berth) {
        let owner = berth.owner().await?;
        let made: Value = owner.post("/me/tokens", json!({ "name": "ci", "role": "viewer" })).await?.ok()?;
        let program = owner.with_token(made["secret"].as_str().context("the secret")?)?;
        let mut feed = Events::open(&program, "/events/stream", None).await?;
        let id = made["token"]["id"].as_str().context("its id")?;
        owner.delete(&format!("/me/tokens/{id}"), Value::Null).await?.done()?;
        tokio::time::timeout(Duration::from_secs(8), async {
            while feed.next().await?.is_some() {}
            Ok::<_, anyhow::Error>(())
        })
        .await
        .context("the stream went on")??;
        Ok(())
    }
}
