//! Apps at GitHub: made from a manifest by a code, known by a word that their key signed, and given tokens for their
//! installation.

use super::{Answered, Kept, ok, refused, token};
use crate::process::{command, run};
use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use rustls::SignatureScheme;
use serde_json::{Value, json};

/// The secret with which the App's webhook is signed.
pub const APP_SECRET: &str = "canary-app-webhook-secret";

/// The App's id and its installation.
const APP: u64 = 7;
const INSTALLATION: u64 = 4711;

/// An RSA key that is made for each host: the App has the private half.
pub(super) struct Key {
    private: String,
    public: Vec<u8>,
}

impl Key {
    /// Makes one.
    pub fn make() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("berth-app-key-").tempdir()?;
        let at = folder.path().join("key");
        let mut keygen = command("ssh-keygen");
        keygen.args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"]).arg(&at);
        run(keygen)?;
        let mut export = command("ssh-keygen");
        export.args(["-e", "-m", "PEM", "-f"]).arg(at.with_extension("pub"));
        let public: String = run(export)?.lines().filter(|line| !line.starts_with("-----")).collect();
        let public = BASE64_STANDARD.decode(public).context("the public half is PEM")?;
        Ok(Self { private: std::fs::read_to_string(&at)?, public })
    }

    /// Whether a JWT was signed with it, by RS256, and is good now for ten minutes at the most.
    fn is_good(&self, word: &str) -> bool {
        let read = || -> Option<bool> {
            let (said, signature) = word.rsplit_once('.')?;
            let (head, claims) = said.split_once('.')?;
            let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
            let json = |text: &str| serde_json::from_slice::<Value>(&decode(text)?).ok();
            let (head, claims) = (json(head)?, json(claims)?);
            let provider = rustls::crypto::ring::default_provider();
            let all = provider.signature_verification_algorithms.mapping;
            let (_, algorithms) =
                all.iter().find(|(scheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256)?;
            let signature = decode(signature)?;
            let verified = algorithms
                .iter()
                .any(|one| one.verify_signature(&self.public, said.as_bytes(), &signature).is_ok());
            let now = chrono::Utc::now().timestamp();
            let (from, until) = (claims["iat"].as_i64()?, claims["exp"].as_i64()?);
            let issuer: Option<u64> = claims["iss"].as_str()?.parse().ok();
            let timely = from <= now && until > now && until - now <= 600;
            Some(verified && timely && head["alg"] == "RS256" && issuer == Some(APP))
        };
        read().unwrap_or(false)
    }
}

pub(super) fn routes() -> Router<Kept> {
    Router::new()
        .route("/api/v3/app-manifests/{code}/conversions", post(convert))
        .route("/api/v3/app/installations", get(installations))
        .route("/api/v3/app/installations/{id}", get(installation))
        .route("/api/v3/app/installations/{id}/access_tokens", post(grant))
}

async fn convert(State(kept): State<Kept>, Path(code): Path<String>, headers: HeaderMap) -> Answered {
    let mut known = kept.known();
    if !code.starts_with("good") || known.spent.contains(&code) || !token(&headers).is_empty() {
        return Err(refused(StatusCode::NOT_FOUND, "Not Found"));
    }
    known.spent.push(code);
    let app = json!({
        "id": APP, "slug": "berth-test", "node_id": "MDM6QXBwNw==", "name": "Berth test",
        "owner": { "login": "team", "id": 1, "type": "Organization" },
        "html_url": format!("{}/apps/berth-test", known.origin),
        "client_id": "Iv1.canary", "client_secret": "canary-client-secret",
        "webhook_secret": APP_SECRET, "pem": kept.key.private,
        "permissions": { "metadata": "read", "contents": "read" }, "events": ["push", "pull_request"],
    });
    Ok((StatusCode::CREATED, Json(app)))
}

fn by_app(kept: &Kept, headers: &HeaderMap) -> Result<(), super::Answer> {
    match kept.key.is_good(&token(headers)) {
        true => Ok(()),
        false => Err(refused(StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded")),
    }
}

fn shown() -> Value {
    json!({ "id": INSTALLATION, "account": { "login": "team" }, "app_id": APP, "repository_selection": "selected" })
}

async fn installations(State(kept): State<Kept>, headers: HeaderMap) -> Answered {
    by_app(&kept, &headers)?;
    ok(if kept.known().installed { json!([shown()]) } else { json!([]) })
}

async fn installation(State(kept): State<Kept>, Path(id): Path<u64>, headers: HeaderMap) -> Answered {
    by_app(&kept, &headers)?;
    match kept.known().installed && id == INSTALLATION {
        true => ok(shown()),
        false => Err(refused(StatusCode::NOT_FOUND, "Not Found")),
    }
}

async fn grant(State(kept): State<Kept>, Path(id): Path<u64>, headers: HeaderMap) -> Answered {
    by_app(&kept, &headers)?;
    let mut known = kept.known();
    if !known.installed || id != INSTALLATION {
        return Err(refused(StatusCode::NOT_FOUND, "Not Found"));
    }
    let token = format!("ghs_canary{}", known.granted.len());
    known.granted.push(token.clone());
    // As at GitHub, an older one is good for git too until it ends.
    kept.gate.admit("x-access-token", &token);
    let ends = chrono::Utc::now() + chrono::TimeDelta::seconds(known.good_for);
    let granted = json!({
        "token": token, "expires_at": ends.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "permissions": { "metadata": "read", "contents": "read" }, "repository_selection": "selected",
    });
    Ok((StatusCode::CREATED, Json(granted)))
}
