//! Services: their sources, settings, credentials and end.

use berth_tests::{
    prelude::*,
    verbs::{self, git, image},
};

const SERVICES: &str = "/projects/shop/environments/production/services";

both_databases! {
    async fn a_service_has_good_defaults_and_a_domain_at_once(berth) {
        let owner = berth.owner().await?;
        let service = owner.create_service(&path("shop/production/web"), image("nginx:1"), json!({})).await?;
        ensure!(service.state == ServiceState::New && service.live.is_none(), "{:?}", service.state);
        ensure!(verbs::host(&service)? == "web-shop.localhost", "{:?}", service.domains);
        ensure!(service.settings.auto_deploy && service.settings.drain_ms == 10_000, "{:?}", service.settings);
        ensure!(!service.credential_set && !service.restart_needed);
        let again = json!({ "name": "web", "source": image("nginx:2") });
        owner.post(SERVICES, again).await?.refused(409)?;
        Ok(())
    }

    async fn a_service_comes_from_git_with_branch_folder_and_build_arguments(berth) {
        let owner = berth.owner().await?;
        let source = json!({
            "type": "git", "url": "https://git.example.com/person/site.git", "branch": "release",
            "folder": "web", "dockerfile": "docker/Dockerfile", "build_args": { "TITLE": "Shop" }, "target": "final",
        });
        owner.create_service(&path("shop/production/web"), source.clone(), json!({})).await?;
        let service = owner.service(&path("shop/production/web")).await?;
        ensure!(serde_json::to_value(service.source)? == source);
        Ok(())
    }

    /// R-SEC-1b: what git could take for an option, a transport or a way out is refused by its field.
    async fn r_sec_1b_a_source_that_git_could_misread_is_refused(berth) {
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        for url in [
            "--upload-pack=touch /tmp/canary", "-x", "ext::sh", "file:///etc", "/etc", "../x", "ftp://example.com/x",
            "https://person:password@example.com/x.git", "https://", "http://exa mple.com/x", "git@-oProxy:x", "",
            "ssh://-oProxyCommand=x/y", "https://example.com/x\n.git",
        ] {
            let request = json!({ "name": "web", "source": git(url) });
            let problem = owner.post(SERVICES, request).await?.refused(422)?;
            ensure!(problem.field.as_deref().is_some_and(|f| f.ends_with("url")), "{url:?}: {problem:?}");
        }
        for branch in ["-x", "a..b", "a b", "a~1", "a\\b", "", "a.lock", "@{x}", "a\u{7}"] {
            let source = json!({ "type": "git", "url": "https://example.com/x.git", "branch": branch });
            let problem = owner.post(SERVICES, json!({ "name": "web", "source": source })).await?.refused(422)?;
            ensure!(problem.field.as_deref().is_some_and(|f| f.ends_with("branch")), "{branch:?}: {problem:?}");
        }
        Ok(())
    }

    async fn a_wrong_field_of_a_source_is_named(berth) {
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        let git_with = |key: &str, value: Value| {
            let mut source = git("https://example.com/x.git");
            source[key] = value;
            source
        };
        for (source, field) in [
            (git_with("folder", json!("/etc")), "folder"),
            (git_with("folder", json!("a/../../b")), "folder"),
            (git_with("dockerfile", json!("")), "dockerfile"),
            (git_with("dockerfile", json!("../Dockerfile")), "dockerfile"),
            (git_with("build_args", json!({ "a b": "x" })), "build_args"),
            (git_with("target", json!("a;b")), "target"),
            (image(""), "reference"),
            (image("-x"), "reference"),
            (image("a b"), "reference"),
            (image("nginx$(x)"), "reference"),
        ] {
            let request = json!({ "name": "web", "source": source });
            let problem = owner.post(SERVICES, request).await?.refused(422)?;
            ensure!(problem.field.as_deref().is_some_and(|f| f.ends_with(field)), "{field}: {problem:?}");
        }
        let unknown = json!({ "name": "web", "source": { "type": "floppy" } });
        owner.post(SERVICES, unknown).await?.refused(422)?;
        Ok(())
    }

    async fn a_wrong_setting_is_named(berth) {
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        for (settings, field) in [
            (json!({ "port": 0 }), "port"),
            (json!({ "port": 70_000 }), "port"),
            (json!({ "command": [] }), "command"),
            (json!({ "cpu_millis": 1 }), "cpu_millis"),
            (json!({ "memory_mib": 1 }), "memory_mib"),
            (json!({ "build_timeout_s": 1 }), "build_timeout_s"),
            (json!({ "drain_ms": 4_000_000 }), "drain_ms"),
            (json!({ "restart": "sometimes" }), "restart"),
            (json!({ "probe": { "kind": { "type": "http", "path": "no slash" } } }), "path"),
            (json!({ "probe": { "threshold": 0 } }), "threshold"),
            (json!({ "volumes": [{ "name": "data", "path": "../outside" }] }), "volumes"),
            (json!({ "volumes": [{ "name": "data", "path": "/a/../etc" }] }), "volumes"),
            (json!({ "volumes": [{ "name": "a", "path": "/x" }, { "name": "a", "path": "/y" }] }), "volumes"),
        ] {
            let request = json!({ "name": "web", "source": image("nginx:1"), "settings": settings });
            let problem = owner.post(SERVICES, request).await?.refused(422)?;
            ensure!(problem.field.as_deref().is_some_and(|f| f.contains(field)), "{settings}: {problem:?}");
        }
        Ok(())
    }

    async fn a_change_touches_only_what_it_names(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({ "port": 80 })).await?;
        owner.patch(&verbs::of(&web), json!({ "source": image("nginx:2") })).await?.done()?;
        let service = owner.service(&web).await?;
        ensure!(service.settings.port == Some(80) && service.source.summary() == "nginx:2", "{service:?}");
        owner.patch(&verbs::of(&web), json!({ "settings": { "port": 0 } })).await?.refused(422)?;
        owner.patch(&verbs::of(&web), json!({ "name": "site" })).await?.done()?;
        owner.get(&verbs::of(&web)).await?.refused(404)?;
        owner.service(&path("shop/production/site")).await?;
        Ok(())
    }

    async fn a_credential_is_kept_and_never_read_back(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, git("https://example.com/x.git"), json!({})).await?;
        let credential = json!({ "username": "person", "secret": "canary-of-the-credential" });
        owner.put(&format!("{}/credential", verbs::of(&web)), credential).await?.done()?;
        let view = owner.get(&verbs::of(&web)).await?;
        ensure!(!view.text.contains("canary"), "the view shows it: {}", view.text);
        ensure!(owner.service(&web).await?.credential_set);
        owner.put(&format!("{}/credential", verbs::of(&web)), json!({ "secret": "" })).await?.done()?;
        ensure!(!owner.service(&web).await?.credential_set);
        Ok(())
    }

    async fn deleting_a_service_takes_its_name_and_says_that_volumes_stay(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        let settings = json!({ "volumes": [{ "name": "data", "path": "/data" }] });
        owner.create_service(&web, image("nginx:1"), settings).await?;
        let preview: Value = owner.get(&format!("{}/deletion", verbs::of(&web))).await?.ok()?;
        ensure!(preview["confirm"] == "web" && preview["stays"].to_string().contains("data"), "{preview}");
        owner.delete(&verbs::of(&web), json!({ "confirm": "shop" })).await?.refuses_field("confirm")?;
        owner.delete(&verbs::of(&web), json!({ "confirm": "web" })).await?.done()?;
        eventually("the service is gone", || async { owner.get(&verbs::of(&web)).await?.refused(404) }).await?;
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        Ok(())
    }

    async fn every_setting_of_a_rollout_can_be_changed_by_itself(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let worker = json!({ "name": "worker", "command": ["work"], "replicas": 2 });
        for (field, value) in [
            ("routed", json!(false)),
            ("replicas", json!(3)),
            ("strategy", json!({ "type": "rolling", "surge": 2 })),
            ("processes", json!([worker])),
            ("release_command", json!(["migrate"])),
            ("after_command", json!(["warm"])),
            ("command_timeout_s", json!(90)),
        ] {
            let settings = json!({ field: value });
            owner.patch(&verbs::of(&web), json!({ "settings": settings })).await?.done()?;
            let saved = serde_json::to_value(owner.service(&web).await?.settings)?;
            ensure!(saved[field] == value, "{field} is {}", saved[field]);
        }
        Ok(())
    }

    async fn scaling_changes_the_count_of_one_process_and_makes_no_deployment(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        let settings = json!({ "processes": [{ "name": "worker", "command": ["work"] }] });
        owner.create_service(&web, image("nginx:1"), settings).await?;
        let at = format!("{}/scale", verbs::of(&web));
        let counts = |service: &ServiceView| (service.settings.replicas, service.settings.processes[0].replicas);
        let scaled: ServiceView = owner.post(&at, json!({ "replicas": 3 })).await?.ok()?;
        ensure!(counts(&scaled) == (3, 1), "{:?}", scaled.settings);
        let scaled: ServiceView = owner.post(&at, json!({ "process": "worker", "replicas": 2 })).await?.ok()?;
        ensure!(counts(&scaled) == (3, 2), "{:?}", scaled.settings);
        ensure!(scaled.latest.is_none(), "{:?}", scaled.latest);
        owner.post(&at, json!({ "process": "clock", "replicas": 2 })).await?.refuses_field("process")?;
        for wrong in [0, 101] {
            owner.post(&at, json!({ "replicas": wrong })).await?.refuses_field("replicas")?;
        }
        ensure!(counts(&owner.service(&web).await?) == (3, 2));
        let events: Value = owner.get("/events?limit=50").await?.ok()?;
        let kinds = events["items"].as_array().into_iter().flatten().filter(|e| e["kind"] == "service.scaled");
        ensure!(kinds.count() == 2, "{events}");
        Ok(())
    }

    async fn a_service_that_never_ran_cannot_be_started_or_stopped_into_something_else(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        owner.post(&format!("{}/start", verbs::of(&web)), Value::Null).await?.refused(409)?;
        Ok(())
    }
}
