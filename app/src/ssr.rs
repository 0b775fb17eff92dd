//! The panel on the server: pages as whole documents, server functions, redirects.
//!
//! A document is rendered completely before its first byte leaves, so that status, redirects and cookies are right, and
//! what the browser needs beside it is one block of JSON: nothing in a page is an inline script.

mod cookies;
mod document;
mod forms;

pub use forms::server_functions;

use crate::api::{Actor, Engine};
use crate::boot::{Boot, FormProblem, Once, Theme, Viewer};
use axum::{
    Router,
    extract::{Request, State},
    http::{Extensions, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use berth_domain::Timestamp;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What the panel's handlers share.
#[derive(Clone)]
pub(crate) struct Panel {
    pub(crate) engine: Engine,
    /// Known to be claimed: that never changes back, so it is asked no more.
    claimed: Arc<AtomicBool>,
}

/// The panel's routes: every page, `POST /panel/...`, and the not-found page for all else. The server puts
/// `Option<Actor>` and `front::Origin` into the request's extensions before.
pub fn routes(engine: Engine) -> Router {
    // Leptos needs to know its executor; a second call changes nothing.
    let _ = any_spawner::Executor::init_tokio();
    let panel = Panel { engine, claimed: Arc::default() };
    Router::new()
        .route("/", get(home))
        .route("/panel/{*function}", post(forms::answer))
        .fallback(page)
        .with_state(panel)
}

/// The paths of all pages, for tests that visit each.
pub fn page_paths() -> Vec<String> {
    leptos_axum::generate_route_list(crate::App).into_iter().map(|route| route.path().to_owned()).collect()
}

/// A path of this panel, as somewhere to go after signing in; whatever else becomes the projects.
pub fn local_path(text: &str) -> String {
    let local = text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !text.starts_with("/panel/")
        && !text.starts_with("/sign-in");
    if local { text.to_owned() } else { "/projects".to_owned() }
}

impl Panel {
    async fn is_claimed(&self) -> bool {
        if self.claimed.load(Ordering::Relaxed) {
            return true;
        }
        match self.engine.is_unclaimed().await {
            Ok(true) => false,
            Ok(false) => {
                self.claimed.store(true, Ordering::Relaxed);
                true
            }
            Err(error) => {
                tracing::error!(%error, "could not see whether Berth is claimed");
                true
            }
        }
    }
}

async fn home(State(panel): State<Panel>, request: Request) -> Response {
    let actor = actor(request.extensions());
    drop(request);
    let target = match actor {
        Some(_) => "/projects",
        None if panel.is_claimed().await => "/sign-in",
        None => "/setup",
    };
    Redirect::to(target).into_response()
}

fn actor(extensions: &Extensions) -> Option<Actor> {
    extensions.get::<Option<Actor>>().cloned().flatten()
}

/// Renders a page, or sends to where it can be seen.
async fn page(State(panel): State<Panel>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let (parts, _) = request.into_parts();
    let actor = actor(&parts.extensions);
    if let Some(target) = detour(&panel, actor.is_some(), &parts.uri).await {
        return Redirect::to(&target).into_response();
    }
    let boot = boot(&parts, actor);
    let spent = boot.problem.is_some() || boot.once.is_some();
    let mut response = document::render(parts, panel.engine, boot).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if spent {
        for cookie in [cookies::PROBLEM, cookies::ONCE] {
            headers.append(header::SET_COOKIE, cookies::ended(cookie));
        }
    }
    response
}

/// Where somebody has to go first, if anywhere.
async fn detour(panel: &Panel, signed_in: bool, uri: &Uri) -> Option<String> {
    let path = uri.path();
    match (path, signed_in) {
        ("/sign-in" | "/setup", true) => {
            let query = uri.query().unwrap_or_default();
            Some(local_path(&cookies::query_value(query, "next").unwrap_or_default()))
        }
        ("/sign-in", false) if !panel.is_claimed().await => Some("/setup".to_owned()),
        ("/setup", false) if panel.is_claimed().await => Some("/sign-in?flash=already-claimed".to_owned()),
        ("/sign-in" | "/setup" | "/components", _) | (_, true) => None,
        _ => {
            let asked = uri.path_and_query().map_or(path, |whole| whole.as_str());
            Some(format!("/sign-in?next={}", cookies::encode(asked)))
        }
    }
}

/// What both sides render from.
fn boot(parts: &Parts, actor: Option<Actor>) -> Boot {
    let cookie = |name| cookies::read(&parts.headers, name);
    let pair = |text: &str| text.split_once('|').map(|(a, b)| (a.to_owned(), b.to_owned()));
    Boot {
        now: Timestamp::from_timestamp(
            std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() as i64),
            0,
        )
        .unwrap_or_default(),
        viewer: actor.map(|actor| Viewer { email: actor.name, role: actor.role }),
        theme: cookie(cookies::THEME).map_or(Theme::System, Theme::from_word),
        problem: cookie(cookies::PROBLEM).and_then(pair).map(|(path, error)| FormProblem { path, error }),
        still: crate::boot::is_still(parts.uri.path()),
        once: cookie(cookies::ONCE).and_then(pair).map(|(kind, value)| Once { kind, value }),
    }
}
