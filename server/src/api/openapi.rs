//! The description of the API, generated from the handlers and the types.

use super::{
    PREFIX,
    operations::{Access, access},
};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use berth_domain::problem::{Problem, ProblemKind};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(title = "Berth", description = "Ship services to a machine with Docker: projects, builds, rollouts, logs.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(Problem, ProblemKind)),
    tags(
        (name = "Session", description = "Setup, sign-in, sign-out"),
        (name = "Account", description = "The account of who asks: sessions, tokens, SSH keys, password"),
        (name = "Projects", description = "What belongs together"),
        (name = "Environments", description = "Copies of a project: production, staging"),
        (name = "Services", description = "What runs in an environment, from git or from an image"),
        (name = "Variables", description = "What a service finds in its environment; sealed at rest"),
        (name = "Deployments", description = "Attempts to make a release live, and the way back"),
        (name = "Domains", description = "Host names and paths that lead to a service"),
        (name = "Published ports", description = "Ports of the machine that lead to a service without HTTP"),
        (name = "Certificates", description = "What HTTPS needs: ordered by itself, uploaded, or proven in the DNS"),
        (name = "Volumes", description = "Data that outlives instances"),
        (name = "Registries", description = "Registries of images, with credentials for pulls and pushes"),
        (name = "Connections", description = "Git hosts whose repositories are listed, fetched and told of deployments"),
        (name = "Disk", description = "What uses the disk, and what nobody wants any more"),
        (name = "Files", description = "Files with content that instances find at their paths"),
        (name = "Webhooks", description = "Deploying on a push"),
        (name = "Previews", description = "Pull requests in environments of their own"),
        (name = "Logs", description = "What services and builds say"),
        (name = "Events", description = "What happened, and who did it"),
    )
)]
struct Head;

/// The document without its paths.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let (_, openapi) = super::described().split_for_parts();
    // Our own types always serialize.
    let mut document = serde_json::to_value(openapi).unwrap_or_default();
    complete(&mut document);
    document
});

/// The OpenAPI 3.1 document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// `/api/v1/openapi.json`
pub(super) async fn json() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, document().to_string()).into_response()
}

/// Adds what is the same for all verbs: the server, who may ask, and how problems look.
fn complete(document: &mut Value) {
    document["servers"] = json!([{ "url": PREFIX }]);
    document["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer", "description": "An API token of the account page" },
        "session": { "type": "apiKey", "in": "cookie", "name": "berth_session",
            "description": "The cookie of a browser; unsafe methods must come from the panel's own origin" },
    });
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete_operation(path, method, operation);
        }
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let access = access(method, path);
    operation["security"] = match access {
        Some(Access::Anyone) => json!([]),
        Some(Access::Person) => json!([{ "session": [] }]),
        _ => json!([{ "token": [] }, { "session": [] }]),
    };
    if let Some(Access::Permission(permission)) = access {
        operation["x-permission"] = json!(permission.as_str());
        operation["x-least-role"] = json!(permission.least_role().as_str());
    }
    let mut statuses = vec![("422", "The request does not fit; `field` names where")];
    if access != Some(Access::Anyone) {
        statuses.push(("401", "Nobody is signed in, or the token is not good"));
    }
    if matches!(access, Some(Access::Permission(_) | Access::Person)) {
        statuses.push(("403", "The role does not allow it, or a token is not enough"));
    }
    if path.contains('{') {
        statuses.push(("404", "There is no such thing in this organisation"));
    }
    if method != "get" {
        statuses.push(("409", "It collides with what exists"));
    }
    statuses.push(("default", "Any other problem"));
    if let Some(responses) = operation["responses"].as_object_mut() {
        add_problems(responses, &statuses);
    }
}

fn add_problems(responses: &mut Map<String, Value>, statuses: &[(&str, &str)]) {
    for (status, description) in statuses {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let problem = json!({
            "description": description,
            "content": { "application/problem+json": { "schema": schema } },
        });
        responses.entry(*status).or_insert(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operations;
    use std::collections::BTreeSet;

    fn described() -> BTreeSet<(String, String)> {
        let paths = document()["paths"].as_object().unwrap();
        let of = |(path, item): (&String, &Value)| {
            let methods: Vec<_> = item.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
            methods.into_iter().map(|method| (method, path.clone())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of).collect()
    }

    /// R-SEC-2: the permission matrix knows every route.
    #[test]
    fn r_sec_2_the_table_of_permissions_has_every_route_and_no_other() {
        let listed: BTreeSet<_> =
            operations().iter().map(|o| (o.method.to_owned(), o.path.to_owned())).collect();
        assert_eq!(listed, described());
    }

    #[test]
    fn every_verb_is_described_in_full() {
        let mut ids = BTreeSet::new();
        for (path, item) in document()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let at = format!("{method} {path}");
                assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{at}: summary");
                assert!(ids.insert(operation["operationId"].to_string()), "{at}: id");
                let named = path.matches('{').count();
                let described = operation["parameters"].as_array().into_iter().flatten();
                let in_path: Vec<_> = described.filter(|p| p["in"] == "path").collect();
                assert_eq!(in_path.len(), named, "{at}: parameters");
                assert!(in_path.iter().all(|p| p["description"].is_string()), "{at}: words for parameters");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status.starts_with('2')), "{at}: success");
                assert!(responses.contains_key("default"), "{at}: problems");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, document: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(reference)) = map.get("$ref") {
                        let pointer = reference.trim_start_matches('#');
                        assert!(document.pointer(pointer).is_some(), "{reference}");
                    }
                    map.values().for_each(|inner| walk(inner, document));
                }
                Value::Array(items) => items.iter().for_each(|inner| walk(inner, document)),
                _ => {}
            }
        }
        assert!(document()["openapi"].as_str().unwrap().starts_with("3.1"));
        walk(document(), document());
    }
}
