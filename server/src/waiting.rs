//! The waiting room over HTTP: a listener that only the proxy reaches, for requests that no instance is to get now.
//!
//! The panel's own host comes in here, too. What becomes of a request is the engine's decision; here it is told in words, or sent on to an instance after its waiting.

mod door;
mod onward;
mod page;
mod panel;
mod quiet;

use crate::serve::{FAREWELL, farewell};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use berth_engine::{
    Engine,
    proxy::CHALLENGES,
    waiting::{Attended, Closed, Visit},
};
use chrono::Utc;
use door::Door;
use onward::{Onward, OnwardError, once_more};
use page::{Form, Page};
use panel::Panel;
use quiet::Quiet;
use std::{io, net::SocketAddr, sync::Arc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What the handler works with; cheap to clone.
#[derive(Clone)]
struct Room {
    engine: Engine,
    onward: Onward,
    quiet: Arc<Quiet>,
    panel: Panel,
    stop: CancellationToken,
}

/// Answers whom the proxy sends, until the token is cancelled; then who waits is told so, and what is open may finish.
pub async fn answer(engine: Engine, panel: Router, stop: CancellationToken) -> io::Result<()> {
    let door = Door::new(engine.clone()).tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone before it was answered");
        }
    });
    let panel = Panel::new(panel, &engine.config().edge_proxies);
    let room = Room { engine, onward: Onward::new(), quiet: Arc::default(), panel, stop: stop.clone() };
    let router = Router::new().fallback(receive).with_state(room);
    let server = axum::serve(door, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        outcome = server => outcome,
        () = farewell(&stop) => {
            tracing::warn!("some requests that had waited were still open after {} s", FAREWELL.as_secs());
            Ok(())
        }
    }
}

async fn receive(State(room): State<Room>, request: Request) -> Response {
    let headers = request.headers();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // Whoever else found the way here learns nothing.
    let Some(to) = room.engine.visit_of(header) else { return StatusCode::NOT_FOUND.into_response() };
    if let Some(token) = request.uri().path().strip_prefix(CHALLENGES) {
        return shown(&room.engine, token);
    }
    if room.engine.is_for_panel(header) {
        return room.panel.answer(request).await;
    }
    if Engine::is_confirmation(header) {
        return StatusCode::NO_CONTENT.into_response();
    }
    if to.is_none() && header("x-forwarded-proto") == Some("https") {
        let host = header("host").unwrap_or_default();
        if room.engine.lacks_certificate(host.split(':').next().unwrap_or_default()) {
            return room.tell(&Closed::NoCertificate, Form::of(headers), headers);
        }
    }
    let may_wait = !headers.contains_key(header::UPGRADE);
    let visit = Visit { to, size: size_of(&request), may_wait };
    let attended = tokio::select! {
        attended = room.engine.attend(visit) => attended,
        () = room.stop.cancelled() => return room.closes(headers),
    };
    let form = Form::of(headers);
    match (attended, to) {
        (Attended::Closed(closed), Some(to)) if form == Form::Html => {
            let host = header(header::HOST.as_str()).unwrap_or_default();
            let own = room.engine.own_page(to, host).await;
            room.page(&closed, form, headers).with_own(own).into_response()
        }
        (Attended::Closed(closed), _) => room.tell(&closed, form, headers),
        // Two open ends cannot be sent on: the client asks again in a moment.
        (Attended::Instance(_), _) if !may_wait => room.tell(&Closed::Busy, form, headers),
        (Attended::Instance(address), _) => room.send_on(request, address, visit).await,
    }
}

/// What an authority reads before it believes that a name is ours.
fn shown(engine: &Engine, token: &str) -> Response {
    match engine.shown(token) {
        Some(text) => ([(header::CONTENT_TYPE, "application/octet-stream")], text).into_response(),
        // The proxy asks again: Berth has just started, and the proof may be about to be shown again.
        None if engine.resumes_orders() => StatusCode::BAD_GATEWAY.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The bytes of a request's head, about.
fn size_of(request: &Request) -> usize {
    let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    path + request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

/// What a page needs of a request that has been sent on.
fn host_of(request: &Request) -> HeaderMap {
    let host = request.headers().get(header::HOST).cloned();
    host.map(|host| (header::HOST, host)).into_iter().collect()
}

impl Room {
    /// Sends a request on; once more where it goes by now, when the instance had ended before anything reached it.
    async fn send_on(&self, request: Request, address: SocketAddr, visit: Visit) -> Response {
        let (form, headers) = (Form::of(request.headers()), host_of(&request));
        let again = once_more(&request);
        let mut sent = self.onward.send(request, address).await;
        let unsent = sent.as_ref().is_err_and(OnwardError::is_unsent);
        if let Some(request) = again.filter(|_| unsent)
            && let Attended::Instance(address) = self.engine.attend(visit).await
        {
            sent = self.onward.send(request, address).await;
        }
        if let Some(to) = visit.to {
            let served = sent.as_ref().is_ok_and(|answer| !answer.status().is_server_error());
            self.engine.visited(to, served);
        }
        sent.unwrap_or_else(|error| {
            tracing::warn!(%error, %address, "an instance did not answer a request that had waited");
            self.tell(&Closed::Down, form, &headers)
        })
    }

    /// Berth stops: the proxy asks the next one, and only who must not be asked twice reads this.
    fn closes(&self, headers: &HeaderMap) -> Response {
        let mut page = self.tell(&Closed::Busy, Form::of(headers), headers);
        *page.status_mut() = StatusCode::BAD_GATEWAY;
        page
    }

    fn tell(&self, closed: &Closed, form: Form, headers: &HeaderMap) -> Response {
        self.page(closed, form, headers).into_response()
    }

    /// The page for a visitor, under an id that is also in the log.
    fn page(&self, closed: &Closed, form: Form, headers: &HeaderMap) -> Page {
        let (id, at) = (Uuid::now_v7().to_string(), Utc::now());
        if self.quiet.may_write() {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            tracing::info!(request_id = id, told = page::word(closed), host, "a visitor was told");
        }
        Page::of(closed, form, &id, at)
    }
}
