//! The log viewer: only the lines that can be seen are in the document, whatever the length of the log.
//!
//! It follows the newest line until the person scrolls up, takes lines in once per animation frame, holds at most
//! [`buffer::LIMIT`] of them, and reads older and newer ones as the person gets there. The server renders the newest
//! lines in the same markup, so that a log can be read before the browser's part has loaded.

pub mod address;
pub mod buffer;
mod controls;
mod mark;
pub mod row;
#[cfg(feature = "hydrate")]
pub mod stream;
mod viewer;

use crate::api::PanelError;
use berth_domain::log::{LogPage, LogQuery};
use controls::LogControls;
use leptos::prelude::*;
use row::{LogRow, RowStyle};
pub use viewer::LogFetch;
use viewer::Viewer;

/// Where the lines of a viewer come from.
#[derive(Clone)]
pub struct LogSource {
    /// Reads a part of the log.
    pub fetch: LogFetch,
    /// The REST address of the live end, without a query; none when nothing new can come.
    pub stream: Option<String>,
    /// What is looked for: search, time range, stream, origin.
    pub filter: LogQuery,
}

/// A log, live and virtualised.
#[component]
pub fn LogView(
    /// What the server read: the newest lines, or those around the selected one.
    page: LogPage,
    source: LogSource,
    /// The line that the address points at.
    #[prop(optional_no_strip)]
    selected: Option<u64>,
    /// Names the log for screen readers: `Log of web`.
    #[prop(into)]
    label: String,
    /// What to say when there is no line.
    #[prop(into)]
    empty: String,
    /// Lines are links to themselves.
    #[prop(optional)]
    links: bool,
) -> impl IntoView {
    let needle = StoredValue::new(source.filter.search.clone().unwrap_or_default());
    let viewer = Viewer::new(page, source, selected);
    let style = RowStyle { needle, selected: viewer.selected, links };
    viewer.come_alive();
    let nothing = move || {
        viewer.visible.with(Vec::is_empty).then(|| view! { <p class="log-empty">{empty.clone()}</p> })
    };
    let rows = move || viewer.visible.get();
    view! {
        <div class="log-view" class:log-wrap=move || viewer.wrap.get()>
            <LogControls viewer/>
            <div
                class="log-scroll"
                node_ref=viewer.scroller
                tabindex="0"
                role="log"
                aria-label=label
                aria-live=move || if viewer.announce.get() { "polite" } else { "off" }
                on:scroll=move |_| viewer.scrolled()
                on:keydown=move |event| viewer.key(&event)
            >
                <span class="log-probe" node_ref=viewer.probe aria-hidden="true">{"0".repeat(100)}</span>
                {nothing}
                <div class="log-space" node_ref=viewer.space>
                    <div class="log-rows" node_ref=viewer.rows>
                        <For each=rows key=|line| line.cursor let:line>
                            <LogRow line style/>
                        </For>
                    </div>
                </div>
            </div>
            <JumpToNewest viewer/>
        </div>
    }
}

/// Leads back to the newest line and says how many came meanwhile.
#[component]
fn JumpToNewest(viewer: Viewer) -> impl IntoView {
    let text = move || match viewer.unseen.get() {
        0 => "Jump to newest".to_owned(),
        1 => "Jump to newest (1 new line)".to_owned(),
        count => format!("Jump to newest ({count} new lines)"),
    };
    view! {
        <button
            type="button"
            class="button small log-jump"
            hidden=move || viewer.follow.get()
            on:click=move |_| viewer.jump_to_newest()
        >
            <crate::components::Icon name="expand"/>
            <span>{text}</span>
        </button>
    }
}

/// Reads a part of a log; made by the page, since widgets load nothing.
pub fn log_fetch<F>(read: impl Fn(LogQuery) -> F + Send + Sync + 'static) -> LogFetch
where
    F: Future<Output = Result<LogPage, PanelError>> + Send + 'static,
{
    Action::new(move |query: &LogQuery| read(query.clone()))
}
