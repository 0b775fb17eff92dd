//! Sessions, tokens, passwords and what protects them.

use berth_tests::{
    berth::{OWNER, PASSWORD},
    prelude::*,
};

both_databases! {
    async fn a_session_ends_with_sign_out(berth) {
        let owner = berth.owner().await?;
        let me: Value = owner.get("/me").await?.ok()?;
        ensure!(me["email"] == OWNER, "{me}");
        owner.delete("/session", Value::Null).await?.done()?;
        owner.get("/me").await?.refused(401)?;
        Ok(())
    }

    async fn a_wrong_password_says_no_more_than_a_wrong_address(berth) {
        berth.owner().await?;
        let nobody = berth.anonymous()?;
        let wrong = json!({ "email": OWNER, "password": "not the password" });
        let unknown = json!({ "email": "nobody@example.com", "password": "not the password" });
        let one = nobody.post("/session", wrong).await?.refused(401)?;
        let other = nobody.post("/session", unknown).await?.refused(401)?;
        ensure!(one.message == other.message, "{one:?} tells apart from {other:?}");
        Ok(())
    }

    async fn guessing_passwords_is_slowed_down(berth) {
        berth.owner().await?;
        let nobody = berth.anonymous()?;
        for attempt in 0..60 {
            let guess = json!({ "email": OWNER, "password": format!("guess number {attempt}") });
            let answer = nobody.post("/session", guess).await?;
            if answer.status == 429 {
                let problem = answer.refused(429)?;
                ensure!(problem.kind == ProblemKind::TooMany, "{problem:?}");
                return Ok(());
            }
            answer.refused(401)?;
        }
        bail!("60 guesses were answered")
    }

    async fn the_cookie_is_kept_from_scripts_and_other_sites(berth) {
        berth.owner().await?;
        let nobody = berth.anonymous()?;
        let answer = nobody.post("/session", json!({ "email": OWNER, "password": PASSWORD })).await?;
        let cookie = answer.header("set-cookie").to_owned();
        for part in ["berth_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
            ensure!(cookie.contains(part), "{part} is missing in {cookie}");
        }
        Ok(())
    }

    async fn signing_out_everywhere_ends_every_browser(berth) {
        let one = berth.owner().await?;
        let other = berth.sign_in(OWNER, PASSWORD).await?;
        let sessions: Vec<Value> = one.get("/me/sessions").await?.ok()?;
        ensure!(sessions.len() == 2, "{sessions:?}");
        ensure!(sessions.iter().filter(|session| session["current"] == true).count() == 1, "{sessions:?}");
        one.delete("/me/sessions", Value::Null).await?.done()?;
        one.get("/me").await?.refused(401)?;
        other.get("/me").await?.refused(401)?;
        Ok(())
    }

    async fn one_browser_can_end_another(berth) {
        let one = berth.owner().await?;
        let other = berth.sign_in(OWNER, PASSWORD).await?;
        let sessions: Vec<Value> = one.get("/me/sessions").await?.ok()?;
        let foreign = sessions.iter().find(|session| session["current"] == false).context("the other session")?;
        let id = foreign["id"].as_str().context("it has an id")?;
        one.delete(&format!("/me/sessions/{id}"), Value::Null).await?.done()?;
        other.get("/me").await?.refused(401)?;
        one.get("/me").await?.done()?;
        one.delete(&format!("/me/sessions/{}", uuid::Uuid::nil()), Value::Null).await?.refused(404)?;
        Ok(())
    }

    /// R-SEC-7: a new password ends every session and token of the account.
    async fn r_sec_7_a_new_password_ends_sessions_and_tokens(berth) {
        let owner = berth.owner().await?;
        let token = token(&owner, "ci", "deployer").await?;
        let program = owner.with_token(&token)?;
        program.get("/projects").await?.done()?;

        let wrong = json!({ "current": "not it", "new": "another long password" });
        owner.put("/me/password", wrong).await?.refuses_field("current")?;
        let short = json!({ "current": PASSWORD, "new": "short" });
        owner.put("/me/password", short).await?.refused(422)?;
        owner.get("/me").await?.done()?;

        owner.put("/me/password", json!({ "current": PASSWORD, "new": "another long password" })).await?.done()?;
        owner.get("/me").await?.refused(401)?;
        program.get("/projects").await?.refused(401)?;
        ensure!(berth.sign_in(OWNER, PASSWORD).await.is_err(), "the old password still works");
        berth.sign_in(OWNER, "another long password").await?;
        Ok(())
    }

    async fn a_token_is_shown_once_and_ends_when_revoked(berth) {
        let owner = berth.owner().await?;
        let made: Value =
            owner.post("/me/tokens", json!({ "name": "ci", "role": "viewer", "expires_in_days": 30 })).await?.ok()?;
        let secret = made["secret"].as_str().context("the secret is shown")?.to_owned();
        ensure!(secret.starts_with("berth_") && secret.len() > 30, "a secret is long and names its kind");
        ensure!(made["token"]["expires_at"].is_string(), "{made}");

        let listed = owner.get("/me/tokens").await?;
        ensure!(!listed.text.contains(&secret), "the list shows the secret");
        let program = owner.with_token(&secret)?;
        program.get("/projects").await?.done()?;
        program.post("/projects", json!({ "name": "shop" })).await?.refused(403)?;

        let id = made["token"]["id"].as_str().context("it has an id")?;
        owner.delete(&format!("/me/tokens/{id}"), Value::Null).await?.done()?;
        program.get("/projects").await?.refused(401)?;
        owner.with_token("berth_unknown")?.get("/projects").await?.refused(401)?;
        Ok(())
    }

    async fn a_token_request_says_which_field_is_wrong(berth) {
        let owner = berth.owner().await?;
        for (request, field) in [
            (json!({ "name": "", "role": "viewer" }), "name"),
            (json!({ "name": "x".repeat(500), "role": "viewer" }), "name"),
            (json!({ "name": "ci", "role": "emperor" }), "role"),
            (json!({ "name": "ci", "role": "viewer", "expires_in_days": 0 }), "expires_in_days"),
            (json!({ "name": "ci", "role": "viewer", "expires_in_days": 4000 }), "expires_in_days"),
            (json!({ "role": "viewer" }), "name"),
        ] {
            owner.post("/me/tokens", request).await?.refuses_field(field)?;
        }
        Ok(())
    }

    async fn a_token_never_exceeds_its_maker(berth) {
        let owner = berth.owner().await?;
        let developer = owner.with_token(&token(&owner, "dev", "developer").await?)?;
        let answer = developer.post("/me/tokens", json!({ "name": "more", "role": "owner" })).await?;
        ensure!([403, 422].contains(&answer.status.as_u16()), "a developer's token made an owner's: {answer:?}");
        Ok(())
    }

    async fn a_page_of_another_site_cannot_act_in_somebodys_name(berth) {
        let owner = berth.owner().await?;
        for origin in [Some("http://evil.example"), Some("null"), None] {
            let elsewhere = owner.from_origin(origin);
            elsewhere.post("/projects", json!({ "name": "shop" })).await?.refused(403)?;
            elsewhere.delete("/session", Value::Null).await?.refused(403)?;
        }
        let fetched = owner.request(Method::POST, "/api/v1/projects").header("sec-fetch-site", "cross-site");
        Answer::of(fetched.json(&json!({ "name": "shop" }))).await?.refused(403)?;
        let projects: Value = owner.get("/projects").await?.ok()?;
        ensure!(projects["items"] == json!([]), "{projects}");
        Ok(())
    }
}

/// A fresh API token with this role.
pub async fn token(owner: &Client, name: &str, role: &str) -> Result<String> {
    let made: Value = owner.post("/me/tokens", json!({ "name": name, "role": role })).await?.ok()?;
    Ok(made["secret"].as_str().context("the secret is shown once")?.to_owned())
}
