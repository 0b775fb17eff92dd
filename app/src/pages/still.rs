//! What the browser's part has of a page that stays as the server rendered it: nothing but the way to it.

use crate::components::Skeleton;
use leptos::prelude::*;

/// Has the server send the page that was gone to.
#[component]
pub fn StillPage() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    {
        use leptos_router::hooks::use_location;
        let to = use_location();
        let path = to.pathname.get_untracked() + &to.search.with_untracked(|search| query(search));
        Effect::new(move |_| {
            let _ = window().location().assign(&path);
        });
    }
    view! { <Skeleton/> }
}

#[cfg(feature = "hydrate")]
fn query(search: &str) -> String {
    match search.trim_start_matches('?') {
        "" => String::new(),
        search => format!("?{search}"),
    }
}
