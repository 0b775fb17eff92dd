//! Reading what is beyond the window: older lines, newer lines, and the newest again.

use super::{Feed, Viewer};
use crate::widgets::log_view::buffer::Buffer;
use berth_domain::log::{LogPage, LogQuery};
use leptos::prelude::*;

/// Lines that are read at a time.
const PAGE: u16 = 1_000;

/// What the fetch under way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Older,
    Newer,
    Newest,
}

impl Viewer {
    /// Reads a part, unless one is being read.
    pub(super) fn ask(self, asked: Asked) {
        if self.asked.get_value().is_some() {
            return;
        }
        self.asked.set_value(Some(asked));
        let filter = self.source.with_value(|source| source.filter.clone());
        let query = LogQuery { limit: Some(PAGE), after: None, before: None, ..filter };
        let query = match asked {
            Asked::Older => LogQuery { before: self.older.get_value(), ..query },
            Asked::Newer => LogQuery { after: Some(self.cursor.get_value()), ..query },
            Asked::Newest => query,
        };
        self.source.with_value(|source| source.fetch.dispatch(query));
    }

    /// Takes the answer of a fetch.
    pub(super) fn answered(self) {
        let value = self.source.with_value(|source| source.fetch.value());
        let Some(answer) = value.get() else { return };
        let Some(asked) = self.asked.get_value() else { return };
        self.asked.set_value(None);
        match (answer, asked) {
            (Err(_), _) => self.feed.set(Feed::Lost),
            (Ok(page), Asked::Older) => self.put_in_front(page),
            (Ok(page), Asked::Newer) => self.put_behind(page),
            (Ok(page), Asked::Newest) => self.start_anew(page),
        }
    }

    fn put_in_front(self, page: LogPage) {
        self.older.set_value(page.before);
        let (moved, cut) = self
            .buffer
            .try_update_value(|buffer| (buffer.prepend(page.lines), buffer.trim_back()))
            .unwrap_or_default();
        if cut {
            self.remember_newest();
            self.feed.set(Feed::Behind);
        }
        self.settle();
        self.shift(i64::try_from(moved).unwrap_or_default());
        self.render();
    }

    fn put_behind(self, page: LogPage) {
        let complete = page.lines.len() < usize::from(PAGE);
        self.cursor.set_value(page.after);
        let dropped = self
            .buffer
            .try_update_value(|buffer| {
                buffer.append(page.lines);
                buffer.trim_front()
            })
            .unwrap_or_default();
        if dropped > 0 {
            self.older.set_value(self.buffer.with_value(Buffer::first));
        }
        self.settle();
        self.shift(-i64::try_from(dropped).unwrap_or_default());
        if complete {
            self.feed.set(Feed::Still);
        }
        self.render();
    }

    fn start_anew(self, page: LogPage) {
        self.older.set_value(page.before);
        self.cursor.set_value(page.after);
        self.buffer.set_value(Buffer::new(page.lines));
        self.measure();
        self.feed.set(Feed::Still);
        self.follow.set(true);
        self.settle();
    }

    /// Notes the newest line held, so that reading goes on behind it.
    pub(super) fn remember_newest(self) {
        if let Some(last) = self.buffer.with_value(Buffer::last) {
            self.cursor.set_value(last);
        }
    }
}
