use leptos::prelude::*;

/// ProjectPage.
#[component]
pub fn ProjectPage() -> impl IntoView {}
