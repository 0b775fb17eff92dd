//! Log lines and how to ask for them.

use crate::permission::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// Where a line came from.
    LogStream {
        Out = "out",
        Err = "err",
        /// Berth itself says something: a step, a start, a stop.
        Berth = "berth",
    }
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// The position behind this line; asking for what comes after it resumes without gap or double.
    pub cursor: u64,
    pub at: DateTime<Utc>,
    pub stream: LogStream,
    /// The instance (service logs) or the step (deployment logs) that it belongs to.
    pub origin: String,
    /// The text as it came, ANSI codes included, invalid UTF-8 replaced.
    pub text: String,
}

/// Which lines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(default)]
pub struct LogQuery {
    /// Lines behind this cursor, oldest first.
    pub after: Option<u64>,
    /// Lines before this cursor, the newest of them. With neither, the newest lines there are.
    pub before: Option<u64>,
    /// 1 to 5000, 500 unless told.
    pub limit: Option<u16>,
    /// Lines that contain this text, whatever its case.
    pub search: Option<String>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub stream: Option<LogStream>,
    /// Only lines of this instance or step.
    pub origin: Option<String>,
}

impl LogQuery {
    /// The number of lines to read, within bounds.
    pub fn lines(&self) -> usize {
        usize::from(self.limit.unwrap_or(500).clamp(1, 5_000))
    }
}

/// A part of a log, oldest line first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// Pass as `before` for older lines; absent at the beginning.
    pub before: Option<u64>,
    /// Pass as `after` to go on.
    pub after: u64,
    /// The oldest lines were removed to stay within the budget.
    pub trimmed: bool,
}
