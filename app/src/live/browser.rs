//! The browser's end of the feed.

use super::{Connection, Live, Topic, topics};
use berth_domain::{Timestamp, event::EventView};
use leptos::prelude::*;
use std::{cell::RefCell, collections::HashSet, rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

/// Events within this time are answered with one load.
const GATHER: Duration = Duration::from_millis(150);
/// How long a closed stream rests before it is opened again.
const RETRY: Duration = Duration::from_secs(3);
/// How often relative times move on.
const TICK: Duration = Duration::from_secs(1);

type Pending = Rc<RefCell<HashSet<Topic>>>;

/// Starts the clock and, for somebody who is signed in, the feed.
pub fn connect(live: &Live, signed_in: bool) {
    let clock = live.clock;
    let tick = move || clock.set(now());
    tick();
    let _ = set_interval_with_handle(tick, TICK);
    if signed_in {
        open(live.clone());
    }
}

fn now() -> Timestamp {
    Timestamp::from_timestamp_millis(js_sys_now() as i64).unwrap_or_default()
}

fn js_sys_now() -> f64 {
    leptos::web_sys::js_sys::Date::now()
}

/// Opens the stream. The browser reconnects and resumes by itself; only a stream that it gave up is opened anew.
fn open(live: Live) {
    let Ok(source) = EventSource::new("/api/v1/events/stream") else { return };
    let pending: Pending = Rc::default();
    let message = {
        let live = live.clone();
        Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            let Some(event) =
                message.data().as_string().and_then(|text| serde_json::from_str::<EventView>(&text).ok())
            else {
                return;
            };
            gather(&live, &pending, topics(&event));
        })
    };
    source.set_onmessage(Some(message.as_ref().unchecked_ref()));
    let _ = source.add_event_listener_with_callback("event", message.as_ref().unchecked_ref());
    let opened = {
        let live = live.clone();
        Closure::<dyn FnMut()>::new(move || {
            live.connection.set(Connection::Open);
            // Whatever happened between the rendering and this moment.
            live.touch_all();
        })
    };
    source.set_onopen(Some(opened.as_ref().unchecked_ref()));
    let failed = {
        let source = source.clone();
        Closure::<dyn FnMut()>::new(move || {
            live.connection.set(Connection::Lost);
            if source.ready_state() == EventSource::CLOSED {
                // It was refused, perhaps because the session has ended: the loads will tell.
                live.touch_all();
                let live = live.clone();
                set_timeout(move || open(live), RETRY);
            }
        })
    };
    source.set_onerror(Some(failed.as_ref().unchecked_ref()));
    // They live as long as the page does.
    message.forget();
    opened.forget();
    failed.forget();
}

fn gather(live: &Live, pending: &Pending, topics: HashSet<Topic>) {
    let first = pending.borrow().is_empty();
    pending.borrow_mut().extend(topics);
    if first {
        let (live, pending) = (live.clone(), pending.clone());
        set_timeout(
            move || {
                let topics = pending.take();
                live.touch(&topics);
            },
            GATHER,
        );
    }
}
