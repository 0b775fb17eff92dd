//! The panel's pages and server functions as a client without a browser meets them.

use berth_tests::prelude::*;

/// Pages that only a member sees.
const PAGES: [&str; 17] = [
    "/projects",
    "/projects/shop",
    "/projects/shop/production/new",
    "/projects/shop/production/web",
    "/projects/shop/production/web/deployments",
    "/projects/shop/production/web/logs",
    "/projects/shop/production/web/variables",
    "/projects/shop/production/web/domains",
    "/projects/shop/production/web/volumes",
    "/projects/shop/production/web/previews",
    "/projects/shop/production/web/settings",
    "/events",
    "/disk",
    "/disk/orphans",
    "/account",
    "/registries",
    "/git-hosts",
];

async fn page(client: &Client, path: &str) -> Result<Answer> {
    Answer::of(client.request(Method::GET, path)).await
}

#[tokio::test]
async fn pages_are_for_those_who_signed_in() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    owner.create_service(&web, berth_tests::verbs::image("nginx:canary-image"), json!({})).await?;
    let nobody = berth.anonymous()?;
    for at in PAGES {
        let answer = page(&nobody, at).await?;
        ensure!(answer.status.is_redirection(), "{at} answered {} to nobody", answer.status);
        ensure!(
            answer.header("location").contains("/sign-in"),
            "{at} leads to {}",
            answer.header("location")
        );
        ensure!(!answer.text.contains("canary-image"), "{at} shows a service to nobody");
        let answer = page(&owner, at).await?;
        // Docker is down here: no page waits for it.
        ensure!(answer.status == 200, "{at} answered {} to the owner", answer.status);
    }
    for missing in ["/nothing", "/projects/none", "/projects/shop/production/none", "/projects/shop/none"] {
        let answer = page(&owner, missing).await?;
        ensure!(answer.status == 404, "{missing} answered {}", answer.status);
    }
    Ok(())
}

/// R-SEC-12: no script of others, no frame around it.
#[tokio::test]
async fn r_sec_12_every_page_forbids_foreign_scripts_and_frames() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    for at in ["/sign-in", "/projects", "/nothing", "/api/docs"] {
        let answer = page(&owner, at).await?;
        let policy = answer.header("content-security-policy");
        ensure!(policy.contains("frame-ancestors 'none'"), "{at}: {policy}");
        let scripts =
            policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap_or_default();
        ensure!(!scripts.is_empty() && !scripts.contains("'unsafe-inline'"), "{at}: {policy}");
        ensure!(answer.header("x-content-type-options") == "nosniff", "{at}");
    }
    Ok(())
}

/// R-SEC-12: what people call their things is text, also in the page that the server renders.
#[tokio::test]
async fn r_sec_12_values_are_text_and_never_markup() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    owner.create_service(&web, berth_tests::verbs::image("nginx:1"), json!({})).await?;
    let attack = "</textarea></script><script>alert(1)</script><img src=x onerror=alert(2)>";
    owner.set_plain(&web, "XSS", attack).await?;
    owner.post("/me/tokens", json!({ "name": "<b>bold</b>", "role": "viewer" })).await?;
    for at in PAGES {
        let answer = page(&owner, at).await?;
        for markup in ["<script>alert(1)", "<img src=x", "<b>bold</b>"] {
            ensure!(!answer.text.contains(markup), "{at} has {markup} as markup");
        }
    }
    Ok(())
}

/// R-SEC-2c: the panel's server functions are endpoints like any other: each refuses who has not signed in.
#[tokio::test]
async fn r_sec_2c_server_functions_take_a_sign_in() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    owner
        .create_service(&path("shop/production/web"), berth_tests::verbs::image("nginx:1"), json!({}))
        .await?;
    let before: Value = owner.get("/events?limit=1").await?.ok()?;
    let functions = server_functions()?;
    ensure!(functions.len() >= 20, "found only {functions:?}");
    let nobody = berth.anonymous()?;
    for (name, endpoint) in functions.iter().filter(|(name, _)| !OPEN.contains(&name.as_str())) {
        let ask = |fields| {
            nobody.request(Method::POST, endpoint).header("accept", "application/json").form(&fields)
        };
        let mut answer = Answer::of(ask(every_field(false))).await?;
        if answer.text.contains("could not be read") {
            answer = Answer::of(ask(every_field(true))).await?;
        }
        if answer.text.contains("could not be read") {
            let place = json!({ "project": "shop", "environment": "production", "service": "web" });
            let body = json!({ "path": place, "number": 1, "query": {} });
            answer = Answer::of(nobody.request(Method::POST, endpoint).json(&body)).await?;
        }
        let refused = matches!(answer.status.as_u16(), 401 | 403)
            || answer.status.is_redirection()
            || answer.text.contains("unauthenticated");
        ensure!(refused, "{name} at {endpoint} answered {} to nobody: {}", answer.status, answer.text);
    }
    let after: Value = owner.get("/events?limit=1").await?.ok()?;
    ensure!(before == after, "something changed: {after}");
    Ok(())
}

/// Who has not signed in needs these to do so.
const OPEN: [&str; 3] = ["claim", "sign_in", "set_theme"];

/// A value for every name that a field has.
const FIELDS: &[(&str, &str)] = &[
    ("project", "shop"),
    ("environment", "production"),
    ("service", "web"),
    ("name", "shop"),
    ("confirm", "shop"),
    ("number", "1"),
    ("to", "1"),
    ("key", "KEY"),
    ("value", "x"),
    ("kind", "image"),
    ("reference", "nginx:1"),
    ("host", "a.example.com"),
    ("prefix", "/"),
    ("port", "8080"),
    ("mount", "/data"),
    ("protocol", "tcp"),
    ("target", "5432"),
    ("published", "00000000000000000000000000000000"),
    ("domain", "00000000000000000000000000000000"),
    ("session", "00000000000000000000000000000000"),
    ("token", "00000000000000000000000000000000"),
    ("branch", "main"),
    ("file", "00000000000000000000000000000000"),
    ("registry", "00000000000000000000000000000000"),
    ("address", "registry.invalid"),
    ("delivery", "00000000000000000000000000000000"),
    ("certificate", "00000000000000000000000000000000"),
    ("chain", "x"),
    ("zone", "example.com"),
    ("public_key", "ssh-ed25519 AAAA"),
    ("at", "/etc/new"),
    ("commit", "1111111111111111111111111111111111111111"),
    ("preview_ttl", "24"),
    ("preview_most", "3"),
    ("seconds", "5"),
    ("upstream", "http"),
    ("message", "x"),
    ("on", "true"),
    ("search", "x"),
    ("dotenv", "A=1"),
    ("username", "person"),
    ("secret", "a secret"),
    ("current", "x"),
    ("new", "long enough here"),
    ("role", "viewer"),
    ("days", "30"),
    ("query[limit]", "10"),
    ("connection", "00000000000000000000000000000000"),
    ("url", "https://git.example.com/team/shop.git"),
    ("code", "x"),
    ("state", "x"),
    ("installation", "1"),
    ("repository", "team/shop"),
];

/// Values for the arguments that server functions have, so that they get as far as their guard.
fn every_field(nested: bool) -> Vec<(String, &'static str)> {
    let path = [("path[project]", "shop"), ("path[environment]", "production"), ("path[service]", "web")];
    let flat = [("path", "shop/production/web")];
    let paths = if nested { &path[..] } else { &flat[..] };
    FIELDS.iter().chain(paths).map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

/// The names of all `#[server]` functions, as the source has them, with their endpoints.
fn server_functions() -> Result<Vec<(String, String)>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src/api");
    let mut found = Vec::new();
    for file in std::fs::read_dir(root)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?
    {
        if file.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&file)?;
        for block in text.split("#[server(prefix").skip(1) {
            let name =
                block.split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next()).unwrap_or_default();
            let endpoint = block
                .split("endpoint = \"")
                .nth(1)
                .filter(|_| block.split("fn ").next().is_some_and(|head| head.contains("endpoint")));
            let endpoint = endpoint.and_then(|rest| rest.split('"').next()).unwrap_or(name);
            found.push((name.to_owned(), format!("/panel/{}", endpoint.trim_start_matches('/'))));
        }
    }
    Ok(found)
}
