//! A git host with Gitea's interface on the loopback: repositories, the state of pull requests, and their comments.

use crate::git::GitServer;
use anyhow::Result;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, patch, post},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The token that its interface asks for.
pub const TOKEN: &str = "canary-forge-token";

/// The host; serves until it is dropped.
pub struct Forge {
    pub git: GitServer,
    kept: Kept,
}

/// What it knows.
#[derive(Default)]
struct Known {
    /// The state and the head of each pull request.
    requests: BTreeMap<u64, (String, String)>,
    /// By id: the pull request and the text.
    comments: BTreeMap<u64, (u64, String)>,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Known>>);

impl Kept {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Forge {
    /// A host whose repositories everybody may read, and whose interface takes [`TOKEN`].
    pub async fn start() -> Result<Self> {
        let kept = Kept::default();
        let api = Router::new()
            .route("/api/v1/repos/{owner}/{name}/pulls/{number}", get(pull_request))
            .route("/api/v1/repos/{owner}/{name}/issues/{number}/comments", post(comment))
            .route("/api/v1/repos/{owner}/{name}/issues/comments/{id}", patch(edit_comment))
            .route("/api/v1/repos/{owner}/{name}/statuses/{commit}", post(status))
            .with_state(kept.clone());
        Ok(Self { git: GitServer::with_api(api).await?, kept })
    }

    /// Says how a pull request stands.
    pub fn pull_request(&self, number: u64, state: &str, head: &str) {
        self.kept.known().requests.insert(number, (state.to_owned(), head.to_owned()));
    }

    /// The comments on a pull request, the oldest first.
    pub fn comments(&self, number: u64) -> Vec<String> {
        let known = self.kept.known();
        let its = known.comments.values().filter(|(of, _)| *of == number);
        its.map(|(_, text)| text.clone()).collect()
    }
}

type Answer = (StatusCode, Json<Value>);

fn allowed(headers: &HeaderMap) -> Result<(), Answer> {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    match given == Some(format!("token {TOKEN}").as_str()) {
        true => Ok(()),
        false => Err((StatusCode::UNAUTHORIZED, Json(json!({ "message": "token required" })))),
    }
}

fn none() -> Answer {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "not found" })))
}

async fn pull_request(
    State(kept): State<Kept>,
    Path((_, _, number)): Path<(String, String, u64)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Answer> {
    allowed(&headers)?;
    let known = kept.known();
    let (state, head) = known.requests.get(&number).ok_or_else(none)?;
    Ok(Json(json!({ "number": number, "state": state, "head": { "sha": head } })))
}

async fn comment(
    State(kept): State<Kept>,
    Path((_, _, number)): Path<(String, String, u64)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Answer, Answer> {
    allowed(&headers)?;
    let mut known = kept.known();
    let id = known.comments.len() as u64 + 1;
    known.comments.insert(id, (number, body["body"].as_str().unwrap_or_default().to_owned()));
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

async fn edit_comment(
    State(kept): State<Kept>,
    Path((_, _, id)): Path<(String, String, u64)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Answer> {
    allowed(&headers)?;
    let mut known = kept.known();
    let (_, text) = known.comments.get_mut(&id).ok_or_else(none)?;
    body["body"].as_str().unwrap_or_default().clone_into(text);
    Ok(Json(json!({ "id": id })))
}

async fn status(headers: HeaderMap) -> Result<Answer, Answer> {
    allowed(&headers)?;
    Ok((StatusCode::CREATED, Json(json!({}))))
}
