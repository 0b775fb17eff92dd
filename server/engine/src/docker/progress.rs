//! What long operations say while they go on.

use std::time::Duration;

use bytes::Bytes;

/// One word of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullProgress {
    /// The layer, where it is about one.
    pub layer: Option<String>,
    /// Docker's word: `Downloading`, `Extracting`, `Pull complete`, ...
    pub status: String,
    /// Bytes done.
    pub current: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
}

/// Where a program wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum LogStreamKind {
    Stdout,
    Stderr,
}

/// One line about one step of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildLine {
    /// The step's number in order of first appearance, from 1.
    pub step: u32,
    /// The step's name, for example `[build 2/4] RUN cargo build`.
    pub name: String,
    /// What is said.
    pub kind: BuildLineKind,
}

/// What a build's line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildLineKind {
    /// The step began.
    Started,
    /// The step printed this.
    Output {
        /// Where it printed.
        stream: LogStreamKind,
        /// One line without its end.
        text: Bytes,
    },
    /// A message about the step, for example of a download.
    Note(String),
    /// The step's result came from the cache.
    Cached,
    /// The step ended well.
    Done {
        /// How long it took.
        took: Duration,
    },
    /// The step failed.
    Failed {
        /// BuildKit's word on why.
        error: String,
    },
}
