//! Which lines a reader wants.

use super::record::{Record, nanoseconds};
use crate::{Error, Result};
use berth_domain::log::{LogQuery, LogStream};
use regex::bytes::{Regex, RegexBuilder};

const MAX_SEARCH: usize = 500;

/// The conditions of a query, ready to be applied to many records.
pub struct Filter {
    pub since: Option<i64>,
    pub until: Option<i64>,
    stream: Option<LogStream>,
    origin: Option<Vec<u8>>,
    search: Option<Regex>,
}

impl Filter {
    /// Takes a query's conditions.
    pub fn new(query: &LogQuery) -> Result<Self> {
        let search = match query.search.as_deref() {
            None | Some("") => None,
            Some(text) if text.len() > MAX_SEARCH => {
                return Err(Error::invalid("search", format!("A search has at most {MAX_SEARCH} bytes.")));
            }
            Some(text) => Some(case_insensitive(text)?),
        };
        Ok(Self {
            since: query.since.map(nanoseconds),
            until: query.until.map(nanoseconds),
            stream: query.stream,
            origin: query.origin.as_ref().map(|origin| origin.clone().into_bytes()),
            search,
        })
    }

    /// Whether the reader wants this record; the cheap conditions first.
    pub fn takes(&self, record: &Record<'_>) -> bool {
        self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
            && self.stream.is_none_or(|stream| record.stream == stream)
            && self.origin.as_ref().is_none_or(|origin| record.origin == origin.as_slice())
            && self.search.as_ref().is_none_or(|search| search.is_match(record.text))
    }
}

fn case_insensitive(text: &str) -> Result<Regex> {
    RegexBuilder::new(&regex::escape(text))
        .case_insensitive(true)
        .build()
        .map_err(|error| Error::internal("prepare the search", error))
}
