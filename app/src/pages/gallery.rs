use leptos::prelude::*;

/// GalleryPage.
#[component]
pub fn GalleryPage() -> impl IntoView {}
