//! Projects, environments, their search, their names and their deletion.

use berth_tests::{prelude::*, verbs::image};

/// Names that are none.
const BAD_NAMES: [&str; 8] = ["", "-a", "a-", "Shop", "my shop", "a_b", "../x", "new"];

both_databases! {
    async fn a_project_comes_with_an_environment(berth) {
        let owner = berth.owner().await?;
        let project = owner.create_project("shop").await?;
        ensure!(project.environments.len() == 1 && project.environments[0].name.as_str() == "production");
        let list: Value = owner.get("/projects").await?.ok()?;
        ensure!(list["items"][0]["name"] == "shop" && list["items"][0]["services"] == 0, "{list}");
        let again = owner.post("/projects", json!({ "name": "shop" })).await?.refused(409)?;
        ensure!(again.message.contains("shop"), "the conflict is named: {again:?}");
        Ok(())
    }

    async fn a_name_that_is_none_is_refused_with_its_field(berth) {
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        for bad in BAD_NAMES.into_iter().chain(["x".repeat(41).as_str()]) {
            let request = json!({ "name": bad });
            owner.post("/projects", &request).await?.refuses_field("name")?;
            owner.patch("/projects/shop", &request).await?.refuses_field("name")?;
            owner.post("/projects/shop/environments", &request).await?.refuses_field("name")?;
            owner.patch("/projects/shop/environments/production", &request).await?.refuses_field("name")?;
        }
        owner.post("/projects", json!({})).await?.refuses_field("name")?;
        owner.post("/projects", json!({ "name": 5 })).await?.refuses_field("name")?;
        Ok(())
    }

    async fn what_is_no_json_is_refused_as_such(berth) {
        let owner = berth.owner().await?;
        let post = || owner.request(Method::POST, "/api/v1/projects");
        Answer::of(post().header("content-type", "application/json").body("{")).await?.refused(400)?;
        Answer::of(post().header("content-type", "text/plain").body("{\"name\":\"shop\"}")).await?.refused(415)?;
        let huge = format!("{{\"name\":\"{}\"}}", "a".repeat(3 << 20));
        Answer::of(post().header("content-type", "application/json").body(huge)).await?.refused(413)?;
        Ok(())
    }

    async fn environments_are_made_renamed_and_deleted(berth) {
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        owner.post("/projects/shop/environments", json!({ "name": "staging" })).await?.done()?;
        owner.post("/projects/shop/environments", json!({ "name": "staging" })).await?.refused(409)?;
        owner.patch("/projects/shop/environments/staging", json!({ "name": "preview" })).await?.done()?;
        owner.get("/projects/shop/environments/staging").await?.refused(404)?;
        let preview: Value = owner.get("/projects/shop/environments/preview").await?.ok()?;
        ensure!(preview["services"] == json!([]), "{preview}");
        let path = "/projects/shop/environments/preview";
        owner.delete(path, json!({ "confirm": "wrong" })).await?.refuses_field("confirm")?;
        owner.delete(path, json!({ "confirm": "preview" })).await?.done()?;
        owner.get(path).await?.refused(404)?;
        Ok(())
    }

    async fn a_renamed_project_keeps_its_services(berth) {
        let owner = berth.owner().await?;
        owner.create_service(&path("shop/production/web"), image("nginx:1"), json!({})).await?;
        owner.create_project("other").await?;
        owner.patch("/projects/shop", json!({ "name": "other" })).await?.refused(409)?;
        owner.patch("/projects/shop", json!({ "name": "store" })).await?.done()?;
        owner.get("/projects/shop").await?.refused(404)?;
        owner.service(&path("store/production/web")).await?;
        Ok(())
    }

    async fn a_deletion_lists_what_goes_and_takes_the_typed_name(berth) {
        let owner = berth.owner().await?;
        owner.create_service(&path("shop/production/web"), image("nginx:1"), json!({})).await?;
        let preview: Value = owner.get("/projects/shop/deletion").await?.ok()?;
        let goes = preview["goes"].to_string();
        ensure!(preview["confirm"] == "shop" && goes.contains("web") && goes.contains("production"), "{preview}");
        owner.delete("/projects/shop", json!({ "confirm": "Shop" })).await?.refuses_field("confirm")?;
        owner.delete("/projects/shop", Value::Null).await?.status.is_client_error().then_some(()).context("no body")?;
        owner.get("/projects/shop").await?.done()?;
        owner.delete("/projects/shop", json!({ "confirm": "shop" })).await?.done()?;
        eventually("the project is gone", || async {
            owner.get("/projects/shop").await?.refused(404)
        }).await?;
        Ok(())
    }

    async fn a_long_list_is_read_in_parts_without_gap_or_double(berth) {
        let owner = berth.owner().await?;
        for number in 0..25 {
            owner.create_project(&format!("p{number:02}")).await?;
        }
        let mut names = Vec::new();
        let mut after = String::new();
        loop {
            let page: Value = owner.get(&format!("/projects?limit=10{after}")).await?.ok()?;
            let items = page["items"].as_array().context("a page has items")?;
            names.extend(items.iter().filter_map(|item| item["name"].as_str().map(str::to_owned)));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let all: Vec<_> = (0..25).map(|number| format!("p{number:02}")).collect();
        ensure!(names == all, "{names:?}");
        Ok(())
    }

    async fn search_finds_projects_and_services_by_a_part_of_their_name(berth) {
        let owner = berth.owner().await?;
        owner.create_service(&path("shop/production/checkout"), image("nginx:1"), json!({})).await?;
        owner.create_project("blog").await?;
        for (search, found) in [("sho", "shop"), ("heckou", "shop"), ("blo", "blog")] {
            let list: Value = owner.get(&format!("/projects?search={search}")).await?.ok()?;
            ensure!(list["items"].as_array().map(Vec::len) == Some(1), "{search}: {list}");
            ensure!(list["items"][0]["name"] == found, "{search}: {list}");
        }
        let services: Value = owner.get("/services?search=check").await?.ok()?;
        ensure!(services["items"][0]["path"]["service"] == "checkout", "{services}");
        for wild in ["%25", "_", "%27"] {
            let none: Value = owner.get(&format!("/projects?search={wild}")).await?.ok()?;
            ensure!(none["items"] == json!([]), "{wild} is a character, not a wildcard: {none}");
        }
        Ok(())
    }

    async fn what_is_not_there_is_not_found(berth) {
        let owner = berth.owner().await?;
        owner.create_project("shop").await?;
        for missing in [
            "/projects/none", "/projects/none/deletion", "/projects/shop/environments/none",
            "/projects/shop/environments/production/services/none", "/projects/..%2f..%2fetc", "/nothing",
        ] {
            owner.get(missing).await?.refused(404)?;
        }
        owner.patch("/projects/none", json!({ "name": "other" })).await?.refused(404)?;
        owner.delete("/projects/none", json!({ "confirm": "none" })).await?.refused(404)?;
        Ok(())
    }
}
