use leptos::prelude::*;

/// AccountPage.
#[component]
pub fn AccountPage() -> impl IntoView {}
