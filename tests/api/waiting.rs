//! Maintenance and pauses as the store keeps them, with the proxy away.

use berth_domain::event::EventView;
use berth_tests::{
    prelude::*,
    verbs::{self, image},
};

both_databases! {
    /// What is asked for while the proxy is away is kept, and said not to be in effect.
    async fn maintenance_is_kept_while_the_proxy_is_away(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let at = format!("{}/maintenance", verbs::of(&web));
        let problem = owner.put(&at, json!({ "message": " Back at nine. " })).await?.refused(503)?;
        ensure!(problem.message.starts_with("It is kept, but not in effect yet"), "{problem:?}");
        let kept = owner.service(&web).await?.maintenance.context("it is kept")?;
        ensure!(kept.message.as_deref() == Some("Back at nine.") && kept.by == "owner@example.com", "{kept:?}");
        owner.put(&at, json!({ "message": "Back at ten." })).await?.refused(503)?;
        let changed = owner.service(&web).await?.maintenance.context("it is kept")?;
        ensure!(changed.since == kept.since && changed.message.as_deref() == Some("Back at ten."), "{changed:?}");
        owner.delete(&at, Value::Null).await?.refused(503)?;
        ensure!(owner.service(&web).await?.maintenance.is_none());

        let events: Value = owner.get("/events?kind=service.maintenance").await?.ok()?;
        let events: Vec<EventView> = serde_json::from_value(events["items"].clone())?;
        let told: Vec<_> = events.iter().rev().map(|event| event.message.as_str()).collect();
        ensure!(told == [
            "Maintenance of shop/production/web began. Visitors read: Back at nine.",
            "Visitors of shop/production/web read something else during its maintenance.",
            "Maintenance of shop/production/web ended.",
        ], "{told:?}");
        Ok(())
    }

    async fn what_is_no_message_and_no_pause_is_refused_by_its_field(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let at = verbs::of(&web);
        for message in [&*"a".repeat(501), "a\u{1b}[31m"] {
            owner.put(&format!("{at}/maintenance"), json!({ "message": message })).await?.refuses_field("message")?;
        }
        for seconds in [0, 61] {
            owner.post(&format!("{at}/pause"), json!({ "seconds": seconds })).await?.refuses_field("seconds")?;
        }
        let nothing = owner.post(&format!("{at}/pause"), json!({ "seconds": 1 })).await?.refused(409)?;
        ensure!(nothing.message.contains("nothing to pause"), "{nothing:?}");
        ensure!(owner.service(&web).await?.paused_until.is_none());
        Ok(())
    }
}
