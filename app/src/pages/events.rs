use leptos::prelude::*;

/// EventsPage.
#[component]
pub fn EventsPage() -> impl IntoView {}
