use super::Icon;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A row of links to the parts of one thing.
#[component]
pub fn Tabs(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! { <nav class="tabs" aria-label=label>{children()}</nav> }
}

/// One of the parts; marked when the page is it.
#[component]
pub fn TabLink(
    #[prop(into)] href: String,
    #[prop(optional)] icon: Option<&'static str>,
    /// Also marked on the pages below it.
    #[prop(optional)]
    below: bool,
    children: Children,
) -> impl IntoView {
    let location = use_location();
    let target = href.clone();
    let current = move || {
        location.pathname.with(|path| {
            let path = path.trim_end_matches('/');
            path == target || (below && path.strip_prefix(&target).is_some_and(|rest| rest.starts_with('/')))
        })
    };
    view! {
        <a class="tab" href=href aria-current=move || current().then_some("page")>
            {icon.map(|name| view! { <Icon name/> })}
            <span>{children()}</span>
        </a>
    }
}
