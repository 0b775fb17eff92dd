//! Following a log as it grows.

use super::{
    LogError, blocking,
    filter::Filter,
    journal::{Journal, Tail},
    read::Reader,
};
use berth_domain::log::LogLine;
use futures::stream::BoxStream;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::Instant};

/// What is looked at for one batch.
const BATCH_BYTES: u64 = 512 << 10;
const BATCH_LINES: usize = 4_000;

/// Batches of a stream are at least so far apart, so that a flood comes in few large ones. The first line comes at once.
const APART: Duration = Duration::from_millis(20);

/// A reader that keeps its place. It reads from the files, so however slow it is, it holds nobody up and misses nothing.
pub struct Follow {
    journal: Arc<Journal>,
    filter: Arc<Filter>,
    tail: watch::Receiver<Tail>,
    position: u64,
}

impl Follow {
    pub(super) fn new(journal: Arc<Journal>, filter: Filter, position: u64) -> Self {
        let tail = journal.tail();
        Self { journal, filter: Arc::new(filter), tail, position }
    }

    /// The next lines that are already there; `None` when everything was read.
    pub async fn read(&mut self) -> Result<Option<Vec<LogLine>>, LogError> {
        loop {
            let tail = *self.tail.borrow_and_update();
            if tail.end <= self.position || tail.removed {
                return Ok(None);
            }
            let (journal, filter, from) = (self.journal.clone(), self.filter.clone(), self.position);
            let read = blocking(move || {
                let view = journal.view()?;
                let reader = Reader { folder: journal.folder(), view: &view, filter: &filter };
                reader.forward(from, view.end, BATCH_LINES, BATCH_BYTES)
            })
            .await?;
            // Without progress there is nothing to read: the log was removed while it was looked at.
            if read.position == self.position {
                return Ok(None);
            }
            self.position = read.position;
            if !read.lines.is_empty() {
                return Ok(Some(read.lines));
            }
        }
    }

    /// Waits until there is more than was read; false when the log is gone.
    pub async fn wait(&mut self) -> bool {
        let position = self.position;
        match self.tail.wait_for(|tail| tail.removed || tail.end > position).await {
            Ok(tail) => !tail.removed,
            Err(_) => false,
        }
    }

    /// The lines in batches until the log is removed.
    pub fn into_stream(self) -> BoxStream<'static, Vec<LogLine>> {
        Box::pin(futures::stream::unfold((self, Instant::now()), |(mut follow, next)| async move {
            tokio::time::sleep_until(next).await;
            loop {
                match follow.read().await {
                    Ok(Some(lines)) if lines.len() < BATCH_LINES => {
                        return Some((lines, (follow, Instant::now() + APART)));
                    }
                    Ok(Some(lines)) => return Some((lines, (follow, next))),
                    Ok(None) if follow.wait().await => {}
                    Ok(None) => return None,
                    Err(error) => {
                        tracing::error!(%error, "following a log ended");
                        return None;
                    }
                }
            }
        }))
    }
}
