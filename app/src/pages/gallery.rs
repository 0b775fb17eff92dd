//! Every component in every state, to look at; only debug builds of the server have it, and the browser's part never.

use leptos::prelude::*;

#[cfg(all(debug_assertions, feature = "ssr"))]
mod show;

/// The components, in builds for people who work on Berth.
#[component]
pub fn GalleryPage() -> impl IntoView {
    #[cfg(all(debug_assertions, feature = "ssr"))]
    {
        view! { <show::Gallery/> }.into_any()
    }
    #[cfg(not(all(debug_assertions, feature = "ssr")))]
    {
        view! { <super::not_found::NotFoundPage/> }.into_any()
    }
}
