//! The hosts, as their documentation describes them: a small server on the loopback says what it was asked in order, and
//! answers what the test has it answer. The client is the real one.

use super::*;
use crate::{supervisor::Jobs, vault::Secret};
use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

mod bearer;
mod signed;

const NAME: &str = "_acme-challenge.apps.example.com";
const ZONE: &str = "apps.example.com";
const PROOF: &str = "gfj9Xq-Rg85nM";
const TOKEN: &str = "canary-token";

/// A request as the host sees it.
struct Seen {
    /// `GET /zones?name=a`
    line: String,
    headers: HeaderMap,
    body: String,
}

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<(StatusCode, String)>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A host that answers what it is told to, in order, until it is dropped.
struct StandIn {
    base: String,
    script: Script,
    _answers: Jobs,
}

async fn answer(State(script): State<Script>, request: Request) -> impl IntoResponse {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 65_536).await.unwrap();
    let line = format!("{} {}", head.method, head.uri);
    let body = String::from_utf8(body.to_vec()).unwrap();
    script.seen.lock().unwrap().push(Seen { line, headers: head.headers, body });
    let unexpected = || (StatusCode::IM_A_TEAPOT, "nobody expected this request".to_owned());
    let (status, text) = script.answers.lock().unwrap().pop_front().unwrap_or_else(unexpected);
    (status, [(header::CONTENT_TYPE, "application/json")], text)
}

impl StandIn {
    async fn that_answers(answers: Vec<(u16, String)>) -> Self {
        let script = Script::default();
        let answers = answers.into_iter().map(|(status, text)| (StatusCode::from_u16(status).unwrap(), text));
        script.answers.lock().unwrap().extend(answers);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        let mut jobs = Jobs::new();
        jobs.start(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, script, _answers: jobs }
    }

    fn at(&self, of: At<'_>) -> At<'_> {
        At { who: of.who, base: &self.base }
    }

    /// Every answer was fetched, and these are the requests.
    fn lines(&self) -> Vec<String> {
        assert!(self.script.answers.lock().unwrap().is_empty(), "an answer was not fetched");
        self.script.seen.lock().unwrap().iter().map(|seen| seen.line.clone()).collect()
    }

    fn body(&self, of: usize) -> String {
        self.script.seen.lock().unwrap()[of].body.clone()
    }

    fn json(&self, of: usize) -> Value {
        serde_json::from_str(&self.body(of)).unwrap()
    }

    /// A header of a request, empty when it is absent.
    fn header(&self, of: usize, name: &str) -> String {
        let seen = self.script.seen.lock().unwrap();
        seen[of].headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// Every request carries the token.
    fn all_carry_the_token(&self) {
        let requests = self.lines().len();
        for of in 0..requests {
            assert_eq!(self.header(of, "authorization"), format!("Bearer {TOKEN}"));
        }
    }
}

fn ok(value: Value) -> (u16, String) {
    (200, value.to_string())
}
