//! Where things are on the screen. Sizes are set through the style object, which a strict content policy allows.

use super::Viewer;
use leptos::{prelude::*, web_sys::HtmlElement};

/// Screens of lines kept in the document above and below the visible one.
const SPARE: f64 = 1.0;

/// Characters before the text: see `.log-time` and `.log-origin`.
const LEAD: f64 = 19.0;

impl Viewer {
    /// Measures a row and, when lines wrap, how many characters fit into one.
    pub(super) fn measure(self) {
        let (Some(scroller), Some(probe)) = (self.scroller.get_untracked(), self.probe.get_untracked())
        else {
            return;
        };
        let (width, height) = (f64::from(probe.offset_width()), f64::from(probe.offset_height()));
        if width < 1.0 || height < 1.0 {
            return;
        }
        self.row_height.set_value(height);
        let character = width / 100.0;
        // The time (12), the origin (5) and the gaps (2) stand before the text, and a margin of 26 px around the line.
        let text = f64::from(scroller.client_width()) - 26.0 - character * LEAD;
        let columns = self.wrap.get_untracked().then(|| (text / character).max(20.0) as usize);
        self.buffer.update_value(|buffer| buffer.reflow(columns));
    }

    /// Gives the space its height, stays at the end when following, and renders.
    pub(super) fn settle(self) {
        let height = self.buffer.with_value(|buffer| buffer.rows()) as f64 * self.row_height.get_value();
        if let Some(space) = self.space.get_untracked() {
            set(&space, "height", &format!("{height}px"));
        }
        if let Some(scroller) = self.scroller.get_untracked()
            && self.follow.get_untracked()
        {
            scroller.set_scroll_top(scroller.scroll_height());
        }
        self.render();
    }

    /// Moves the view so that what was on the screen stays there after rows came or went above it.
    pub(super) fn shift(self, rows: i64) {
        if let Some(scroller) = self.scroller.get_untracked() {
            let pixels = rows as f64 * self.row_height.get_value();
            scroller.set_scroll_top(scroller.scroll_top() + pixels as i32);
        }
    }

    /// Brings a line to the middle of the screen.
    #[cfg(feature = "hydrate")]
    pub(super) fn show_line(self, cursor: u64) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let row = self.buffer.with_value(|buffer| buffer.top(buffer.position(cursor)));
        let middle = f64::from(scroller.client_height()) / 2.0;
        scroller.set_scroll_top((row as f64 * self.row_height.get_value() - middle) as i32);
        self.render();
    }

    /// Puts the lines that can be seen into the document.
    pub(super) fn render(self) {
        let (Some(scroller), Some(rows)) = (self.scroller.get_untracked(), self.rows.get_untracked()) else {
            return;
        };
        let height = self.row_height.get_value();
        let screen = f64::from(scroller.client_height());
        let top = f64::from(scroller.scroll_top());
        let first_row = ((top - screen * SPARE).max(0.0) / height) as usize;
        let last_row = ((top + screen * (1.0 + SPARE)) / height) as usize + 1;
        let (start, lines) = self.buffer.with_value(|buffer| {
            let (first, last) = (buffer.line_at(first_row), buffer.line_at(last_row) + 1);
            (buffer.top(first), buffer.lines(first..last))
        });
        set(&rows, "transform", &format!("translateY({}px)", start as f64 * height));
        let same = self.visible.with_untracked(|now| {
            now.len() == lines.len() && now.iter().zip(&lines).all(|(a, b)| a.cursor == b.cursor)
        });
        if !same {
            self.visible.set(lines);
        }
    }
}

fn set(element: &HtmlElement, property: &str, value: &str) {
    // A property that the browser refuses leaves the plain layout.
    let _ = element.style().set_property(property, value);
}
