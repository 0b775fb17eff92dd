//! The live connection: open exactly while the window reaches to the newest line and nobody paused it.

use super::{Feed, Viewer};
use crate::widgets::log_view::{
    address,
    stream::{Said, Stream},
};
use berth_domain::log::LogQuery;
use leptos::{__reexports::send_wrapper::SendWrapper, prelude::*};
use std::time::Duration;

/// The time until a refused connection is tried again.
const AGAIN: Duration = Duration::from_secs(3);

impl Viewer {
    /// Keeps the connection as the feed's state wants it, and the layout as the window's size wants it.
    pub(super) fn live(self) {
        let open: StoredValue<Option<SendWrapper<Stream>>> = StoredValue::new(None);
        // A browser opens six connections to a server in all its tabs: one that nobody sees gives its own back.
        let unseen = RwSignal::new(document().hidden());
        let turned =
            window_event_listener_untyped("visibilitychange", move |_| unseen.set(document().hidden()));
        on_cleanup(move || turned.remove());
        let wanted = Memo::new(move |_| match self.feed.get() {
            _ if unseen.get() => None,
            // Open and Lost are states of the connection that there is.
            Feed::Still | Feed::Open | Feed::Lost => Some(self.connection.get_value()),
            Feed::Paused | Feed::Behind | Feed::Over => None,
        });
        Effect::new(move |_| match wanted.get() {
            Some(_) => open.set_value(self.connect().map(SendWrapper::new)),
            None => open.set_value(None),
        });
        let resized = window_event_listener(leptos::ev::resize, move |_| {
            self.measure();
            self.settle();
        });
        on_cleanup(move || resized.remove());
        Effect::new(move |_| {
            if let Some(cursor) = self.selected.get_untracked() {
                request_animation_frame(move || self.show_line(cursor));
            }
        });
    }

    fn connect(self) -> Option<Stream> {
        let filter = self.source.with_value(|source| source.filter.clone());
        let base = self.source.with_value(|source| source.stream.clone())?;
        let query = LogQuery { after: Some(self.cursor.get_value()), before: None, limit: None, ..filter };
        let number = self.connection.get_value();
        Stream::open(&address::with_query(&base, &query), move |said| {
            let stale = self.connection.try_get_value() != Some(number);
            if !stale {
                self.hear(said);
            }
        })
    }

    fn hear(self, said: Said) {
        match said {
            Said::Open => self.feed.set(Feed::Open),
            Said::Lines(lines) => {
                if self.feed.get_untracked() != Feed::Open {
                    self.feed.set(Feed::Open);
                }
                self.take(lines);
            }
            Said::End => self.feed.set(Feed::Over),
            Said::Broken => self.feed.set(Feed::Lost),
            Said::Refused => {
                self.feed.set(Feed::Lost);
                set_timeout(move || self.connect_again(), AGAIN);
            }
        }
    }

    /// Makes a new connection in the place of one that the server refused.
    fn connect_again(self) {
        if self.connection.is_disposed() || self.feed.get_untracked() != Feed::Lost {
            return;
        }
        self.connection.update_value(|number| *number += 1);
        self.feed.set(Feed::Still);
    }
}
