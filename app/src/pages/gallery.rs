//! Every component in every state, to look at; only debug builds have it.

use super::not_found::NotFoundPage;
use leptos::prelude::*;

#[cfg(debug_assertions)]
mod show;

/// The components, in builds for people who work on Berth.
#[component]
pub fn GalleryPage() -> impl IntoView {
    #[cfg(debug_assertions)]
    {
        view! { <show::Gallery/> }.into_any()
    }
    #[cfg(not(debug_assertions))]
    {
        view! { <NotFoundPage/> }.into_any()
    }
}

#[cfg(debug_assertions)]
const _: fn() = || {
    let _ = NotFoundPage;
};
