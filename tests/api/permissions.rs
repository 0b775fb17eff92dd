//! R-SEC-2: who may do what, as one table that a person can read. Every operation of the OpenAPI document is asked as
//! everybody; a new route appears in the table by itself and has to be looked at.

use crate::{account::token, fuzz_samples::sample_body, openapi};
use berth_domain::file::{FileView, FilesView};
use berth_tests::{
    prelude::*,
    verbs::{self, image},
};
use std::fmt::Write as _;

/// Stands beside the role's name in the table.
const ACTORS: [&str; 7] = ["anonymous", "viewer", "deployer", "developer", "admin", "owner", "stranger"];

/// A service that the next request may destroy, owned by the first organisation.
struct Place {
    owner: Client,
    web: ServicePath,
}

impl Place {
    /// Makes sure that everything a path can name is there, and gives the parameters' values.
    async fn restore(&self) -> Result<Vec<(&'static str, String)>> {
        let (owner, at) = (&self.owner, verbs::of(&self.web));
        if owner.get(&at).await?.status != 200 {
            if owner.get("/projects/shop/environments/production").await?.status == 404 {
                owner.delete("/projects/shop", json!({ "confirm": "shop" })).await?;
            }
            let settings = json!({ "volumes": [{ "name": "data", "path": "/data" }] });
            owner.create_service(&self.web, image("berth-test-missing:1"), settings).await?;
        }
        owner.set_secret(&self.web, "KEY", "value").await?;
        owner.put(&format!("{at}/previews/variables/KEY"), json!({ "value": "x" })).await?.done()?;
        let file = self.file().await?;
        let domain: Value =
            match owner.post(&format!("{at}/domains"), json!({ "host": "p.example.com" })).await? {
                made if made.status == 201 => made.ok()?,
                _ => {
                    let all: Vec<Value> = owner.get(&format!("{at}/domains")).await?.ok()?;
                    all.into_iter().find(|domain| domain["host"] == "p.example.com").context("the domain")?
                }
            };
        let id = domain["id"].as_str().unwrap_or_default().to_owned();
        let place = |name: &'static str, value: &str| (name, value.to_owned());
        Ok(vec![
            place("{project}", "shop"),
            place("{environment}", "production"),
            place("{service}", "web"),
            place("{key}", "KEY"),
            place("{number}", "1"),
            place("{name}", "data"),
            // There is none, as with a delivery.
            place("{pull_request}", "42"),
            // There is none: who may is told that, and who may not is not.
            place("{delivery}", &uuid::Uuid::nil().to_string()),
            // There is none: this Berth has no ports to give away.
            place("{published}", &uuid::Uuid::nil().to_string()),
            place("{zone}", "example.com"),
            place("{certificate}", &uuid::Uuid::nil().to_string()),
            place("{connection}", &uuid::Uuid::nil().to_string()),
            place("{registry}", &uuid::Uuid::nil().to_string()),
            ("{id}", id),
            ("{file}", file),
        ])
    }

    /// The id of the file that is always there; what an actor added is removed again.
    async fn file(&self) -> Result<String> {
        let at = format!("{}/files", verbs::of(&self.web));
        let all: FilesView = self.owner.get(&at).await?.ok()?;
        for added in all.files.iter().filter(|file| file.path == "/etc/new") {
            self.owner.delete(&format!("{at}/{}", added.id.0), Value::Null).await?.done()?;
        }
        match all.files.iter().find(|file| file.path == "/etc/kept") {
            Some(file) => Ok(file.id.0.to_string()),
            None => {
                let kept = json!({ "path": "/etc/kept", "text": "kept" });
                Ok(self.owner.post(&at, kept).await?.ok::<FileView>()?.id.0.to_string())
            }
        }
    }
}

/// Everybody who asks, by the names in the table. Those that ask with a session would lose it: they use tokens.
async fn actors(berth: &Berth, owner: &Client) -> Result<Vec<Client>> {
    let mut all = vec![berth.anonymous()?];
    for role in &ACTORS[1..6] {
        all.push(owner.with_token(&token(owner, role, role).await?)?);
    }
    let stranger = berth.stranger().await?;
    all.push(stranger.with_token(&token(&stranger, "stranger", "owner").await?)?);
    Ok(all)
}

#[tokio::test]
async fn r_sec_2_every_operation_is_open_to_exactly_those_who_may() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let operations = openapi::operations(&openapi::document(&berth).await?);
    let place = Place { owner: owner.clone(), web: path("shop/production/web") };
    let actors = actors(&berth, &owner).await?;
    let mut table = format!("{:<6} {:<92} {}\n", "", "", ACTORS.join(" "));
    for (method, path) in operations {
        if ends_what_the_table_asks_with(&method, &path) {
            continue;
        }
        let mut statuses = Vec::new();
        for (actor, name) in actors.iter().zip(ACTORS) {
            let values = place.restore().await?;
            let at = values.iter().fold(path.clone(), |at, (name, value)| at.replace(name, value));
            let status = status(actor, &method, &path, &at).await?;
            ensure!(status < 500 || status == 503, "{method} {at} as {name} answered {status}");
            statuses.push(format!("{status:<width$}", width = name.len()));
        }
        writeln!(table, "{:<6} {path:<92} {}", method.as_str(), statuses.join(" ").trim_end())?;
    }
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("permissions", table);
    });
    Ok(())
}

/// These end sessions and tokens; the account's own tests have them.
fn ends_what_the_table_asks_with(method: &Method, path: &str) -> bool {
    matches!(path, "/me/password" | "/setup" | "/session")
        || (path == "/me/sessions" && method == Method::DELETE)
}

async fn status(actor: &Client, method: &Method, path: &str, at: &str) -> Result<u16> {
    let body = sample_body(method, path);
    let mut request = actor.request(method.clone(), &format!("/api/v1{at}"));
    if !body.is_null() {
        request = request.json(&body);
    }
    // A stream's head tells enough.
    Ok(request.send().await?.status().as_u16())
}
