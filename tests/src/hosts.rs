//! A host on the loopback with the interfaces of GitHub, GitLab, Gitea and Bitbucket, as their documentation has them:
//! accounts, lists in pages, webhooks, and Apps that show who they are by a signed word. Its repositories are private.

mod app;
mod lists;

pub use app::APP_SECRET;

use crate::git::{Gate, GitServer};
use anyhow::Result;
use app::Key;
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The token that its interfaces take.
pub const TOKEN: &str = "canary-host-token";

/// How many repositories there are beside `team/site`.
pub const OTHERS: usize = 120;

/// The host; serves until it is dropped.
pub struct CodeHost {
    pub git: GitServer,
    pub gate: Gate,
    kept: Kept,
}

/// What it knows.
#[derive(Default)]
struct Known {
    /// The webhooks, as they were set.
    hooks: Vec<Value>,
    /// Whether a token may set them.
    hooks_refused: bool,
    /// The commit statuses, with the token that told them.
    statuses: Vec<(String, Value)>,
    /// Tokens of the App's installation, the newest last.
    granted: Vec<String>,
    /// For how many seconds a token of the installation is good.
    good_for: i64,
    installed: bool,
    /// Codes that were changed into an App.
    spent: Vec<String>,
    /// Where it is.
    origin: String,
    /// The comments on pull requests at Bitbucket, as they were sent.
    comments: Vec<Value>,
}

#[derive(Clone)]
struct Kept {
    known: Arc<Mutex<Known>>,
    key: Arc<Key>,
    gate: Gate,
}

impl Kept {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CodeHost {
    /// A host that lets in who has its token, or one of the App's.
    pub async fn start() -> Result<Self> {
        let gate = Gate::default();
        for user in ["x-access-token", "oauth2", "git", "x-token-auth"] {
            gate.admit(user, TOKEN);
        }
        let known = Known { good_for: 3_600, ..Known::default() };
        let kept =
            Kept { known: Arc::new(Mutex::new(known)), key: Arc::new(Key::make()?), gate: gate.clone() };
        let api = Router::new().merge(lists::routes()).merge(app::routes()).with_state(kept.clone());
        let git = GitServer::gated(gate.clone(), api).await?;
        let url = git.url("");
        url.trim_end_matches('/').clone_into(&mut kept.known().origin);
        Ok(Self { git, gate, kept })
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.kept.known().origin.clone()
    }

    /// The setting that lets a Berth ask it.
    pub fn allowed(&self) -> (String, String) {
        ("BERTH_PRIVATE_HOSTS".to_owned(), "127.0.0.1".to_owned())
    }

    /// The webhooks that were set.
    pub fn hooks(&self) -> Vec<Value> {
        self.kept.known().hooks.clone()
    }

    /// Has its token set webhooks no more.
    pub fn refuse_hooks(&self) {
        self.kept.known().hooks_refused = true;
    }

    /// The commit statuses with the tokens that told them.
    pub fn statuses(&self) -> Vec<(String, Value)> {
        self.kept.known().statuses.clone()
    }

    /// The comments on Bitbucket's pull requests.
    pub fn comments(&self) -> Vec<Value> {
        self.kept.known().comments.clone()
    }

    /// The tokens that the App's installation was given.
    pub fn granted(&self) -> Vec<String> {
        self.kept.known().granted.clone()
    }

    /// Has the next token of the installation end after so many seconds.
    pub fn grant_for(&self, seconds: i64) {
        self.kept.known().good_for = seconds;
    }

    /// A person installs the App, or takes it away.
    pub fn install(&self, installed: bool) {
        self.kept.known().installed = installed;
    }
}

type Answer = (StatusCode, Json<Value>);
type Answered = Result<Answer, Answer>;

fn ok(value: Value) -> Answered {
    Ok((StatusCode::OK, Json(value)))
}

fn refused(status: StatusCode, message: &str) -> Answer {
    (status, Json(json!({ "message": message })))
}

/// The token of a request, in whichever form the hosts take it.
fn token(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = text("private-token").or(text("authorization")).unwrap_or_default();
    given.trim_start_matches("Bearer ").trim_start_matches("token ").to_owned()
}

fn allowed(kept: &Kept, headers: &HeaderMap) -> Result<String, Answer> {
    let token = token(headers);
    let granted = kept.known().granted.last() == Some(&token);
    if token == TOKEN || granted {
        Ok(token)
    } else {
        Err(refused(StatusCode::UNAUTHORIZED, "Bad credentials"))
    }
}
