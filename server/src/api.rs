//! The REST API below `/api/v1`: thin adapters over the engine's verbs, one file per noun.

mod access;
mod account;
mod certificates;
mod connections;
mod deployments;
mod disk;
mod docs;
mod domains;
mod environments;
mod events;
mod extract;
mod files;
mod logs;
mod openapi;
mod operations;
mod panel_domain;
mod places;
mod ports;
mod previews;
mod projects;
mod registries;
mod services;
mod session;
mod stream;
mod uploads;
mod variables;
mod volumes;
mod waiting;
mod webhooks;

pub use openapi::document;
pub use operations::{Access, Operation, operations};

use crate::http::{App, Refusal};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use berth_domain::problem::{Problem, ProblemKind};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;

/// Where the API is.
pub const PREFIX: &str = "/api/v1";

/// What a verb may take. Those that stream are not measured.
const DEADLINE: Duration = Duration::from_secs(60);

/// All routes of the API with their descriptions.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(session::routes())
        .merge(account::routes())
        .merge(projects::routes())
        .merge(previews::routes())
        .merge(environments::routes())
        .merge(services::routes())
        .merge(access::routes())
        .merge(waiting::routes())
        .merge(variables::routes())
        .merge(deployments::routes())
        .merge(uploads::routes())
        .merge(domains::routes())
        .merge(ports::routes())
        .merge(certificates::routes())
        .merge(panel_domain::routes())
        .merge(volumes::routes())
        .merge(registries::routes())
        .merge(connections::routes())
        .merge(disk::routes())
        .merge(files::routes())
        .merge(webhooks::routes())
        .merge(logs::routes())
        .merge(events::routes())
}

/// The API, its description, and the page to browse it.
pub fn router() -> Router<App> {
    let (verbs, _) = described().split_for_parts();
    let verbs = verbs
        .route("/openapi.json", get(openapi::json))
        .method_not_allowed_fallback(no_such_method)
        .fallback(no_such_route)
        .layer(from_fn(in_time));
    Router::new()
        .nest(PREFIX, verbs)
        .route("/api/docs", get(docs::page))
        .route("/api/docs.css", get(docs::style))
        .route("/api/{*path}", any(no_such_route))
}

async fn no_such_route() -> Refusal {
    Problem::not_found("route in the API").into()
}

async fn no_such_method() -> Refusal {
    let problem = Problem::new(ProblemKind::Invalid, "This route does not have this method.");
    Refusal::from(problem).with_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// Ends a verb that takes too long. The body of a stream comes after its answer began and is not counted.
async fn in_time(request: Request<Body>, next: Next) -> Response {
    if request.uri().path().ends_with(uploads::PATH) {
        // What is sent piece by piece has a deadline for each piece.
        return next.run(request).await;
    }
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let problem = Problem::new(ProblemKind::Unavailable, "This took longer than a minute.")
                .with_hint("It may still be done: look before you ask again.");
            Refusal::from(problem).with_status(StatusCode::GATEWAY_TIMEOUT).into_response()
        }
    }
}
