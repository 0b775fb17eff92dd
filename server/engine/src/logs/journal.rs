//! The log of one service or deployment: its segments, its one writer, and the mark that wakes its readers.

use super::{
    LogBudget,
    record::{Span, nanoseconds},
    segment::{self, Segment},
};
use chrono::{DateTime, Utc};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Records that are written at once, and their times.
pub struct Chunk {
    pub bytes: Vec<u8>,
    pub span: Span,
}

/// How far a log has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tail {
    pub end: u64,
    pub removed: bool,
}

/// What a reader works on; the files may be trimmed meanwhile, but never change below `end`.
pub struct View {
    pub segments: Vec<Segment>,
    pub end: u64,
}

impl View {
    /// The position of the oldest line that is still there.
    pub fn oldest(&self) -> u64 {
        self.segments.first().map_or(0, |segment| segment.base)
    }
}

/// One log.
pub struct Journal {
    folder: PathBuf,
    budget: LogBudget,
    inner: Mutex<Inner>,
    tail: watch::Sender<Tail>,
}

#[derive(Default)]
struct Inner {
    loaded: bool,
    removed: bool,
    segments: Vec<Segment>,
    file: Option<File>,
}

impl Journal {
    /// A log in a folder; nothing is read or made yet.
    pub fn new(folder: PathBuf, budget: LogBudget) -> Self {
        let tail = watch::Sender::new(Tail::default());
        Self { folder, budget, inner: Mutex::default(), tail }
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Wakes when lines were appended.
    pub fn tail(&self) -> watch::Receiver<Tail> {
        self.tail.subscribe()
    }

    /// What can be read now.
    pub fn view(&self) -> io::Result<View> {
        let inner = self.loaded()?;
        Ok(View { segments: inner.segments.clone(), end: inner.end() })
    }

    /// Writes records at the end; answers the position behind them.
    pub fn append(&self, chunks: &[Chunk]) -> io::Result<u64> {
        let mut inner = self.loaded()?;
        if inner.removed {
            return Ok(inner.end());
        }
        for chunk in chunks {
            self.prepare(&mut inner)?;
            inner.write(chunk)?;
        }
        let tail = Tail { end: inner.end(), removed: false };
        self.tail.send_replace(tail);
        Ok(tail.end)
    }

    /// Removes the oldest segments while the log is larger or older than it may be. Positions go on as before.
    pub fn trim(&self, now: DateTime<Utc>) -> io::Result<()> {
        let mut inner = self.loaded()?;
        let oldest = nanoseconds(now - self.budget.age);
        if inner.segments.last().is_some_and(|last| last.size() > 0 && last.span.last < oldest) {
            self.roll(&mut inner)?;
        }
        self.trim_segments(&mut inner, oldest)
    }

    /// Removes the log with its files; its followers end.
    pub fn remove(&self) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let end = inner.end();
        *inner = Inner { loaded: true, removed: true, ..Inner::default() };
        self.tail.send_replace(Tail { end, removed: true });
        let aside = self.folder.with_extension("removed");
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match fs::rename(&self.folder, &aside) {
            Ok(()) => fs::remove_dir_all(aside),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn loaded(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.loaded {
            inner.segments = segment::load(&self.folder)?;
            inner.loaded = true;
            self.tail.send_replace(Tail { end: inner.end(), removed: false });
        }
        Ok(inner)
    }

    /// A file that takes more records.
    fn prepare(&self, inner: &mut Inner) -> io::Result<()> {
        let is_full = inner.segments.last().is_some_and(|last| last.size() >= self.budget.segment());
        if inner.segments.is_empty() {
            fs::create_dir_all(&self.folder)?;
        }
        if inner.segments.is_empty() || is_full {
            self.roll(inner)?;
            self.trim_segments(inner, i64::MIN)?;
        }
        if inner.file.is_none() {
            let base = inner.segments.last().map_or(0, |last| last.base);
            inner.file = Some(File::options().write(true).open(segment::file_of(&self.folder, base))?);
        }
        Ok(())
    }

    fn roll(&self, inner: &mut Inner) -> io::Result<()> {
        if let Some(last) = inner.segments.last() {
            segment::finish(&self.folder, last)?;
        }
        let base = inner.end();
        inner.file = Some(File::create_new(segment::file_of(&self.folder, base))?);
        inner.segments.push(Segment { base, end: base, span: Span::EMPTY });
        Ok(())
    }

    fn trim_segments(&self, inner: &mut Inner, oldest: i64) -> io::Result<()> {
        let mut total: u64 = inner.segments.iter().map(Segment::size).sum();
        while let [first, _, ..] = inner.segments[..] {
            if total <= self.budget.bytes && first.span.last >= oldest {
                break;
            }
            segment::remove(&self.folder, first.base)?;
            total -= first.size();
            inner.segments.remove(0);
        }
        Ok(())
    }
}

impl Inner {
    fn end(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.end)
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        let (Some(file), Some(last)) = (&self.file, self.segments.last_mut()) else {
            return Err(io::Error::other("the log has no open segment"));
        };
        let offset = last.size();
        if let Err(error) = file.write_all_at(&chunk.bytes, offset) {
            // Half a batch must not come back as lines after a restart.
            if let Err(error) = file.set_len(offset) {
                tracing::error!(%error, "could not cut off half-written log lines");
            }
            self.file = None;
            return Err(error);
        }
        last.end += chunk.bytes.len() as u64;
        last.span.merge(chunk.span);
        Ok(())
    }
}
