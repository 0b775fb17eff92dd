//! The built-in remote, as far as it goes without Docker: who may read and push, and what a push may move.

use crate::account::token;
use berth_tests::{
    prelude::*,
    push::{WorkingCopy, with_token},
    verbs::{self, image},
};

/// A Berth with the project `shop`, and addresses of a service that is pushed to.
struct Remote {
    owner: Client,
    web: ServicePath,
    base: String,
}

impl Remote {
    async fn of(berth: &Berth) -> Result<Self> {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, json!({ "type": "pushed" }), json!({})).await?;
        Ok(Self { owner, web, base: format!("{}/git", berth.url()) })
    }

    fn url(&self, token: &str) -> String {
        with_token(&format!("{}/shop/web.git", self.base), token)
    }

    async fn token(&self, role: &str) -> Result<String> {
        token(&self.owner, role, role).await
    }
}

async fn status(berth: &Berth, token: Option<&str>, at: &str) -> Result<(u16, String)> {
    let mut request = reqwest::Client::builder().no_proxy().build()?.get(format!("{}{at}", berth.url()));
    if let Some(token) = token {
        request = request.basic_auth("anybody", Some(token));
    }
    let answer = request.send().await?;
    let asks = answer.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
    let asks = asks.unwrap_or_default().to_owned();
    Ok((answer.status().as_u16(), asks))
}

both_databases! {
    /// R-SEC-2: nobody without a token, nobody of another organisation, and each role what it may.
    async fn r_sec_2_a_repository_is_open_to_those_who_may(berth) {
        let remote = Remote::of(&berth).await?;
        let read = "/git/shop/web.git/info/refs?service=git-upload-pack";
        let write = "/git/shop/web.git/info/refs?service=git-receive-pack";
        let (answer, asks) = status(&berth, None, read).await?;
        ensure!(answer == 401 && asks.starts_with("Basic"), "{answer} {asks}");
        ensure!(status(&berth, Some("berth_unknown"), read).await?.0 == 401);

        for (role, reads, writes) in [("viewer", 200, 403), ("deployer", 200, 200), ("owner", 200, 200)] {
            let token = remote.token(role).await?;
            let answers = (status(&berth, Some(&token), read).await?.0, status(&berth, Some(&token), write).await?.0);
            ensure!(answers == (reads, writes), "{role}: {answers:?}");
        }
        let stranger = berth.stranger().await?;
        let foreign = token(&stranger, "foreign", "owner").await?;
        for at in [read, write] {
            ensure!(status(&berth, Some(&foreign), at).await?.0 == 404, "a stranger at {at}");
        }
        Ok(())
    }

    /// R-SEC-1b: paths that name no service, and protocols that are not spoken.
    async fn r_sec_1b_only_addresses_of_repositories_are_answered(berth) {
        let remote = Remote::of(&berth).await?;
        let token = remote.token("owner").await?;
        for at in [
            "/git/shop/web/info/refs?service=git-upload-pack",
            "/git/shop/web.git/HEAD",
            "/git/shop/web.git/objects/info/packs",
            "/git/shop/%2e%2e/web.git/info/refs?service=git-upload-pack",
            "/git/shop/..%2fweb.git/info/refs?service=git-upload-pack",
            "/git/-x/web.git/info/refs?service=git-upload-pack",
            "/git/a/b/c/web.git/info/refs?service=git-upload-pack",
            "/git/shop/missing.git/info/refs?service=git-upload-pack",
        ] {
            ensure!(status(&berth, Some(&token), at).await?.0 == 404, "{at}");
        }
        for service in ["", "git-upload-archive", "git-shell", "--x"] {
            let at = format!("/git/shop/web.git/info/refs?service={service}");
            ensure!(status(&berth, Some(&token), &at).await?.0 == 403, "{at}");
        }
        Ok(())
    }

    async fn a_branch_that_is_not_deployed_is_kept_and_can_be_cloned(berth) {
        let remote = Remote::of(&berth).await?;
        let url = remote.url(&remote.token("deployer").await?);
        let mine = WorkingCopy::new()?;
        let commit = mine.commit("First", &[("page/index.md", "# One")])?;
        let told = mine.push(&url, &["HEAD:side", "HEAD:refs/tags/v1"])?.accepted()?;
        ensure!(told.contains("Nothing is deployed"), "{told}");
        ensure!(mine.remote_ref(&url, "refs/heads/side")?.as_deref() == Some(commit.as_str()));
        ensure!(remote.owner.deployments(&remote.web).await?.is_empty());
        let events = remote.owner.get("/events?kind=service.pushed").await?.text;
        ensure!(events.contains("deployer pushed") && events.contains(&commit[..8]), "{events}");

        let reader = remote.url(&remote.token("viewer").await?);
        mine.push(&url, &["HEAD:refs/heads/main-like"])?.accepted()?;
        let listed = mine.remote_ref(&reader, "refs/heads/side")?;
        ensure!(listed.as_deref() == Some(commit.as_str()), "{listed:?}");
        mine.push(&reader, &["HEAD:other"])?.rejected("403")?;
        mine.push(&url, &[":side"])?.accepted()?;
        ensure!(mine.remote_ref(&url, "refs/heads/side")?.is_none());
        Ok(())
    }

    /// R-SEC-1b: refs that are not branches or tags, or that would be options, move nothing.
    async fn r_sec_1b_hostile_refs_are_refused(berth) {
        let remote = Remote::of(&berth).await?;
        let url = remote.url(&remote.token("owner").await?);
        let mine = WorkingCopy::new()?;
        mine.commit("First", &[("a", "1")])?;
        for name in ["refs/notes/x", "refs/heads/-x", "refs/heads/--upload-pack=x", "refs/changes/1"] {
            mine.push(&url, &[&format!("HEAD:{name}")])?.rejected("neither a branch nor a tag")?;
        }
        mine.push(&url, &["HEAD:refs/berth/live"])?.rejected("hidden ref")?;
        ensure!(mine.remote_ref(&url, "refs/*")?.is_none());
        ensure!(remote.owner.deployments(&remote.web).await?.is_empty());
        Ok(())
    }

    /// Without Docker no deployment succeeds; the push says so, and the branch is not moved.
    async fn a_push_that_cannot_be_deployed_moves_nothing(berth) {
        let remote = Remote::of(&berth).await?;
        let url = remote.url(&remote.token("deployer").await?);
        let mine = WorkingCopy::new()?;
        mine.commit("First", &[("Dockerfile", "FROM scratch\n")])?;
        let told = mine.push(&url, &["HEAD:main"])?.rejected("remote: Not deployed (failed)")?;
        ensure!(told.contains("remote: Deployment #1 of shop/production/web"), "{told}");
        ensure!(told.contains("The branch stays where it was"), "{told}");
        ensure!(mine.remote_ref(&url, "refs/heads/main")?.is_none());
        let deployment = remote.owner.deployment(&remote.web, 1).await?;
        ensure!(deployment.cause.as_str() == "push" && deployment.actor == "deployer", "{deployment:?}");

        let off = json!({ "settings": { "auto_deploy": false } });
        remote.owner.patch(&verbs::of(&remote.web), off).await?.done()?;
        mine.push(&url, &["HEAD:main"])?.accepted()?;
        mine.push(&url, &[":main"])?.rejected("it cannot be deleted")?;
        Ok(())
    }

    async fn a_push_makes_a_service_only_where_it_may(berth) {
        let remote = Remote::of(&berth).await?;
        let mine = WorkingCopy::new()?;
        mine.commit("First", &[("a", "1")])?;
        let deployer = remote.token("deployer").await?;
        let at = |name: &str, token: &str| with_token(&format!("{}/{name}.git", remote.base), token);
        mine.push(&at("shop/fresh", &deployer), &["HEAD:side"])?.rejected("403")?;
        let developer = remote.token("developer").await?;
        mine.push(&at("nowhere/fresh", &developer), &["HEAD:side"])?.rejected("not found")?;
        mine.push(&at("shop/staging/fresh", &developer), &["HEAD:side"])?.rejected("not found")?;
        ensure!(remote.owner.get(&verbs::of(&path("shop/production/fresh"))).await?.status == 404);
        mine.push(&at("shop/fresh", &developer), &["HEAD:side"])?.accepted()?;
        let fresh = remote.owner.service(&path("shop/production/fresh")).await?;
        ensure!(serde_json::to_value(&fresh.source)?["type"] == "pushed", "{fresh:?}");

        let other = path("shop/production/other");
        remote.owner.create_service(&other, image("nginx:1"), json!({})).await?;
        mine.push(&at("shop/other", &developer), &["HEAD:main"])?.rejected("409")?;
        Ok(())
    }

    async fn a_deleted_service_takes_its_repository_along(berth) {
        let remote = Remote::of(&berth).await?;
        let url = remote.url(&remote.token("developer").await?);
        let mine = WorkingCopy::new()?;
        mine.commit("First", &[("a", "1")])?;
        mine.push(&url, &["HEAD:side"])?.accepted()?;
        let id = remote.owner.service(&remote.web).await?.id;
        let repository = berth.data().join("repositories").join(format!("{id}.git"));
        ensure!(repository.is_dir(), "there is no {}", repository.display());
        let preview = remote.owner.get(&format!("{}/deletion", verbs::of(&remote.web))).await?.text;
        ensure!(preview.contains("the repository of shop/production/web"), "{preview}");
        remote.owner.delete(&verbs::of(&remote.web), json!({ "confirm": "web" })).await?.done()?;
        eventually("the repository is gone", || async {
            ensure!(!repository.exists(), "it is there");
            Ok(())
        })
        .await
    }

    /// What git-lfs shows before anything is pushed: no store for its files, and what to do instead.
    async fn git_lfs_is_told_what_to_do_instead(berth) {
        let remote = Remote::of(&berth).await?;
        let token = remote.token("developer").await?;
        for question in ["objects/batch", "locks/verify"] {
            let at = format!("/git/shop/web.git/info/lfs/{question}");
            let asked = remote.owner.request(Method::POST, &at).basic_auth("anybody", Some(&token));
            let answer = Answer::of(asked.json(&json!({ "operation": "upload", "objects": [] }))).await?;
            ensure!(answer.status == 501, "{answer:?}");
            ensure!(answer.header("content-type") == "application/vnd.git-lfs+json", "{answer:?}");
            let told: Value = serde_json::from_str(&answer.text)?;
            let told = told["message"].as_str().unwrap_or_default();
            ensure!(told.contains("git lfs migrate export"), "{told}");
        }
        Ok(())
    }

    async fn the_remote_is_shown_with_its_commands(berth) {
        let remote = Remote::of(&berth).await?;
        let view: Value = remote.owner.get(&format!("{}/remote", verbs::of(&remote.web))).await?.ok()?;
        ensure!(view["http_url"] == format!("{}/shop/web.git", remote.base), "{view}");
        ensure!(view["ssh_url"].is_null() && view["branch"] == "main" && view["takes_pushes"] == true, "{view}");
        let token = remote.token("viewer").await?;
        let said = berth.cli(&["remote", "shop/production/web", "--url", &berth.url(), "--token", &token])?;
        ensure!(said.contains("git push berth HEAD:main"), "{said}");
        Ok(())
    }
}
