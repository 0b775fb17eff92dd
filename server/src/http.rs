//! What the server answers over HTTP, and what every request passes on its way.

mod assets;
mod authenticate;
mod csrf;
pub(crate) mod git;
mod headers;
mod health;
mod hooks;
mod metrics;
mod observe;
mod peers;
mod refusal;

pub use assets::Assets;
pub use authenticate::{Credential, Secured};
pub use metrics::Metrics;
pub use observe::RequestId;
pub use peers::{Network, behind};
pub use refusal::Refusal;

use crate::api;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use berth_domain::problem::{Problem, ProblemKind};
use berth_engine::Engine;
use std::{any::Any, sync::Arc};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{NotForContentType, SizeAbove},
    },
    limit::RequestBodyLimitLayer,
};

/// The largest body of a request that is not a webhook's, in bytes.
const BODY_LIMIT: usize = 2 << 20;

/// What the handlers share; cheap to clone.
#[derive(Clone)]
pub struct App {
    pub engine: Engine,
    pub metrics: Arc<Metrics>,
    pub assets: Arc<Assets>,
    /// Proxies whose word about the client's address counts.
    pub trusted: Arc<[Network]>,
    /// Cancelled when the server stops: streams end then.
    pub stop: CancellationToken,
}

/// Everything that the server answers.
pub fn router(app: App) -> Router {
    let open = Router::new()
        .route("/health", get(health::health))
        .route("/hooks/{service_id}", post(hooks::receive))
        .route("/hooks/apps/{connection_id}", post(hooks::receive_for_app))
        .route("/pkg/{*path}", get(assets::asset))
        .merge(git::routes())
        .with_state(app.clone());
    let known = Router::new()
        .route("/metrics", get(metrics::metrics))
        .merge(api::router())
        .with_state(app.clone())
        .merge(panel(&app))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), authenticate::authenticate))
        .layer(from_fn_with_state(app.clone(), csrf::refuse_cross_site));
    let around = ServiceBuilder::new()
        .layer(from_fn_with_state(app, observe::observe))
        .layer(from_fn(headers::secure))
        .layer(compression())
        .layer(CatchPanicLayer::custom(after_panic));
    open.merge(known).layer(around)
}

/// The panel: its pages, its server functions, and its not-found page for all else.
fn panel(app: &App) -> Router {
    berth_app::ssr::routes(app.engine.clone()).layer(RequestBodyLimitLayer::new(BODY_LIMIT))
}

/// Text from 1 KiB on is worth the time; what streams is not held back.
fn compression() -> CompressionLayer<impl Predicate> {
    let worth = SizeAbove::new(1_024)
        .and(NotForContentType::GRPC)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("application/wasm"))
        .and(NotForContentType::const_new("application/x-git-"))
        .and(NotForContentType::const_new("text/plain"));
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth)
}

fn after_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    tracing::error!(panic = words, "a handler panicked");
    let problem = Problem::new(ProblemKind::Internal, "Berth made a mistake while it answered this.")
        .with_hint("The log of Berth has the details under this request's id.");
    (StatusCode::INTERNAL_SERVER_ERROR, Refusal::from(problem)).into_response()
}
