use super::*;
use crate::supervisor::Jobs;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, header},
    response::IntoResponse,
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

const PASSWORD: &str = "canary-registry-password";

#[test]
fn challenges_are_read_as_registries_write_them() {
    let hub = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"";
    let token = |realm: &str, service: Option<&str>| {
        Some(Challenge::Token { realm: realm.into(), service: service.map(Into::into) })
    };
    assert_eq!(challenge(hub), token("https://auth.docker.io/token", Some("registry.docker.io")));
    assert_eq!(challenge("bearer service=\"a, b\", realm=\"https://t\""), token("https://t", Some("a, b")));
    assert_eq!(challenge("Basic realm=\"Registry\""), Some(Challenge::Password));
    assert_eq!(challenge("Negotiate"), None);
    assert_eq!(challenge("Bearer realm=\"https://t"), None);
}

/// Asks for a token and gives one for the right password.
async fn gate(State(realm): State<String>, headers: HeaderMap, request: Request) -> impl IntoResponse {
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("me:{PASSWORD}")));
    let json = [(header::CONTENT_TYPE, "application/json".to_owned())];
    match (request.uri().path(), given) {
        ("/token", given)
            if given == basic && request.uri().query().is_some_and(|q| q.contains("service=s")) =>
        {
            (StatusCode::OK, json, r#"{"token":"good"}"#)
        }
        ("/v2/", "Bearer good") => (StatusCode::OK, json, "{}"),
        ("/v2/", _) => {
            let wants = [(header::WWW_AUTHENTICATE, format!("Bearer realm=\"{realm}\",service=\"s\""))];
            (StatusCode::UNAUTHORIZED, wants, "{}")
        }
        _ => (StatusCode::UNAUTHORIZED, json, "{}"),
    }
}

/// The address of a registry whose tokens are given at this place, or at its own; it answers until the jobs are dropped.
async fn registry(realm: Option<&str>) -> (String, Jobs) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let realm = realm.map_or_else(|| format!("http://{address}/token"), Into::into);
    let router = Router::new().fallback(get(gate)).with_state(realm);
    let mut jobs = Jobs::new();
    jobs.start(async move { axum::serve(listener, router).await.unwrap() });
    (address, jobs)
}

async fn tried(
    address: &str,
    secret: &str,
    allowed: &[String],
) -> std::result::Result<(), (Option<String>, String)> {
    let set = SetRegistry { address: address.into(), username: "me".into(), ..SetRegistry::default() };
    let told = try_out(allowed, &set, &Secret::new(secret)).await;
    told.map_err(|error| (error.problem().field, error.problem().message))
}

#[tokio::test]
async fn a_token_is_fetched_and_the_wrong_password_told() {
    let (address, _answers) = registry(None).await;
    let allowed = [address.clone()];
    assert_eq!(tried(&address, PASSWORD, &allowed).await, Ok(()));
    let (field, why) = tried(&address, "wrong", &allowed).await.unwrap_err();
    assert_eq!(field.as_deref(), Some("secret"));
    assert!(!why.contains("wrong"), "{why}");
}

#[tokio::test]
async fn r_sec_9_neither_the_registry_nor_its_place_for_tokens_is_inside_the_machine() {
    let (address, _answers) = registry(Some("http://169.254.169.254/token")).await;
    let (field, why) = tried(&address, PASSWORD, &[]).await.unwrap_err();
    assert_eq!(field.as_deref(), Some("address"));
    assert!(why.contains("127.0.0.1") && why.contains("BERTH_PRIVATE_HOSTS"), "{why}");
    let (field, why) = tried(&address, PASSWORD, std::slice::from_ref(&address)).await.unwrap_err();
    assert_eq!(field.as_deref(), Some("address"));
    assert!(why.contains("169.254.169.254"), "{why}");
}

#[tokio::test]
async fn what_does_not_answer_is_said_to_be_away() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (field, why) = tried(&address, PASSWORD, std::slice::from_ref(&address)).await.unwrap_err();
    assert_eq!(field.as_deref(), Some("address"));
    assert!(why.contains("does not answer"), "{why}");
}
