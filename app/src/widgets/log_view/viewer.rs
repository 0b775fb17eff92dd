//! What the viewer knows and does. Everything is a handle, so the whole is `Copy` and goes into every closure.

mod measure;
mod paging;

use super::{LogSource, buffer::Buffer};
use crate::api::PanelError;
use berth_domain::log::{LogLine, LogPage, LogQuery};
use leptos::{
    ev::KeyboardEvent,
    html::{Div, Span},
    prelude::*,
};
use paging::Asked;
use std::sync::Arc;

/// Reads a part of a log.
pub type LogFetch = Action<LogQuery, Result<LogPage, PanelError>>;

/// How the live end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Not live: rendered by the server, or a search in the past.
    Still,
    Open,
    Paused,
    /// The window does not reach to the newest line.
    Behind,
    Lost,
    Over,
}

/// What is on the screen of one row, at the least, in pixels; the real one is measured.
const ROW: f64 = 20.0;

/// A log viewer.
#[derive(Clone, Copy)]
pub struct Viewer {
    /// The lines in the document.
    pub visible: RwSignal<Vec<Arc<LogLine>>>,
    pub follow: RwSignal<bool>,
    pub unseen: RwSignal<usize>,
    pub paused: RwSignal<bool>,
    pub wrap: RwSignal<bool>,
    pub announce: RwSignal<bool>,
    pub feed: RwSignal<Feed>,
    pub selected: RwSignal<Option<u64>>,
    pub scroller: NodeRef<Div>,
    pub space: NodeRef<Div>,
    pub rows: NodeRef<Div>,
    pub probe: NodeRef<Span>,
    buffer: StoredValue<Buffer>,
    source: StoredValue<LogSource>,
    /// Pass as `before` for lines older than the window; none at the beginning of the log.
    older: StoredValue<Option<u64>>,
    /// Behind this cursor the log goes on.
    cursor: StoredValue<u64>,
    asked: StoredValue<Option<Asked>>,
    /// Lines that came since the last animation frame.
    pending: StoredValue<Vec<LogLine>>,
    frame_due: StoredValue<bool>,
    row_height: StoredValue<f64>,
    /// Counts the live connections; a message of an earlier one is not taken. The server has none.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code))]
    connection: StoredValue<u64>,
}

impl Viewer {
    /// A viewer of what was read so far.
    pub fn new(page: LogPage, source: LogSource, selected: Option<u64>) -> Self {
        let live = source.stream.is_some() && source.filter.until.is_none();
        let buffer = Buffer::new(page.lines);
        let feed = if live { Feed::Still } else { Feed::Over };
        Self {
            visible: RwSignal::new(buffer.lines(0..buffer.len())),
            follow: RwSignal::new(selected.is_none()),
            unseen: RwSignal::new(0),
            paused: RwSignal::new(false),
            wrap: RwSignal::new(false),
            announce: RwSignal::new(false),
            feed: RwSignal::new(if selected.is_some() && live { Feed::Behind } else { feed }),
            selected: RwSignal::new(selected),
            scroller: NodeRef::new(),
            space: NodeRef::new(),
            rows: NodeRef::new(),
            probe: NodeRef::new(),
            buffer: StoredValue::new(buffer),
            source: StoredValue::new(source),
            older: StoredValue::new(page.before),
            cursor: StoredValue::new(page.after),
            asked: StoredValue::new(None),
            pending: StoredValue::new(Vec::new()),
            frame_due: StoredValue::new(false),
            row_height: StoredValue::new(ROW),
            connection: StoredValue::new(0),
        }
    }

    /// Connects and measures, once it is in a browser.
    pub fn come_alive(self) {
        Effect::new(move |_| {
            self.wrap.track();
            if self.scroller.get().is_some() {
                self.measure();
                self.settle();
            }
        });
        Effect::new(move |_| self.answered());
        #[cfg(feature = "hydrate")]
        self.live();
    }

    /// Whether the live end can be paused now.
    pub fn can_pause(self) -> bool {
        matches!(self.feed.get(), Feed::Open | Feed::Paused | Feed::Lost)
    }

    /// Stops taking new lines, or goes on where it stopped.
    pub fn toggle_pause(self) {
        self.paused.update(|paused| *paused = !*paused);
        self.feed.set(if self.paused.get_untracked() { Feed::Paused } else { Feed::Still });
    }

    /// Takes lines from the live end; they are shown with the next animation frame.
    pub fn take(self, lines: Vec<LogLine>) {
        self.pending.update_value(|pending| {
            pending.extend(lines);
            // A hidden tab gets no frames: keep what the window can hold.
            let extra = pending.len().saturating_sub(super::buffer::LIMIT);
            if extra > 0 {
                pending.drain(..extra);
                self.buffer.update_value(|buffer| *buffer = Buffer::default());
                self.older.set_value(pending.first().map(|line| line.cursor));
            }
        });
        if !self.frame_due.get_value() {
            self.frame_due.set_value(true);
            request_animation_frame(move || self.frame());
        }
    }

    /// Shows what came since the last frame.
    fn frame(self) {
        if self.frame_due.is_disposed() {
            return;
        }
        self.frame_due.set_value(false);
        let lines = self.pending.try_update_value(std::mem::take).unwrap_or_default();
        let follow = self.follow.get_untracked();
        let came = self.buffer.try_update_value(|buffer| {
            (
                buffer.append(lines),
                if follow { buffer.trim_front() } else { 0 },
                !follow && buffer.trim_back(),
            )
        });
        let (came, dropped, full) = came.unwrap_or_default();
        self.remember_newest();
        if dropped > 0 {
            self.older.set_value(self.buffer.with_value(Buffer::first));
        }
        if !follow {
            self.unseen.update(|unseen| *unseen += came);
        }
        if full {
            self.feed.set(Feed::Behind);
        }
        self.settle();
    }

    /// Goes to the newest line and stays there.
    pub fn jump_to_newest(self) {
        self.unseen.set(0);
        self.follow.set(true);
        match self.feed.get_untracked() {
            Feed::Behind => self.ask(Asked::Newest),
            _ => self.settle(),
        }
    }

    /// The person scrolled, or a frame did.
    pub fn scrolled(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let below = scroller.scroll_height() - scroller.scroll_top() - scroller.client_height();
        let at_end = f64::from(below) <= self.row_height.get_value();
        let behind = self.feed.get_untracked() == Feed::Behind;
        let follow = at_end && !behind;
        if self.follow.get_untracked() != follow {
            self.follow.set(follow);
        }
        if follow && self.unseen.get_untracked() > 0 {
            self.unseen.set(0);
        }
        let screens = f64::from(scroller.client_height()) * 3.0;
        if f64::from(scroller.scroll_top()) < screens && self.older.get_value().is_some() {
            self.ask(Asked::Older);
        } else if behind && f64::from(below) < screens {
            self.ask(Asked::Newer);
        }
        self.render();
    }

    /// Keys of the viewer; all else the browser does for a region that scrolls.
    pub fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        match event.key().as_str() {
            "End" => {
                event.prevent_default();
                self.jump_to_newest();
            }
            "/" => {
                if let Some(search) = document().get_element_by_id("log-search") {
                    event.prevent_default();
                    use leptos::wasm_bindgen::JsCast;
                    // A field that cannot take the focus leaves it where it is.
                    let _ = search.unchecked_into::<leptos::web_sys::HtmlElement>().focus();
                }
            }
            _ => {}
        }
    }
}

#[cfg(feature = "hydrate")]
mod connecting;
