//! One line of a log: time, origin and text. Colours become classes and the text stays text.

use super::mark;
use berth_domain::{
    ansi,
    log::{LogLine, LogStream},
};
use leptos::prelude::*;
use std::sync::Arc;

/// How lines are shown.
#[derive(Debug, Clone, Copy)]
pub struct RowStyle {
    /// What was searched for, to be marked.
    pub needle: StoredValue<String>,
    /// The line that the address points at.
    pub selected: RwSignal<Option<u64>>,
    /// Whether lines are links to themselves.
    pub links: bool,
}

/// The text of a line in its colours.
#[component]
pub fn LogText(#[prop(into)] text: String, needle: StoredValue<String>) -> impl IntoView {
    needle.with_value(|needle| {
        ansi::spans(&text)
            .into_iter()
            .map(|span| {
                let parts = mark::parts(&span.text, needle)
                    .into_iter()
                    .map(|(text, hit)| match hit {
                        true => view! { <mark>{text}</mark> }.into_any(),
                        false => text.into_any(),
                    })
                    .collect_view();
                match span.class.is_empty() {
                    true => parts.into_any(),
                    false => view! { <span class=span.class>{parts}</span> }.into_any(),
                }
            })
            .collect_view()
    })
}

/// A line of the viewer.
#[component]
pub fn LogRow(line: Arc<LogLine>, style: RowStyle) -> impl IntoView {
    let cursor = line.cursor;
    let stream = match line.stream {
        LogStream::Out => "log-line",
        LogStream::Err => "log-line log-err",
        LogStream::Berth => "log-line log-berth",
    };
    let clock = line.at.format("%H:%M:%S%.3f").to_string();
    let moment = line.at.format("%Y-%m-%d %H:%M:%S%.6f UTC").to_string();
    let time = match style.links {
        true => {
            let select = move |event: leptos::ev::MouseEvent| {
                event.prevent_default();
                style.selected.set(Some(cursor));
                super::address::point_at(cursor);
            };
            view! { <a class="log-time" href=format!("?at={cursor}") title=moment on:click=select>{clock}</a> }
                .into_any()
        }
        false => view! { <time class="log-time" title=moment>{clock}</time> }.into_any(),
    };
    let selected = move || style.selected.get() == Some(cursor);
    view! {
        <div class=stream class:log-selected=selected>
            {time}
            <span class="log-origin" title=line.origin.clone()>{line.origin.clone()}</span>
            <span class="log-text"><LogText text=line.text.clone() needle=style.needle /></span>
        </div>
    }
}
