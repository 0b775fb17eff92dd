//! R-SEC-2: what belongs to another organisation is not there.

use berth_tests::{
    prelude::*,
    verbs::{self, git},
};

both_databases! {
    /// R-SEC-2: lists, searches, events and streams show one's own, and nested ids of others are unknown.
    async fn r_sec_2_another_organisation_sees_nothing_and_may_use_the_same_names(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, git("https://example.com/site.git"), json!({})).await?;
        let domain = json!({ "host": "shop.example.com" });
        let made: Value = owner.post(&format!("{}/domains", verbs::of(&web)), &domain).await?.ok()?;
        let stranger = berth.stranger().await?;
        for list in ["/projects", "/services", "/projects?search=shop", "/services?search=web"] {
            let page: Value = stranger.get(list).await?.ok()?;
            ensure!(page["items"] == json!([]), "{list}: {page}");
        }
        let events = stranger.get("/events").await?;
        ensure!(!events.text.contains("shop"), "{}", events.text);
        stranger.get(&verbs::of(&web)).await?.refused(404)?;

        stranger.create_service(&web, git("https://example.com/other.git"), json!({})).await?;
        let theirs = stranger.service(&web).await?;
        ensure!(theirs.source.summary().contains("other.git"), "{theirs:?}");
        ensure!(owner.service(&web).await?.source.summary().contains("site.git"));
        let id = made["id"].as_str().context("an id")?;
        stranger.delete(&format!("{}/domains/{id}", verbs::of(&web)), Value::Null).await?.refused(404)?;
        let taken = stranger.post(&format!("{}/domains", verbs::of(&web)), &domain).await?.refused(409)?;
        ensure!(!taken.message.contains("shop/production"), "the conflict names a foreign service: {taken:?}");
        Ok(())
    }
}
