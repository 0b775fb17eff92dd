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

    /// R-TRF-3: what a domain is to do is checked before anything is written, and refused at its field.
    async fn r_trf_3_a_setting_that_is_none_is_refused_at_its_field(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let domains = format!("{}/domains", verbs::of(&web));
        let all: Vec<Value> = owner.get(&domains).await?.ok()?;
        let at = format!("{domains}/{}", all[0]["id"].as_str().context("an id")?);
        let host = all[0]["host"].as_str().context("a host")?;
        for (change, field) in [
            (json!({ "port": 0 }), "port"),
            (json!({ "redirect": { "to": "www.example.com" } }), "redirect.to"),
            (json!({ "redirect": { "to": format!("https://{host}/") } }), "redirect.to"),
            (json!({ "redirect": {} }), "redirect.to"),
            (json!({ "allow": ["10.0.0.0/8", "{{x}}"] }), "allow[1]"),
            (json!({ "request_headers": [{ "name": "X-Berth-For", "value": "x" }] }), "request_headers"),
            (json!({ "response_headers": [{ "name": "a b", "value": "x" }] }), "response_headers"),
            (json!({ "logins": [{ "name": "ann" }] }), "logins"),
            (json!({ "logins": [{ "name": "ann", "password": "x".repeat(73) }] }), "logins"),
            (json!({ "rate_limit": { "average": 1, "burst": 0 } }), "rate_limit.burst"),
            (json!({ "hsts": { "max_age_s": 0 } }), "hsts.max_age_s"),
            (json!({ "max_body_bytes": 1, "upstream": "h2c" }), "max_body_bytes"),
            (json!({ "upstream": "smtp" }), "upstream"),
        ] {
            owner.patch(&at, &change).await?.refuses_field(field).with_context(|| change.to_string())?;
        }
        let view: Value = owner.get(&at).await?.ok()?;
        ensure!(view["settings"] == all[0]["settings"], "something changed: {view}");
        Ok(())
    }

    /// R-SEC-3: a password is kept as a hash, sealed, and told to nobody.
    async fn r_sec_3_the_password_of_a_domain_is_told_to_nobody(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let domains = format!("{}/domains", verbs::of(&web));
        let all: Vec<Value> = owner.get(&domains).await?.ok()?;
        let at = format!("{domains}/{}", all[0]["id"].as_str().context("an id")?);
        // The proxy is away: what is wanted is kept, and that is said.
        let change = json!({ "logins": [{ "name": "ann", "password": "canary-word" }], "compress": true });
        let problem = owner.patch(&at, change).await?.refused(503)?;
        ensure!(problem.message.contains("kept"), "{problem:?}");
        for asked in [at, domains, verbs::of(&web), "/events?limit=50".to_owned()] {
            let answer = owner.get(&asked).await?;
            ensure!(answer.status == 200 && !answer.text.contains("canary-word"), "{asked}: {answer:?}");
            ensure!(!answer.text.contains("$2y$"), "{asked} tells a hash");
        }
        let view: Value = owner.get(&verbs::of(&web)).await?.ok()?;
        let settings = &view["domains"][0]["settings"];
        ensure!(settings["logins"] == json!(["ann"]) && settings["compress"] == true, "{view}");
        Ok(())
    }
}
