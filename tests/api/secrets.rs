//! R-SEC-3: what is secret never leaves in a read, for anybody.

use crate::{account::token, openapi};
use berth_tests::{
    prelude::*,
    verbs::{self, git},
};

const CANARY: &str = "canary-7f3a";

/// Puts a canary everywhere a secret can be, and gives every canary.
async fn hide(owner: &Client, web: &ServicePath) -> Result<Vec<String>> {
    owner.create_service(web, git("https://example.com/site.git"), json!({})).await?;
    owner.set_secret(web, "PASSWORD", &format!("{CANARY}-variable")).await?;
    let import = json!({ "dotenv": format!("IMPORTED={CANARY}-imported"), "secret": true });
    owner.post(&format!("{}/variables/import", verbs::of(web)), import).await?.done()?;
    let credential = json!({ "username": "person", "secret": format!("{CANARY}-credential") });
    owner.put(&format!("{}/credential", verbs::of(web)), credential).await?.done()?;
    let file = json!({ "path": "/etc/app", "text": format!("{CANARY}-file") });
    owner.post(&format!("{}/files", verbs::of(web)), file).await?.done()?;
    let hook = owner.webhook(web).await?;
    let token = token(owner, "ci", "viewer").await?;
    Ok(vec![
        CANARY.to_owned(),
        hook.secret,
        token,
        berth_tests::berth::PASSWORD.to_owned(),
        "$argon2".to_owned(),
    ])
}

both_databases! {
    /// R-SEC-3: every GET of the API as every role, and every page of the panel, without one canary.
    async fn r_sec_3_no_read_shows_a_secret_to_anybody(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        let canaries = hide(&owner, &web).await?;
        let mut readers = vec![owner.clone()];
        for role in ["viewer", "deployer", "developer", "admin"] {
            readers.push(owner.with_token(&token(&owner, role, role).await?)?);
        }
        let document = openapi::document(&berth).await?;
        let reads = openapi::operations(&document).into_iter().filter(|(method, path)| method == Method::GET && !path.ends_with("/stream"));
        let pages = ["", "/deployments", "/logs", "/variables", "/domains", "/volumes", "/settings"]
            .map(|page| format!("/shop/production/web{page}"));
        let mut paths: Vec<_> = reads.map(|(_, path)| format!("/api/v1{path}")).collect();
        paths.extend(pages.map(|page| format!("/projects{page}")));
        paths.extend(["/projects", "/events", "/account", "/metrics", "/health"].map(str::to_owned));
        for path in paths {
            let at = [("{project}", "shop"), ("{environment}", "production"), ("{service}", "web"), ("{number}", "1")]
                .iter().fold(path, |at, (name, value)| at.replace(name, value));
            for reader in &readers {
                let answer = Answer::of(reader.request(Method::GET, &at)).await?;
                let shown = canaries.iter().find(|canary| answer.text.contains(canary.as_str()));
                ensure!(shown.is_none(), "GET {at} shows {shown:?}: {}", answer.text);
            }
        }
        let log = std::fs::read_to_string(berth.log_file())?;
        let shown = canaries.iter().find(|canary| log.contains(canary.as_str()));
        ensure!(shown.is_none(), "Berth's own log shows {shown:?}");
        Ok(())
    }
}

/// A role below admin cannot ask for the value either.
#[tokio::test]
async fn revealing_takes_a_permission_of_its_own() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    hide(&owner, &web).await?;
    let developer = owner.with_token(&token(&owner, "dev", "developer").await?)?;
    let at = format!("{}/variables", verbs::of(&web));
    developer.post(&format!("{at}/PASSWORD/reveal"), Value::Null).await?.refused(403)?;
    developer.post(&format!("{at}/export"), Value::Null).await?.refused(403)?;
    Ok(())
}
