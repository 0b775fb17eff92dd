//! `/hooks/{service_id}`: where git hosts and registries tell of pushes.

use super::{App, Refusal, peers::client};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::{ConnectInfo, Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use berth_domain::problem::{Problem, ProblemKind};
use berth_engine::front::{IncomingAppWebhook, IncomingWebhook};
use bytes::BytesMut;
use futures::StreamExt;
use std::{net::SocketAddr, time::Duration};
use tokio::sync::Semaphore;

/// The largest body of a webhook, in bytes: GitHub's own limit.
const BODY_LIMIT: usize = 25 << 20;

/// A larger body than the limit is read to its end, if it ends before this, so that the host hears why it was refused.
const DRAINED: usize = 2 * BODY_LIMIT;

/// A larger body than this waits for one of the [`LARGE`] places, so that strangers cannot fill the memory.
const SMALL: usize = 1 << 20;

/// How many large bodies are read at the same time.
static LARGE: Semaphore = Semaphore::const_new(2);

/// How long a body may take to arrive, with the wait for a place.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);

/// Hands the raw call to the engine and answers with its verdict.
pub async fn receive(
    State(app): State<App>,
    Path(service): Path<String>,
    RawQuery(query): RawQuery,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    call: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let service = service.parse().map_err(|_| Problem::not_found("webhook"))?;
    if !app.engine.has_webhook(service).await? {
        return Err(Problem::not_found("webhook").into());
    }
    let body = in_time(&call, body).await?;
    let headers = texts(&call);
    let query = query.unwrap_or_default();
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    let token = token.map(|(_, value)| value.into_owned());
    let address = Some(client(peer.ip(), &call, &app.trusted).to_string());
    let delivery =
        app.engine.receive_webhook(IncomingWebhook { service, headers, token, body, address }).await?;
    let status = StatusCode::from_u16(delivery.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok((status, Json(delivery)).into_response())
}

/// Hands a call for all repositories of an App to the engine.
pub async fn receive_for_app(
    State(app): State<App>,
    Path(connection): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    call: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let connection = connection.parse().map_err(|_| Problem::not_found("webhook"))?;
    if !app.engine.has_app_webhook(connection).await? {
        return Err(Problem::not_found("webhook").into());
    }
    let Some(body) = in_time(&call, body).await? else {
        let large = Problem::new(ProblemKind::Invalid, "The body has more than 25 MiB.");
        return Err(Refusal::from(large).with_status(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let address = Some(client(peer.ip(), &call, &app.trusted).to_string());
    let incoming = IncomingAppWebhook { connection, headers: texts(&call), body, address };
    let delivery = app.engine.receive_app_webhook(incoming).await?;
    let status = StatusCode::from_u16(delivery.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok((status, Json(delivery)).into_response())
}

fn texts(call: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    call.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect()
}

async fn in_time(call: &HeaderMap, body: Body) -> Result<Option<Bytes>, Refusal> {
    let read = tokio::time::timeout(ARRIVES_WITHIN, read(call, body)).await;
    read.unwrap_or(Err("The body did not arrive in time.")).map_err(|why| {
        Refusal::from(Problem::new(ProblemKind::Invalid, why)).with_status(StatusCode::REQUEST_TIMEOUT)
    })
}

/// The body; none when it is too large.
async fn read(call: &HeaderMap, body: Body) -> Result<Option<Bytes>, &'static str> {
    let length = call.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let _place = match length {
        Some(0..=SMALL) => None,
        _ => Some(LARGE.acquire().await.map_err(|_| "Berth is stopping.")?),
    };
    let (mut kept, mut seen) = (BytesMut::new(), 0);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| "The body broke off.")?;
        seen += part.len();
        if seen > DRAINED {
            break;
        }
        if seen <= BODY_LIMIT {
            kept.extend_from_slice(&part);
        } else {
            kept = BytesMut::new();
        }
    }
    Ok((seen <= BODY_LIMIT).then(|| kept.freeze()))
}
