//! The live end of a log: lines as they come, over server-sent events.

use berth_domain::log::LogLine;
use leptos::wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

/// An open connection; closed when dropped.
pub struct Stream {
    source: EventSource,
    _lines: Closure<dyn FnMut(MessageEvent)>,
    _end: Closure<dyn FnMut(MessageEvent)>,
    _open: Closure<dyn FnMut(Event)>,
    _error: Closure<dyn FnMut(Event)>,
}

/// What a connection says.
pub enum Said {
    /// It is open.
    Open,
    /// Lines came.
    Lines(Vec<LogLine>),
    /// The log is over.
    End,
    /// It broke and the browser connects again.
    Broken,
    /// The server refused; nothing comes by itself any more.
    Refused,
}

impl Stream {
    /// Opens the stream at an address and hands on what it says. `None` when the browser has no such thing.
    pub fn open(address: &str, say: impl Fn(Said) + Clone + 'static) -> Option<Self> {
        let source = EventSource::new(address).ok()?;
        let on_lines = {
            let say = say.clone();
            Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
                let text = event.data().as_string().unwrap_or_default();
                match serde_json::from_str(&text) {
                    Ok(lines) => say(Said::Lines(lines)),
                    Err(why) => leptos::logging::warn!("lines of the log that cannot be read: {why}"),
                }
            })
        };
        let on_end = {
            let (say, source) = (say.clone(), source.clone());
            Closure::<dyn FnMut(_)>::new(move |_: MessageEvent| {
                source.close();
                say(Said::End);
            })
        };
        let on_open = {
            let say = say.clone();
            Closure::<dyn FnMut(_)>::new(move |_: Event| say(Said::Open))
        };
        let on_error = {
            let source = source.clone();
            Closure::<dyn FnMut(_)>::new(move |_: Event| {
                say(if source.ready_state() == EventSource::CLOSED { Said::Refused } else { Said::Broken });
            })
        };
        source.add_event_listener_with_callback("lines", on_lines.as_ref().unchecked_ref()).ok()?;
        source.add_event_listener_with_callback("end", on_end.as_ref().unchecked_ref()).ok()?;
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { source, _lines: on_lines, _end: on_end, _open: on_open, _error: on_error })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}
