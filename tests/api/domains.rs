//! Domains: checked, unique, conflicts named.

use berth_tests::{
    prelude::*,
    verbs::{self, image},
};

both_databases! {
    /// R-TRF-3: one host and path leads to one service; the conflict names the other.
    async fn r_trf_3_a_conflict_names_the_service_that_has_the_domain(berth) {
        let owner = berth.owner().await?;
        let (web, api) = (path("shop/production/web"), path("shop/production/api"));
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        owner.create_service(&api, image("nginx:1"), json!({})).await?;
        let add = |path: &ServicePath, body: Value| {
            let (owner, at) = (owner.clone(), format!("{}/domains", verbs::of(path)));
            async move { owner.post(&at, body).await }
        };
        add(&web, json!({ "host": "shop.example.com" })).await?.done()?;
        for same in ["shop.example.com", "SHOP.Example.com", "shop.example.com."] {
            let problem = add(&api, json!({ "host": same })).await?.refused(409)?;
            ensure!(problem.message.contains("shop/production/web"), "{problem:?}");
        }
        add(&api, json!({ "host": "shop.example.com", "path": "/api" })).await?.done()?;
        let problem = add(&web, json!({ "host": "shop.example.com", "path": "/api/" })).await?.refused(409)?;
        ensure!(problem.message.contains("shop/production/api"), "{problem:?}");
        Ok(())
    }

    async fn a_domain_that_is_none_is_refused_with_its_field(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let domains = format!("{}/domains", verbs::of(&web));
        for host in [
            "", "a b", "-a.com", "a..b", "http://a.com", "a.com/x", "a_b.com", "*.com`) || Host(`x", "{{env}}.com", "ä.de",
            "a.com\n", "a.com:80",
        ] {
            owner.post(&domains, json!({ "host": host })).await?.refuses_field("host")?;
        }
        for path in ["api", "/a b", "/a`b", "/../x", "//x", "/{{x}}", "/a?b"] {
            owner.post(&domains, json!({ "host": "a.example.com", "path": path })).await?.refuses_field("path")?;
        }
        owner.post(&domains, json!({ "host": "a.example.com", "port": 0 })).await?.refuses_field("port")?;
        let listed: Value = owner.get(&domains).await?.ok()?;
        ensure!(listed.as_array().map(Vec::len) == Some(1), "only the default domain is there: {listed}");
        Ok(())
    }

    async fn a_removed_domain_is_free_again(berth) {
        let owner = berth.owner().await?;
        let (web, api) = (path("shop/production/web"), path("shop/production/api"));
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        owner.create_service(&api, image("nginx:1"), json!({})).await?;
        let host = json!({ "host": "shop.example.com", "port": 9000 });
        let made: Value = owner.post(&format!("{}/domains", verbs::of(&web)), &host).await?.ok()?;
        ensure!(made["port"] == 9000 && made["default"] == false, "{made}");
        let id = made["id"].as_str().context("it has an id")?;
        owner.delete(&format!("{}/domains/{id}", verbs::of(&api)), Value::Null).await?.refused(404)?;
        owner.delete(&format!("{}/domains/{id}", verbs::of(&web)), Value::Null).await?.done()?;
        owner.delete(&format!("{}/domains/{id}", verbs::of(&web)), Value::Null).await?.refused(404)?;
        owner.post(&format!("{}/domains", verbs::of(&api)), &host).await?.done()?;
        Ok(())
    }
}
