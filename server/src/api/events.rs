//! The audit trail and the live feed.

use super::{
    extract::{Ask, By, Watch},
    stream::{self, Feed},
};
use crate::http::{App, Refusal};
use axum::{Json, extract::State, http::HeaderMap};
use berth_domain::{
    event::{EventQuery, EventView},
    page::Page,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_events)).routes(routes!(stream_events))
}

/// List events, newest first
#[utoipa::path(get, path = "/events", tag = "Events", params(EventQuery),
    responses((status = 200, description = "A part of the audit trail", body = Page<EventView>)))]
async fn list_events(By(acting): By, Ask(query): Ask<EventQuery>) -> Result<Json<Page<EventView>>, Refusal> {
    Ok(Json(acting.events(query).await?))
}

/// Where a feed begins.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FollowEvents {
    /// First what came after this event, then everything as it happens.
    #[serde(default)]
    after: Option<i64>,
}

/// Follow events
///
/// Server-sent events `event`, each with one event as JSON and its number as the id; goes on behind `Last-Event-ID`.
#[utoipa::path(get, path = "/events/stream", tag = "Events", params(FollowEvents),
    responses((status = 200, description = "Events as they happen", body = EventView,
        content_type = "text/event-stream")))]
async fn stream_events(
    State(app): State<App>,
    By(acting): By,
    Ask(query): Ask<FollowEvents>,
    headers: HeaderMap,
    watch: Watch,
) -> Result<Feed, Refusal> {
    let after = stream::last_id(&headers).or(query.after);
    Ok(stream::events(&app, watch, acting.follow_events(after).await?))
}
