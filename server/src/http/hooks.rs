//! `/hooks/{service_id}`: where git hosts tell of pushes.

use super::{App, Refusal, peers::client};
use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use berth_domain::{
    problem::{Problem, ProblemKind},
    webhook::Verdict,
};
use berth_engine::front::IncomingWebhook;
use std::net::SocketAddr;

/// The largest body of a webhook, in bytes.
pub const BODY_LIMIT: usize = 1 << 20;

/// Hands the raw call to the engine and answers with its verdict.
pub async fn receive(
    State(app): State<App>,
    Path(service): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    call: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let service = service.parse().map_err(|_| Problem::not_found("webhook"))?;
    let body = body.map_err(|rejection| {
        let problem =
            Problem::new(ProblemKind::Invalid, "The body could not be read, or has more than 1 MiB.");
        Refusal::from(problem).with_status(rejection.status())
    })?;
    let headers = call
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let address = Some(client(peer.ip(), &call, &app.trusted).to_string());
    let delivery = app.engine.receive_webhook(IncomingWebhook { service, headers, body, address }).await?;
    let status = match delivery.verdict {
        Verdict::Queued => StatusCode::ACCEPTED,
        Verdict::Ignored => StatusCode::OK,
        Verdict::Rejected => StatusCode::UNAUTHORIZED,
    };
    Ok((status, Json(delivery)).into_response())
}
