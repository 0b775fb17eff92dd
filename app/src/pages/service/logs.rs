//! The log of a service: search, time range, stream, deployment, and the live end.

mod filter;

use super::frame::{Here, ServiceFrame};
use crate::{
    api::logs::read_logs,
    components::{Load, Loadable},
    widgets::log_view::{
        LogSource, LogView,
        address::{service_api, with_query},
        log_fetch,
    },
};
use berth_domain::{
    log::{LogPage, LogQuery},
    service::ServicePath,
};
use filter::{Filter, FilterForm};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Lines that come with the page.
const FIRST: u16 = 200;

/// A service's log.
#[component]
pub fn LogsPage() -> impl IntoView {
    view! { <ServiceFrame wide=true view=|here| view! { <Logs here/> }/> }
}

#[component]
fn Logs(here: Here) -> impl IntoView {
    let map = use_query_map();
    let filter = Memo::new(move |_| map.with(Filter::of));
    let path = here.path.clone();
    let wanted = path.clone();
    let page: Loadable<LogPage> =
        Resource::new(move || filter.get(), move |filter| first_lines(wanted.clone(), filter));
    let api = service_api(&path);
    let download = {
        let api = api.clone();
        move || with_query(&format!("{api}/logs/download"), &filter.get().query())
    };
    let label = format!("Log of {}", path.service);
    let show = move |page: LogPage| {
        let (path, filter) = (path.clone(), filter.get_untracked());
        let empty = match filter.is_empty() {
            true => "Nothing was logged yet. Lines appear here as soon as an instance prints them.",
            false => "No line matches. Widen the time range or search for something shorter.",
        };
        let source = LogSource {
            fetch: log_fetch(move |query| read_logs(path.clone(), query)),
            stream: filter.until.is_none().then(|| format!("{api}/logs/stream")),
            filter: filter.query(),
        };
        let trimmed = page.trimmed && page.before.is_none();
        view! {
            {trimmed.then(|| view! { <p class="hint log-trimmed">"Older lines were removed to stay within the budget."</p> })}
            <LogView page source selected=filter.at label=label.clone() empty links=true/>
        }
    };
    let base = format!("{}/logs", here.base());
    view! {
        {move || view! { <FilterForm filter=filter.get() base=base.clone() download=download()/> }}
        <Load resource=page inside=true view=show/>
    }
}

/// The newest lines, or those around the one that the address points at.
async fn first_lines(path: ServicePath, filter: Filter) -> Result<LogPage, crate::api::PanelError> {
    let query = LogQuery { limit: Some(FIRST), ..filter.query() };
    let Some(at) = filter.at else { return read_logs(path, query).await };
    let before = LogQuery { before: Some(at), ..query.clone() };
    let older = read_logs(path.clone(), before).await?;
    // The line itself may count as before its own cursor or not: read on from the newest line that came.
    let after = older.lines.iter().rev().map(|line| line.cursor).find(|cursor| *cursor < at);
    let newer =
        read_logs(path, LogQuery { after: Some(after.unwrap_or(at.saturating_sub(1))), ..query }).await?;
    let mut lines = older.lines;
    lines.retain(|line| after.is_some_and(|after| line.cursor <= after));
    lines.extend(newer.lines);
    Ok(LogPage { lines, before: older.before, after: newer.after, trimmed: older.trimmed })
}
