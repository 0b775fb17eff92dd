//! Logs of services and deployments.

use super::{
    extract::{Ask, At, By, Watch},
    places::{InDeployment, InService},
    stream::{self, Feed},
};
use crate::http::{App, Refusal};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use berth_domain::{
    log::{LogLine, LogPage, LogQuery},
    service::ServicePath,
};
use berth_engine::acting::Acting;
use futures::{TryStreamExt, stream::try_unfold};
use std::fmt::Write;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_log))
        .routes(routes!(stream_log))
        .routes(routes!(download_log))
        .routes(routes!(show_deployment_log))
        .routes(routes!(stream_deployment_log))
}

/// Read a service's log
///
/// The newest lines, or those before or after a cursor; filtered by text, time, stream and instance.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/logs",
    tag = "Logs", params(InService, LogQuery),
    responses((status = 200, description = "A part of the log, oldest line first", body = LogPage)))]
async fn show_log(
    By(acting): By,
    At(place): At<InService>,
    Ask(query): Ask<LogQuery>,
) -> Result<Json<LogPage>, Refusal> {
    Ok(Json(acting.logs(&place.service(), query).await?))
}

/// Follow a service's log
///
/// Server-sent events `lines`, each with a JSON array of lines and the last one's cursor as its id. Goes on behind
/// `Last-Event-ID` or `after`; with neither, from the present end.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/logs/stream",
    tag = "Logs", params(InService, LogQuery),
    responses((status = 200, description = "Lines as they come", body = Vec<LogLine>,
        content_type = "text/event-stream")))]
async fn stream_log(
    State(app): State<App>,
    By(acting): By,
    At(place): At<InService>,
    Ask(query): Ask<LogQuery>,
    headers: HeaderMap,
    watch: Watch,
) -> Result<Feed, Refusal> {
    let query = LogQuery { after: stream::last_id(&headers).or(query.after), ..query };
    Ok(stream::lines(&app, watch, acting.follow_logs(&place.service(), query).await?))
}

/// Download a service's log as text
///
/// Everything that is kept and matches, oldest line first: time, stream, instance, text.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/logs/download",
    tag = "Logs", params(InService, LogQuery),
    responses((status = 200, description = "The log", body = String, content_type = "text/plain")))]
async fn download_log(
    By(acting): By,
    At(place): At<InService>,
    Ask(query): Ask<LogQuery>,
) -> Result<Response, Refusal> {
    let path = place.service();
    let name = format!("{}-{}-{}.log", path.project, path.environment, path.service);
    let newest = acting.logs(&path, LogQuery { limit: Some(1), ..LogQuery::default() }).await?;
    let text = whole_log(acting, path, query, newest.after).map_err(|refusal| refusal.problem());
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(text)).into_response())
}

/// The log in pieces of text, up to where it ended when the download began.
fn whole_log(
    acting: Acting,
    path: ServicePath,
    query: LogQuery,
    end: u64,
) -> impl futures::Stream<Item = Result<String, Refusal>> {
    try_unfold(query.after.unwrap_or(0), move |cursor| {
        let query = LogQuery { after: Some(cursor), before: None, limit: Some(5_000), ..query.clone() };
        let (acting, path) = (acting.clone(), path.clone());
        async move {
            if cursor >= end {
                return Ok(None);
            }
            let page = acting.logs(&path, query).await?;
            if page.lines.is_empty() && page.after <= cursor {
                return Ok(None);
            }
            Ok(Some((as_text(&page.lines), page.after)))
        }
    })
}

fn as_text(lines: &[LogLine]) -> String {
    let mut text = String::new();
    for line in lines {
        let at = line.at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{at} {} {} {}", line.stream, line.origin, line.text);
    }
    text
}

/// Read a deployment's log
#[utoipa::path(get,
    path = "/projects/{project}/environments/{environment}/services/{service}/deployments/{number}/log",
    tag = "Logs", params(InDeployment, LogQuery),
    responses((status = 200, description = "A part of the log, oldest line first", body = LogPage)))]
async fn show_deployment_log(
    By(acting): By,
    At(place): At<InDeployment>,
    Ask(query): Ask<LogQuery>,
) -> Result<Json<LogPage>, Refusal> {
    Ok(Json(acting.deployment_log(&place.service(), place.number, query).await?))
}

/// Follow a deployment's log
///
/// From its beginning unless `Last-Event-ID` or `after` says otherwise; ends with an event `end` when the deployment
/// has ended.
#[utoipa::path(get,
    path = "/projects/{project}/environments/{environment}/services/{service}/deployments/{number}/log/stream",
    tag = "Logs", params(InDeployment, LogQuery),
    responses((status = 200, description = "Lines as they come", body = Vec<LogLine>,
        content_type = "text/event-stream")))]
async fn stream_deployment_log(
    State(app): State<App>,
    By(acting): By,
    At(place): At<InDeployment>,
    Ask(query): Ask<LogQuery>,
    headers: HeaderMap,
    watch: Watch,
) -> Result<Feed, Refusal> {
    let query = LogQuery { after: stream::last_id(&headers).or(query.after), ..query };
    let follow = acting.follow_deployment_log(&place.service(), place.number, query).await?;
    Ok(stream::lines(&app, watch, follow))
}
