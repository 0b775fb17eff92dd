//! A request body for every operation: one that the server accepts from who may.

use berth_tests::{berth::shipped_image, prelude::*};

/// A body that fits this operation; null where it takes none.
pub fn sample_body(method: &Method, path: &str) -> Value {
    let service = "/projects/{project}/environments/{environment}/services/{service}";
    let rest = path.strip_prefix(service);
    match (method.as_str(), path, rest) {
        ("POST", "/setup", _) => {
            json!({ "token": "x", "email": "a@example.com", "password": "long enough here" })
        }
        ("POST", "/session", _) => json!({ "email": "a@example.com", "password": "long enough here" }),
        ("PUT", "/me/password", _) => json!({ "current": "x", "new": "long enough here" }),
        ("POST", "/me/tokens", _) => json!({ "name": "ci", "role": "viewer" }),
        // A public key that nobody has the other half of.
        ("POST", "/me/keys", _) => json!({ "name": "laptop", "public_key":
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f" }),
        ("POST", "/projects", _) => json!({ "name": "other" }),
        ("PUT", "/zones/{zone}", _) => json!({ "host": "webhook" }),
        ("PUT", "/panel-domain", _) => json!({ "host": "panel.example.com" }),
        ("POST", "/certificates", _) => json!({ "chain": "no chain", "key": "no key" }),
        // Inside the machine, so that nobody is asked.
        ("POST", "/registries", _) | ("PUT", "/registries/{registry}", _) => {
            json!({ "address": "127.0.0.1:9", "username": "person", "secret": "a secret of the person" })
        }
        ("POST", "/connections", _) => json!({ "kind": "gitea", "url": "http://127.0.0.1:9", "token": "x" }),
        ("POST", "/connections/github-app", _) => json!({ "account": "team" }),
        ("POST", "/connections/github-app/conversion", _) => json!({ "code": "x", "state": "x" }),
        ("POST", "/connections/{connection}/installation", _) => json!({ "installation": 1 }),
        ("POST", "/orphans/remove", _) => json!({ "kind": "container", "name": "berth-none", "confirm": "" }),
        ("POST", "/orphans/keep", _) => json!({ "kind": "volume", "name": "berth-none" }),
        ("PATCH", "/projects/{project}", _) => json!({ "name": "shop" }),
        ("DELETE", "/projects/{project}", _) => json!({ "confirm": "shop" }),
        ("POST", "/projects/{project}/environments", _) => json!({ "name": "staging" }),
        ("PATCH", "/projects/{project}/environments/{environment}", _) => json!({ "name": "production" }),
        ("DELETE", "/projects/{project}/environments/{environment}", _) => json!({ "confirm": "production" }),
        ("POST", "/projects/{project}/environments/{environment}/services", _) => {
            json!({ "name": "api", "source": { "type": "image", "reference": shipped_image() } })
        }
        (method, _, Some(rest)) => service_body(method, rest),
        _ => Value::Null,
    }
}

fn service_body(method: &str, rest: &str) -> Value {
    match (method, rest) {
        ("PATCH", "") => json!({ "settings": { "port": 8080 } }),
        ("DELETE", "") => json!({ "confirm": "web" }),
        ("PUT", "/credential") => json!({ "username": "person", "secret": "a secret of the person" }),
        ("PUT", "/variables/{key}") => json!({ "value": "x" }),
        ("POST", "/variables/import") => json!({ "dotenv": "A=1" }),
        ("POST", "/deployments") => json!({}),
        ("POST", "/scale") => json!({ "replicas": 2 }),
        ("PUT", "/maintenance") => json!({ "message": "Back at nine." }),
        ("POST", "/pause") => json!({ "seconds": 30 }),
        ("POST", "/rollback") => json!({ "to": 1 }),
        ("POST", "/ports") => json!({ "protocol": "tcp", "port": 20000, "target": 5432 }),
        ("POST", "/domains") => json!({ "host": "shop.example.com" }),
        ("PATCH", "/domains/{id}") => json!({ "compress": true }),
        ("POST", "/files") => json!({ "path": "/etc/new", "text": "x" }),
        ("PUT", "/files/{file}") => json!({ "path": "/etc/kept", "base64": "eA==" }),
        ("POST", "/previews/{pull_request}/approve") => json!({ "commit": "1".repeat(40) }),
        ("PUT", "/previews/variables/{key}") => json!({ "value": "x" }),
        ("POST", "/webhook/watch") => json!({ "include": ["apps/web"], "exclude": ["**/*.md"] }),
        ("DELETE", "/volumes/{name}") => json!({ "confirm": "data" }),
        _ => Value::Null,
    }
}
