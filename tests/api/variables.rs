//! Variables: byte for byte in and out, sealed at rest, shown only when asked.

use berth_tests::{
    prelude::*,
    values::NASTY,
    verbs::{self, image},
};

both_databases! {
    /// R-ENV-1: what was set is what is read, byte for byte, also after a restart.
    async fn r_env_1_a_value_comes_back_byte_for_byte(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        for (key, value) in NASTY {
            owner.set_secret(&web, key, value).await?;
        }
        let mut berth = berth;
        berth.kill()?;
        berth.start_again().await?;
        for (key, value) in NASTY {
            let reveal = format!("{}/variables/{key}/reveal", verbs::of(&web));
            let shown: Value = owner.post(&reveal, Value::Null).await?.ok()?;
            ensure!(shown["value"] == value, "{key}: {shown}");
        }
        Ok(())
    }

    /// R-ENV-2: reading what was written gives the same variables.
    async fn r_env_2_import_of_an_export_changes_nothing(berth) {
        let owner = berth.owner().await?;
        let (web, copy) = (path("shop/production/web"), path("shop/production/copy"));
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        owner.create_service(&copy, image("nginx:1"), json!({})).await?;
        for (key, value) in NASTY {
            owner.set_plain(&web, key, value).await?;
        }
        let exported: Value = owner.post(&format!("{}/variables/export", verbs::of(&web)), Value::Null).await?.ok()?;
        let import = json!({ "dotenv": exported["dotenv"], "replace": true, "secret": false });
        owner.post(&format!("{}/variables/import", verbs::of(&copy)), import).await?.done()?;
        let again: Value = owner.post(&format!("{}/variables/export", verbs::of(&copy)), Value::Null).await?.ok()?;
        ensure!(again == exported, "{again}\n{exported}");
        for (key, value) in NASTY {
            let reveal = format!("{}/variables/{key}/reveal", verbs::of(&copy));
            let shown: Value = owner.post(&reveal, Value::Null).await?.ok()?;
            ensure!(shown["value"] == value, "{key}: {shown}");
        }
        Ok(())
    }

    async fn a_pem_key_and_json_are_pasted_as_they_are(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let text = "# comment\nexport A=1\nKEY=-----BEGIN X-----\nabc\n-----END X-----\nJ={\n \"a\": 1\n}\nB='x y'\n";
        let imported: Value = owner.post(
            &format!("{}/variables/import", verbs::of(&web)), json!({ "dotenv": text, "secret": false }),
        ).await?.ok()?;
        let values: Vec<_> = imported["variables"].as_array().context("variables")?.iter()
            .map(|v| (v["key"].as_str().unwrap_or_default(), v["value"].as_str().unwrap_or_default())).collect();
        for pair in [
            ("A", "1"), ("B", "x y"), ("J", "{\n \"a\": 1\n}"), ("KEY", "-----BEGIN X-----\nabc\n-----END X-----"),
        ] {
            ensure!(values.contains(&pair), "{pair:?} is missing in {values:?}");
        }
        let wrong = json!({ "dotenv": "A=1\nno assignment\n" });
        let problem = owner.post(&format!("{}/variables/import", verbs::of(&web)), wrong).await?.refused(422)?;
        ensure!(problem.message.contains("Line 2") || problem.message.contains("line 2"), "{problem:?}");
        Ok(())
    }

    async fn replacing_removes_what_the_text_does_not_have(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        owner.set_plain(&web, "OLD", "1").await?;
        owner.set_plain(&web, "KEPT", "1").await?;
        let import = json!({ "dotenv": "KEPT=2\nNEW=3\n", "replace": true, "secret": false });
        let after: Value = owner.post(&format!("{}/variables/import", verbs::of(&web)), import).await?.ok()?;
        let keys: Vec<_> = after["variables"].as_array().context("variables")?.iter().map(|v| v["key"].clone()).collect();
        ensure!(keys == [json!("KEPT"), json!("NEW")], "{after}");
        Ok(())
    }

    async fn a_wrong_key_or_value_is_named(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let put = |key: &str, body: Value| {
            let (owner, at) = (owner.clone(), format!("{}/variables/{key}", verbs::of(&web)));
            async move { owner.put(&at, body).await }
        };
        for key in ["1A", "A-B", "A%20B", "%C3%84", "A%00"] {
            put(key, json!({ "value": "x" })).await?.refuses_field("key")?;
        }
        put("A", json!({ "value": "a\u{0}b" })).await?.refuses_field("value")?;
        put("A", json!({ "value": "x".repeat(121 * 1024) })).await?.refuses_field("value")?;
        put("A", json!({})).await?.refuses_field("value")?;
        owner.delete(&format!("{}/variables/NONE", verbs::of(&web)), Value::Null).await?.refused(404)?;
        owner.post(&format!("{}/variables/NONE/reveal", verbs::of(&web)), Value::Null).await?.refused(404)?;
        Ok(())
    }

    async fn a_secret_is_never_in_a_view_and_its_reading_is_in_the_audit_trail(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        owner.set_secret(&web, "PASSWORD", "canary-of-the-variable").await?;
        let list = owner.get(&format!("{}/variables", verbs::of(&web))).await?;
        ensure!(!list.text.contains("canary"), "{}", list.text);
        owner.post(&format!("{}/variables/PASSWORD/reveal", verbs::of(&web)), Value::Null).await?.done()?;
        let events = owner.get("/events?kind=variable.").await?;
        ensure!(events.text.contains("variable.revealed"), "{}", events.text);
        ensure!(!events.text.contains("canary"), "{}", events.text);
        Ok(())
    }

    async fn values_are_sealed_at_rest(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        owner.set_plain(&web, "PLAIN", "canary-in-plain-sight").await?;
        owner.set_secret(&web, "SECRET", "canary-in-the-dark").await?;
        for entry in std::fs::read_dir(berth.data())? {
            let path = entry?.path();
            let bytes = if path.is_file() { std::fs::read(&path)? } else { continue };
            ensure!(!bytes.windows(10).any(|w| w == b"canary-in-"), "{} holds a value", path.display());
        }
        Ok(())
    }
}
