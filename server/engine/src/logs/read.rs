//! Reading a log in both directions.

use super::{
    filter::Filter,
    journal::View,
    record,
    segment::{self, CHUNK, Segment},
};
use berth_domain::log::{LogLine, LogPage, LogQuery};
use std::{fs::File, io, path::Path};

/// A page has no more text than this, however long its lines are.
const PAGE_BYTES: usize = 4 << 20;

/// Lines, and how far the reader came for them.
pub struct Read {
    pub lines: Vec<LogLine>,
    pub position: u64,
    bytes: usize,
}

impl Read {
    fn at(position: u64) -> Self {
        Self { lines: Vec::new(), position, bytes: 0 }
    }

    fn take(&mut self, line: LogLine) {
        self.bytes += line.text.len();
        self.lines.push(line);
    }

    fn is_full(&self, limit: usize) -> bool {
        self.lines.len() >= limit || self.bytes >= PAGE_BYTES
    }
}

/// Reads one log as it was when the view was taken.
pub struct Reader<'a> {
    pub folder: &'a Path,
    pub view: &'a View,
    pub filter: &'a Filter,
}

impl Reader<'_> {
    /// The page that a query asks for.
    pub fn page(&self, query: &LogQuery) -> io::Result<LogPage> {
        let (oldest, end) = (self.view.oldest(), self.view.end);
        let upto = query.before.map_or(Ok(end), |before| self.align(before))?;
        let (lines, first, after) = match query.after {
            Some(after) => {
                let from = self.align(after)?.min(upto);
                let read = self.forward(from, upto, query.lines(), u64::MAX)?;
                (read.lines, from, read.position)
            }
            None => {
                let read = self.backward(upto, query.lines())?;
                (read.lines, read.position, upto)
            }
        };
        let before = (first > oldest).then_some(first);
        Ok(LogPage { lines, before, after, trimmed: oldest > 0 })
    }

    /// The nearest position at or behind this one where a line begins; what people send may be anything.
    pub fn align(&self, position: u64) -> io::Result<u64> {
        let position = position.clamp(self.view.oldest(), self.view.end);
        let Some(segment) = self.segment_at(position) else { return Ok(position) };
        let Some(file) = self.open(segment)? else { return Ok(position) };
        let offset = position - segment.base;
        if segment::is_boundary(&file, offset)? {
            return Ok(position);
        }
        Ok(segment.base + segment::boundary_from(&file, offset, segment.size())?)
    }

    /// Up to `limit` lines from a boundary on, oldest first; stops also once `budget` bytes were looked at.
    pub fn forward(&self, from: u64, upto: u64, limit: usize, budget: u64) -> io::Result<Read> {
        let mut read = Read::at(from);
        let stop = from.saturating_add(budget);
        for segment in self.view.segments.iter().filter(|segment| segment.end > from) {
            if read.position >= upto.min(stop) || read.is_full(limit) {
                break;
            }
            // Not before: what is left of the former segment must not be skipped.
            read.position = read.position.max(segment.base);
            if !segment.may_hold(self.filter.since, self.filter.until) {
                read.position = segment.end.min(upto);
                continue;
            }
            let Some(file) = self.open(segment)? else {
                read.position = segment.end.min(upto);
                continue;
            };
            self.forward_in(segment, &file, &mut read, Bounds { upto: upto.min(segment.end), stop, limit })?;
        }
        Ok(read)
    }

    fn forward_in(&self, segment: &Segment, file: &File, read: &mut Read, bounds: Bounds) -> io::Result<()> {
        let mut buffer = Vec::new();
        while read.position < bounds.upto && read.position < bounds.stop && !read.is_full(bounds.limit) {
            buffer.resize(CHUNK.min((bounds.upto - read.position) as usize), 0);
            let filled = segment::read_full(file, &mut buffer, read.position - segment.base)?;
            let mut rest = &buffer[..filled];
            while !read.is_full(bounds.limit)
                && let Ok(found) = record::first(rest)
            {
                read.position += found.size as u64;
                if self.filter.takes(&found) {
                    read.take(found.line(read.position));
                }
                rest = &rest[found.size..];
            }
            if rest.len() == filled {
                tracing::warn!(folder = %self.folder.display(), position = read.position, "a log has a damaged part");
                read.position = bounds.upto;
            }
        }
        Ok(())
    }

    /// Up to `limit` lines that end at or before a boundary, oldest first.
    pub fn backward(&self, upto: u64, limit: usize) -> io::Result<Read> {
        let mut read = Read::at(upto);
        for segment in self.view.segments.iter().rev().filter(|segment| segment.base < upto) {
            if read.is_full(limit) {
                break;
            }
            read.position = read.position.min(segment.end);
            if segment.may_hold(self.filter.since, self.filter.until)
                && let Some(file) = self.open(segment)?
            {
                self.backward_in(segment, &file, &mut read, limit)?;
            } else {
                read.position = segment.base;
            }
        }
        read.lines.reverse();
        Ok(read)
    }

    fn backward_in(&self, segment: &Segment, file: &File, read: &mut Read, limit: usize) -> io::Result<()> {
        let mut buffer = Vec::new();
        while read.position > segment.base && !read.is_full(limit) {
            let size = (CHUNK as u64).min(read.position - segment.base);
            buffer.resize(size as usize, 0);
            let filled = segment::read_full(file, &mut buffer, read.position - size - segment.base)?;
            let mut rest = &buffer[..filled];
            while !read.is_full(limit)
                && let Ok(found) = record::last(rest)
            {
                if self.filter.takes(&found) {
                    read.take(found.line(read.position));
                }
                read.position -= found.size as u64;
                rest = &rest[..rest.len() - found.size];
            }
            if rest.len() == filled {
                tracing::warn!(folder = %self.folder.display(), position = read.position, "a log has a damaged part");
                read.position = segment.base;
            }
        }
        Ok(())
    }

    fn segment_at(&self, position: u64) -> Option<&Segment> {
        self.view.segments.iter().find(|segment| (segment.base..segment.end).contains(&position))
    }

    /// `None` when the segment was trimmed meanwhile.
    fn open(&self, segment: &Segment) -> io::Result<Option<File>> {
        match File::open(segment::file_of(self.folder, segment.base)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Clone, Copy)]
struct Bounds {
    upto: u64,
    stop: u64,
    limit: usize,
}
