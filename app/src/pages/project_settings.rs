use leptos::prelude::*;

/// ProjectSettingsPage.
#[component]
pub fn ProjectSettingsPage() -> impl IntoView {}
