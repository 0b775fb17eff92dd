//! R-SEC-1: what a shell, a template or a path could run is posted into every string of every request.

use crate::{fuzz_samples::sample_body, openapi};
use berth_tests::{
    prelude::*,
    verbs::{self, image},
};
use std::path::PathBuf;

/// The fuzz list; `@` becomes a command that makes the canary file.
const ATTACKS: [&str; 16] = [
    ";@",
    "$(@)",
    "`@`",
    "|@",
    "&@",
    "\n@\n",
    "' ;@; '",
    "\" ;@; \"",
    "-@",
    "--upload-pack=@",
    "../../../../@",
    "a\0@",
    "{{@}}",
    "${{@}}",
    "ext::@",
    "%0a@",
];

/// Every string of a value replaced by `attack`, one at a time; keys of maps too.
fn attacked(value: &Value, attack: &str) -> Vec<Value> {
    match value {
        Value::String(_) => vec![json!(attack)],
        Value::Array(items) => (0..items.len())
            .flat_map(|at| {
                attacked(&items[at], attack).into_iter().map(move |inner| {
                    let mut copy = items.clone();
                    copy[at] = inner;
                    Value::Array(copy)
                })
            })
            .collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| {
                attacked(inner, attack).into_iter().map(move |changed| {
                    let mut copy = map.clone();
                    copy.insert(key.clone(), changed);
                    Value::Object(copy)
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Bodies with every string field that a request can have.
fn fullest(method: &Method, path: &str) -> Vec<Value> {
    let full_git = json!({ "type": "git", "url": "https://example.com/x.git", "branch": "main", "folder": "f",
        "dockerfile": "Dockerfile", "build_args": { "A": "x" }, "target": "t",
        "builder": { "type": "static", "publish": "p", "command": "c", "image": "i:1" } });
    let full_pushed = json!({ "type": "pushed", "branch": "main", "folder": "f", "dockerfile": "Dockerfile",
        "build_args": { "A": "x" }, "target": "t" });
    let settings = json!({ "command": ["a", "b"], "volumes": [{ "name": "data", "path": "/data" }],
        "isolation": { "user": "1000" },
        "probe": { "kind": { "type": "http", "path": "/", "headers": { "X-Who": "a" }, "body_contains": "b" } },
        "watch": { "include": ["apps/web"], "exclude": ["**/*.md"] },
        "release_command": ["a", "b"], "build_variables": ["KEY"], "after_command": ["a"], "processes": [{ "name": "worker", "command": ["a", "b"] }] });
    match (method.as_str(), path) {
        ("POST", "/projects/{project}/environments/{environment}/services") => vec![
            json!({ "name": "api", "source": full_git, "settings": settings }),
            json!({ "name": "api", "source": image("nginx:1"), "settings": settings }),
            json!({ "name": "api", "source": full_pushed }),
        ],
        ("PATCH", "/projects/{project}/environments/{environment}/services/{service}") => {
            vec![json!({ "source": full_git, "settings": settings }), json!({ "name": "web" })]
        }
        ("POST", p) if p.ends_with("/domains") => vec![json!({ "host": "x.example.com", "path": "/x" })],
        ("PATCH", p) if p.ends_with("/domains/{id}") => vec![json!({
            "redirect": { "to": "https://b.example.com" }, "forwarded_path": "/x", "allow": ["10.0.0.0/8"],
            "logins": [{ "name": "ann", "password": "secret" }], "request_headers": [{ "name": "X-A", "value": "b" }],
            "response_headers": [{ "name": "X-A", "value": "b" }], "upstream": "http", "page": "x" })],
        ("POST", p) if p.ends_with("/scale") => vec![json!({ "process": "worker", "replicas": 2 })],
        ("POST", p) if p.ends_with("/files") => {
            vec![json!({ "path": "/etc/new", "text": "x" }), json!({ "path": "/etc/new", "base64": "eA==" })]
        }
        ("POST", p) if p.ends_with("/deployments") => {
            vec![json!({ "commit": "abc" }), json!({ "image": "nginx:2" })]
        }
        _ => vec![sample_body(method, path)],
    }
}

/// R-SEC-1: every string field of every endpoint, and every path parameter.
#[tokio::test]
async fn r_sec_1_no_string_of_any_request_reaches_a_shell() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    owner.create_service(&web, image("nginx:1"), json!({})).await?;
    let canary: PathBuf = berth.scratch().join("canary");
    let command = format!("touch {}", canary.display());
    let document = openapi::document(&berth).await?;
    let mut asked = 0;
    for (method, path) in openapi::operations(&document).into_iter().filter(|(_, path)| !is_of_account(path))
    {
        for attack in ATTACKS.map(|attack| attack.replace('@', &command)) {
            for body in fullest(&method, &path).iter().flat_map(|body| attacked(body, &attack)) {
                let at = fill(&path, "web", "KEY");
                let answer = owner.send(method.clone(), &at, &body).await?;
                ensure!(
                    answer.status.as_u16() < 500 || answer.status == 503,
                    "{method} {at} {body}: {answer:?}"
                );
                asked += 1;
            }
            if (path.contains("{service}") || path.contains("{key}")) && !path.ends_with("/stream") {
                let encoded: String = attack.bytes().map(|byte| format!("%{byte:02X}")).collect();
                let answer = owner
                    .send(method.clone(), &fill(&path, &encoded, &encoded), sample_body(&method, &path))
                    .await?;
                ensure!(answer.status.as_u16() < 500, "{method} {path}: {answer:?}");
            }
        }
        if owner.get(&verbs::of(&web)).await?.status == 404 {
            owner.create_service(&web, image("nginx:1"), json!({})).await?;
        }
    }
    ensure!(asked > 500, "only {asked} requests");
    ensure!(!canary.exists(), "a string was run");
    Ok(())
}

/// What ends the session that the test asks with.
fn is_of_account(path: &str) -> bool {
    path.starts_with("/me/") || path == "/setup" || path == "/session"
}

fn fill(path: &str, service: &str, key: &str) -> String {
    path.replace("{project}", "shop")
        .replace("{environment}", "production")
        .replace("{service}", service)
        .replace("{key}", key)
        .replace("{number}", "1")
        .replace("{name}", "data")
        .replace("{file}", &uuid::Uuid::nil().to_string())
        .replace("{delivery}", &uuid::Uuid::nil().to_string())
        .replace("{connection}", &uuid::Uuid::nil().to_string())
        .replace("{registry}", &uuid::Uuid::nil().to_string())
        .replace("{id}", &uuid::Uuid::nil().to_string())
}
