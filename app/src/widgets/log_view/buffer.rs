//! The lines that the viewer holds: a window over a log of any length, and where each line stands on the screen.
//!
//! Positions are counted in screen rows from a base that moves as lines are dropped or put in front. Without
//! wrapping each line takes one row; with it, as many as its text fills.

use berth_domain::{ansi, log::LogLine};
use std::{collections::VecDeque, ops::Range, sync::Arc};

/// The most lines held at a time; beyond it the far end is dropped and read again when wanted.
pub const LIMIT: usize = 50_000;

/// A window over a log.
#[derive(Debug, Default)]
pub struct Buffer {
    lines: VecDeque<Arc<LogLine>>,
    /// The first screen row of each line, counted from a fixed zero.
    tops: VecDeque<i64>,
    base: i64,
    end: i64,
    /// The width of the screen in characters, when lines wrap.
    columns: Option<usize>,
}

impl Buffer {
    /// A window with these lines.
    pub fn new(lines: impl IntoIterator<Item = LogLine>) -> Self {
        let mut buffer = Self::default();
        buffer.append(lines);
        buffer
    }

    /// The number of lines held.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The height of all lines, in screen rows.
    pub fn rows(&self) -> usize {
        usize::try_from(self.end - self.base).unwrap_or_default()
    }

    /// The cursor of the oldest line held.
    pub fn first(&self) -> Option<u64> {
        self.lines.front().map(|line| line.cursor)
    }

    /// The cursor of the newest line held.
    pub fn last(&self) -> Option<u64> {
        self.lines.back().map(|line| line.cursor)
    }

    /// The lines in a range.
    pub fn lines(&self, range: Range<usize>) -> Vec<Arc<LogLine>> {
        let end = range.end.min(self.lines.len());
        self.lines.range(range.start.min(end)..end).cloned().collect()
    }

    /// The place of the line with this cursor, or of the first one behind it.
    pub fn position(&self, cursor: u64) -> usize {
        self.lines.partition_point(|line| line.cursor < cursor)
    }

    /// The line that stands at a screen row.
    pub fn line_at(&self, row: usize) -> usize {
        let row = self.base + i64::try_from(row).unwrap_or(i64::MAX - self.base.max(0));
        self.tops.partition_point(|top| *top <= row).saturating_sub(1)
    }

    /// The first screen row of a line.
    pub fn top(&self, line: usize) -> usize {
        let top = self.tops.get(line).copied().unwrap_or(self.end);
        usize::try_from(top - self.base).unwrap_or_default()
    }

    /// Puts newer lines behind; what is already here is left out. Returns how many lines came.
    pub fn append(&mut self, lines: impl IntoIterator<Item = LogLine>) -> usize {
        let before = self.lines.len();
        let mut last = self.last();
        for line in lines {
            if last.is_some_and(|last| line.cursor <= last) {
                continue;
            }
            last = Some(line.cursor);
            self.tops.push_back(self.end);
            self.end += height(&line, self.columns);
            self.lines.push_back(Arc::new(line));
        }
        self.lines.len() - before
    }

    /// Puts older lines in front. Returns by how many screen rows everything moved down.
    pub fn prepend(&mut self, lines: Vec<LogLine>) -> usize {
        let before = self.base;
        let first = self.first().unwrap_or(u64::MAX);
        for line in lines.into_iter().rev().filter(|line| line.cursor < first) {
            self.base -= height(&line, self.columns);
            self.tops.push_front(self.base);
            self.lines.push_front(Arc::new(line));
        }
        usize::try_from(before - self.base).unwrap_or_default()
    }

    /// Drops the oldest lines beyond the limit. Returns by how many screen rows everything moved up.
    pub fn trim_front(&mut self) -> usize {
        let before = self.base;
        let extra = self.lines.len().saturating_sub(LIMIT);
        self.lines.drain(..extra);
        self.tops.drain(..extra);
        self.base = self.tops.front().copied().unwrap_or(self.end);
        usize::try_from(self.base - before).unwrap_or_default()
    }

    /// Drops the newest lines beyond the limit. Returns whether there were any.
    pub fn trim_back(&mut self) -> bool {
        if self.lines.len() <= LIMIT {
            return false;
        }
        self.end = self.tops[LIMIT];
        self.lines.truncate(LIMIT);
        self.tops.truncate(LIMIT);
        true
    }

    /// Counts all positions again for another width; `None` does not wrap.
    pub fn reflow(&mut self, columns: Option<usize>) {
        if self.columns == columns {
            return;
        }
        self.columns = columns;
        (self.base, self.end) = (0, 0);
        self.tops.clear();
        for line in &self.lines {
            self.tops.push_back(self.end);
            self.end += height(line, columns);
        }
    }
}

/// How many screen rows a line takes.
fn height(line: &LogLine, columns: Option<usize>) -> i64 {
    let Some(columns) = columns else { return 1 };
    let width: usize = match line.text.is_ascii() && !line.text.contains(['\u{1b}', '\r', '\t']) {
        true => line.text.len(),
        false => ansi::strip(&line.text).chars().map(cells).sum(),
    };
    i64::try_from(width.div_ceil(columns.max(1)).max(1)).unwrap_or(1)
}

/// The cells that a character takes in a fixed-width font, nearly.
fn cells(character: char) -> usize {
    match character {
        '\t' => 8,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::{Timestamp, log::LogStream};

    fn line(cursor: u64, text: &str) -> LogLine {
        LogLine {
            cursor,
            at: Timestamp::UNIX_EPOCH,
            stream: LogStream::Out,
            origin: "web-1".into(),
            text: text.into(),
        }
    }

    fn lines(cursors: Range<u64>) -> Vec<LogLine> {
        cursors.map(|cursor| line(cursor, "x")).collect()
    }

    #[test]
    fn r_log_4_a_line_that_comes_twice_is_held_once() {
        let mut buffer = Buffer::new(lines(10..20));
        assert_eq!(buffer.append(lines(15..25)), 5);
        assert_eq!(buffer.prepend(lines(5..12)), 5);
        let cursors: Vec<_> = buffer.lines(0..100).iter().map(|line| line.cursor).collect();
        assert_eq!(cursors, (5..25).collect::<Vec<_>>());
    }

    #[test]
    fn r_log_3_a_million_lines_pass_through_a_bounded_window() {
        let mut buffer = Buffer::default();
        for batch in 0..1_000 {
            buffer.append(lines(batch * 1_000..(batch + 1) * 1_000));
            buffer.trim_front();
            assert!(buffer.len() <= LIMIT);
        }
        assert_eq!((buffer.first(), buffer.last()), (Some(950_000), Some(999_999)));
        assert_eq!(buffer.rows(), LIMIT);
        assert_eq!(buffer.line_at(17), 17);
        buffer.prepend(lines(940_000..950_000));
        assert!(buffer.trim_back());
        assert_eq!((buffer.first(), buffer.last()), (Some(940_000), Some(989_999)));
        assert_eq!(buffer.top(buffer.position(940_005)), 5);
    }

    #[test]
    fn a_wrapped_line_takes_the_rows_that_it_fills() {
        let mut buffer = Buffer::new([line(1, "a"), line(2, &"b".repeat(25)), line(3, "c")]);
        buffer.reflow(Some(10));
        assert_eq!(buffer.rows(), 5);
        assert_eq!([0, 1, 2].map(|at| buffer.top(at)), [0, 1, 4]);
        assert_eq!([0, 1, 3, 4, 9].map(|row| buffer.line_at(row)), [0, 1, 1, 2, 2]);
        buffer.reflow(None);
        assert_eq!(buffer.rows(), 3);
    }
}
