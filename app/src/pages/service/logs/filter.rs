//! What is looked for in a log: part of the address, so that it can be sent to somebody and works without any script.

use crate::components::{Button, Icon, LinkButton};
use berth_domain::{
    Timestamp,
    log::{LogQuery, LogStream},
};
use chrono::{NaiveDateTime, SecondsFormat};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

/// The filter as the address has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub search: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub stream: Option<LogStream>,
    pub origin: Option<String>,
    /// The line that the address points at.
    pub at: Option<u64>,
}

impl Filter {
    /// Reads the address; what cannot be read is left out.
    pub fn of(map: &ParamsMap) -> Self {
        let text = |key: &str| map.get_str(key).map(str::trim).filter(|text| !text.is_empty());
        Self {
            search: text("q").map(str::to_owned),
            since: text("since").and_then(moment),
            until: text("until").and_then(moment),
            stream: text("stream").and_then(|word| word.parse().ok()),
            origin: text("origin").map(str::to_owned),
            at: text("at").and_then(|word| word.parse().ok()),
        }
    }

    /// The part of a query that the filter decides.
    pub fn query(&self) -> LogQuery {
        LogQuery {
            search: self.search.clone(),
            since: self.since,
            until: self.until,
            stream: self.stream,
            origin: self.origin.clone(),
            ..LogQuery::default()
        }
    }

    /// Whether all lines are asked for.
    pub fn is_empty(&self) -> bool {
        self.query() == LogQuery::default()
    }

    fn has_more(&self) -> bool {
        Self { search: None, at: None, ..self.clone() } != Self::default()
    }
}

/// Reads what a `datetime-local` field sends, as UTC, or a full RFC 3339 moment.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).map(|at| at.and_utc())
}

fn field_text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true).trim_end_matches('Z').to_owned())
}

/// The fields, as an ordinary form of the address.
#[component]
pub fn FilterForm(filter: Filter, base: String, download: String) -> impl IntoView {
    let clear = (!filter.is_empty() || filter.at.is_some()).then(|| base.clone());
    let more = filter.has_more();
    let search = filter.search.clone();
    view! {
        <leptos_router::components::Form method="GET" action=base attr:class="log-filter" attr:role="search">
            <div class="log-filter-main">
                <label class="log-search" for="log-search">
                    <Icon name="search"/>
                    <span class="visually-hidden">"Search the log"</span>
                    <input id="log-search" type="search" name="q" value=search placeholder="Search the log" autocomplete="off" spellcheck="false"/>
                    <kbd>"/"</kbd>
                </label>
                <Button icon="search">"Search"</Button>
                {clear.map(|href| view! { <LinkButton href icon="close">"Clear"</LinkButton> })}
                <LinkButton href=download icon="download" external=true>"Download"</LinkButton>
            </div>
            <MoreFilters filter open=more/>
        </leptos_router::components::Form>
    }
}

#[component]
fn MoreFilters(filter: Filter, open: bool) -> impl IntoView {
    let options = [("", "All"), ("out", "Output"), ("err", "Errors"), ("berth", "Berth")]
        .into_iter()
        .map(|(value, word)| {
            let selected = filter.stream.map_or("", LogStream::as_str) == value;
            view! { <option value=value selected=selected>{word}</option> }
        })
        .collect_view();
    view! {
        <details class="log-filter-more" open=open>
            <summary><Icon name="filter"/>"Time, stream and instance"</summary>
            <div class="log-filter-fields">
                <label>"From (UTC)"<input type="datetime-local" step="1" name="since" value=field_text(filter.since)/></label>
                <label>"To (UTC)"<input type="datetime-local" step="1" name="until" value=field_text(filter.until)/></label>
                <label>"Stream"<select name="stream">{options}</select></label>
                <label>"Instance"<input type="text" name="origin" value=filter.origin placeholder="#12" autocomplete="off" spellcheck="false"/></label>
                <Button small=true>"Apply"</Button>
            </div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_time_field_sends_is_read_as_utc() {
        let at = moment("2026-03-01T12:30").unwrap();
        assert_eq!(at.to_rfc3339(), "2026-03-01T12:30:00+00:00");
        assert_eq!(field_text(Some(at)).as_deref(), Some("2026-03-01T12:30:00"));
        assert_eq!(moment(&field_text(Some(at)).unwrap()), Some(at));
        assert_eq!(moment("yesterday"), None);
    }
}
