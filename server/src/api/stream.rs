//! Server-sent events: what they look like on the wire, and what ends them.

use super::extract::Watch;
use crate::http::App;
use axum::{
    http::HeaderMap,
    response::sse::{Event, KeepAlive, KeepAliveStream, Sse},
};
use berth_domain::{event::EventView, log::LogLine};
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use std::{convert::Infallible, time::Duration};

/// A stream of events to one viewer.
pub type Feed = Sse<KeepAliveStream<BoxStream<'static, Result<Event, Infallible>>>>;

/// Batches of log lines. A viewer that comes back with the last id goes on behind it without gap or double.
pub fn lines(app: &App, watch: Watch, follow: BoxStream<'static, Vec<LogLine>>) -> Feed {
    let batches = follow.filter_map(async |lines: Vec<LogLine>| {
        let cursor = lines.last()?.cursor;
        let json = serde_json::to_string(&lines).ok()?;
        Some(Event::default().event("lines").id(cursor.to_string()).data(json))
    });
    let end = stream::once(async { Event::default().event("end").data("{}") });
    feed(app, watch, batches.chain(end))
}

/// Events as they happen.
pub fn events(app: &App, watch: Watch, follow: BoxStream<'static, EventView>) -> Feed {
    let each = follow.filter_map(async |event: EventView| {
        let json = serde_json::to_string(&event).ok()?;
        Some(Event::default().event("event").id(event.id.to_string()).data(json))
    });
    feed(app, watch, each)
}

/// Ends when its source ends, when the server stops, or when who watches may no longer.
fn feed(app: &App, watch: Watch, events: impl Stream<Item = Event> + Send + 'static) -> Feed {
    let (stop, engine) = (app.stop.clone(), app.engine.clone());
    let over = async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch.revoked(engine) => {}
        }
    };
    // The first bytes at once: a browser calls the stream open only then.
    let hello = stream::once(async { Event::default().retry(Duration::from_secs(1)).comment("berth") });
    let events = hello.chain(events).take_until(Box::pin(over)).map(Ok).boxed();
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// The id of the last event that a returning viewer saw.
pub fn last_id<T: std::str::FromStr>(headers: &HeaderMap) -> Option<T> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
