//! The buttons of the viewer, and how its connection is.

use super::viewer::{Feed, Viewer};
use crate::components::Icon;
use leptos::prelude::*;

/// Pause, wrap, announce; and the state of the live end in a word.
#[component]
pub fn LogControls(viewer: Viewer) -> impl IntoView {
    let pause = move || if viewer.paused.get() { ("start", "Resume") } else { ("paused", "Pause") };
    view! {
        <div class="log-controls">
            <FeedState viewer/>
            <span class="log-spring"></span>
            <Show when=move || viewer.can_pause()>
                <button type="button" class="button quiet small" on:click=move |_| viewer.toggle_pause()>
                    {move || view! { <Icon name=pause().0/> }}
                    <span>{move || pause().1}</span>
                </button>
            </Show>
            <Toggle on=viewer.wrap text="Wrap lines" title="Break long lines at the edge of the window"/>
            <Toggle on=viewer.announce text="Read aloud" title="Let a screen reader say new lines as they come"/>
        </div>
    }
}

#[component]
fn Toggle(on: RwSignal<bool>, text: &'static str, title: &'static str) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button quiet small toggle"
            title=title
            aria-pressed=move || if on.get() { "true" } else { "false" }
            on:click=move |_| on.update(|on| *on = !*on)
        >
            <span>{text}</span>
        </button>
    }
}

#[component]
fn FeedState(viewer: Viewer) -> impl IntoView {
    let state = move || match viewer.feed.get() {
        Feed::Still => ("neutral", "clock", "The newest lines when the page was loaded"),
        Feed::Open => ("good", "live", "Live"),
        Feed::Paused => ("warn", "paused", "Paused"),
        Feed::Behind => ("neutral", "clock", "Older lines; the live end is not shown"),
        Feed::Lost => ("bad", "warning", "Connection lost; trying again"),
        Feed::Over => ("neutral", "check", "The log is complete"),
    };
    view! {
        <span class="log-feed" data-tone=move || state().0>
            {move || view! { <Icon name=state().1/> }}
            <span>{move || state().2}</span>
        </span>
    }
}
