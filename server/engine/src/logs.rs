//! Berth's own log store: one append-only log per service and per deployment, in files below `<data>/logs`.
//!
//! A cursor is the position behind a line. It only grows, over trims and restarts, so a reader that comes back with its
//! cursor gets every line once. Lines are written in batches; readers read the files and are only woken by the writer.

mod filter;
mod follow;
mod journal;
mod read;
mod record;
mod segment;

pub use follow::Follow;

use crate::Error;
use berth_domain::{
    ids::{DeploymentId, ServiceId},
    log::{LogLine, LogPage, LogQuery, LogStream},
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use filter::Filter;
use futures::stream::BoxStream;
use journal::{Chunk, Journal};
use read::Reader;
use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Logs in use keep a little state and one open file; more than these give it back.
const KEPT: usize = 128;
/// What is written at once.
const CHUNK_BYTES: usize = 1 << 20;
const SEGMENT_BYTES: u64 = 8 << 20;

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    Service(ServiceId),
    Deployment(DeploymentId),
}

impl Stream {
    /// The deployment whose log it is.
    pub fn deployment(self) -> Option<DeploymentId> {
        match self {
            Self::Deployment(id) => Some(id),
            Self::Service(_) => None,
        }
    }

    /// The service whose log it is.
    pub fn service(self) -> Option<ServiceId> {
        match self {
            Self::Service(id) => Some(id),
            Self::Deployment(_) => None,
        }
    }

    fn folder(self) -> String {
        match self {
            Self::Service(id) => format!("service-{id}"),
            Self::Deployment(id) => format!("deployment-{id}"),
        }
    }

    fn from_folder(name: &str) -> Option<Self> {
        let (kind, id) = name.split_once('-')?;
        match kind {
            "service" => id.parse().ok().map(Self::Service),
            "deployment" => id.parse().ok().map(Self::Deployment),
            _ => None,
        }
    }
}

/// A line to be kept. It has no end of line; what is not UTF-8 is kept and replaced when read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    pub at: DateTime<Utc>,
    pub stream: LogStream,
    /// The instance or the step.
    pub origin: Arc<str>,
    pub text: Bytes,
}

/// How much of one log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBudget {
    pub bytes: u64,
    pub age: TimeDelta,
}

impl LogBudget {
    /// The budget in bytes and days.
    pub fn new(bytes: u64, days: u32) -> Self {
        Self { bytes, age: TimeDelta::days(i64::from(days)) }
    }

    /// A budget is kept by removing whole segments, so it has at least eight of them.
    fn segment(&self) -> u64 {
        (self.bytes / 8).clamp(4 << 10, SEGMENT_BYTES)
    }
}

/// A log that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the log store failed: {0}")]
pub struct LogError(#[from] io::Error);

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        Self::internal("read or write the log", error)
    }
}

/// Every log; cheap to clone.
#[derive(Clone)]
pub struct Logs {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    budget: LogBudget,
    journals: Mutex<Journals>,
    written: AtomicU64,
}

#[derive(Default)]
struct Journals {
    open: HashMap<Stream, (Arc<Journal>, u64)>,
    uses: u64,
}

impl Logs {
    /// Opens the log store in a folder of its own, and finishes removals that a crash cut short.
    pub fn open(folder: impl AsRef<Path>, budget: LogBudget) -> Result<Self, LogError> {
        let folder = folder.as_ref().to_owned();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "removed") {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(Self {
            inner: Arc::new(Inner { folder, budget, journals: Mutex::default(), written: AtomicU64::new(0) }),
        })
    }

    /// Appends lines in order, with one write; answers the cursor behind them.
    pub async fn append(&self, stream: Stream, lines: &[NewLine]) -> Result<u64, LogError> {
        let journal = self.journal(stream);
        let chunks = encode(lines);
        let cursor = blocking(move || journal.append(&chunks)).await?;
        self.inner.written.fetch_add(lines.len() as u64, Ordering::Relaxed);
        Ok(cursor)
    }

    /// How many lines were written since the start.
    pub fn lines_written(&self) -> u64 {
        self.inner.written.load(Ordering::Relaxed)
    }

    /// A part of a log; a log that nobody wrote to is empty.
    pub async fn page(&self, stream: Stream, query: &LogQuery) -> crate::Result<LogPage> {
        let (journal, filter, query) = (self.journal(stream), Filter::new(query)?, query.clone());
        let page = blocking(move || {
            let view = journal.view()?;
            Reader { folder: journal.folder(), view: &view, filter: &filter }.page(&query)
        });
        Ok(page.await?)
    }

    /// A reader from a cursor on, or from the present end; it knows when it has read everything.
    pub async fn reader(&self, stream: Stream, query: &LogQuery) -> crate::Result<Follow> {
        let (journal, filter, after) = (self.journal(stream), Filter::new(query)?, query.after);
        let follow = blocking(move || {
            let view = journal.view()?;
            let reader = Reader { folder: journal.folder(), view: &view, filter: &filter };
            let position = after.map_or(Ok(view.end), |after| reader.align(after))?;
            Ok(Follow::new(journal, filter, position))
        });
        Ok(follow.await?)
    }

    /// A log as it grows, from a cursor on, or from the present end; ends when the log is removed.
    pub async fn follow(
        &self,
        stream: Stream,
        query: &LogQuery,
    ) -> crate::Result<BoxStream<'static, Vec<LogLine>>> {
        Ok(self.reader(stream, query).await?.into_stream())
    }

    /// The cursor behind the newest line.
    pub async fn end(&self, stream: Stream) -> Result<u64, LogError> {
        let journal = self.journal(stream);
        blocking(move || Ok(journal.view()?.end)).await
    }

    /// Keeps one log within its budget of size and age.
    pub async fn trim(&self, stream: Stream, now: DateTime<Utc>) -> Result<(), LogError> {
        let journal = self.journal(stream);
        blocking(move || journal.trim(now)).await
    }

    /// Keeps every log within its budget; called now and then, since a log that nobody writes to only ages.
    pub async fn trim_all(&self, now: DateTime<Utc>) -> Result<(), LogError> {
        for stream in self.streams().await? {
            self.trim(stream, now).await?;
        }
        Ok(())
    }

    /// Every log that has files.
    pub async fn streams(&self) -> Result<Vec<Stream>, LogError> {
        let folder = self.inner.folder.clone();
        blocking(move || {
            let names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
            let names = names.collect::<io::Result<Vec<_>>>()?;
            Ok(names.iter().filter_map(|name| Stream::from_folder(name.to_str()?)).collect())
        })
        .await
    }

    /// What each log takes on disk, in bytes.
    pub async fn sizes(&self) -> Result<HashMap<Stream, u64>, LogError> {
        let folder = self.inner.folder.clone();
        blocking(move || {
            let mut sizes = HashMap::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if let Some(stream) = entry.file_name().to_str().and_then(Stream::from_folder) {
                    sizes.insert(stream, size_of(&entry.path()));
                }
            }
            Ok(sizes)
        })
        .await
    }

    /// Removes a log; its followers end.
    pub async fn remove(&self, stream: Stream) -> Result<(), LogError> {
        let journal = self.journal(stream);
        let inner = self.inner.clone();
        blocking(move || {
            journal.remove()?;
            inner.journals.lock().unwrap_or_else(PoisonError::into_inner).open.remove(&stream);
            Ok(())
        })
        .await
    }

    fn journal(&self, stream: Stream) -> Arc<Journal> {
        let mut journals = self.inner.journals.lock().unwrap_or_else(PoisonError::into_inner);
        journals.uses += 1;
        let now = journals.uses;
        if journals.open.len() >= KEPT && !journals.open.contains_key(&stream) {
            journals.give_back();
        }
        let entry = journals.open.entry(stream).or_insert_with(|| {
            (Arc::new(Journal::new(self.inner.folder.join(stream.folder()), self.inner.budget)), now)
        });
        entry.1 = now;
        entry.0.clone()
    }
}

impl Journals {
    /// Forgets the logs that were not used for longest. Nobody else holds them, and the files know everything.
    fn give_back(&mut self) {
        let mut idle: Vec<(u64, Stream)> = self
            .open
            .iter()
            .filter(|(_, (journal, _))| Arc::strong_count(journal) == 1)
            .map(|(stream, (_, used))| (*used, *stream))
            .collect();
        idle.sort_unstable_by_key(|(used, _)| *used);
        for (_, stream) in idle.iter().take(KEPT / 2) {
            self.open.remove(stream);
        }
    }
}

/// The bytes of a folder's files; what goes away meanwhile counts nothing.
fn size_of(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

fn encode(lines: &[NewLine]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    for line in lines {
        if chunks.last().is_none_or(|chunk| chunk.bytes.len() >= CHUNK_BYTES) {
            let size: usize = lines.iter().take(20_000).map(|line| line.text.len() + 64).sum();
            let bytes = Vec::with_capacity(size.min(CHUNK_BYTES));
            chunks.push(Chunk { bytes, span: record::Span::EMPTY });
        }
        if let Some(chunk) = chunks.last_mut() {
            let span = record::encode(&mut chunk.bytes, line);
            chunk.span.merge(span);
        }
    }
    chunks
}

/// Files block; the threads that serve requests must not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, LogError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(LogError(io::Error::other(error))),
    }
}

#[cfg(test)]
mod tests;
