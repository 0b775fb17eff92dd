use super::Icon;
use leptos::prelude::*;

/// The title of the page that is being rendered; the server writes it into the head.
#[derive(Clone, Default)]
pub struct HeadTitle(pub std::sync::Arc<std::sync::Mutex<String>>);

/// One step of the way to this page.
#[derive(Debug, Clone, PartialEq)]
pub struct Crumb {
    pub text: String,
    pub href: String,
}

/// A crumb with its address.
#[allow(non_snake_case)]
pub fn Breadcrumb(text: impl Into<String>, href: impl Into<String>) -> Crumb {
    Crumb { text: text.into(), href: href.into() }
}

/// The skeleton of every page: the way here, the title, what can be done, and the content.
#[component]
pub fn Page(
    #[prop(into)] title: String,
    #[prop(optional, into)] subtitle: Option<AnyView>,
    /// The way from the projects to here, without this page itself.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// Buttons beside the title.
    #[prop(optional, into)]
    actions: Option<AnyView>,
    /// Tabs below the title.
    #[prop(optional, into)]
    tabs: Option<AnyView>,
    /// A badge beside the title.
    #[prop(optional, into)]
    badge: Option<AnyView>,
    /// As wide as the window: for logs and tables.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    name_document(&title, &crumbs);
    let crumbs = (!crumbs.is_empty()).then(|| view! { <Crumbs crumbs/> });
    view! {
        <div class="page" class:wide=wide>
            <header class="page-head">
                {crumbs}
                <div class="page-title-row">
                    <div class="page-title">
                        <h1>{title}</h1>
                        {badge}
                    </div>
                    {actions.map(|actions| view! { <div class="page-actions">{actions}</div> })}
                </div>
                {subtitle.map(|subtitle| view! { <div class="page-subtitle">{subtitle}</div> })}
                {tabs}
            </header>
            <div class="page-body">{children()}</div>
        </div>
    }
}

#[component]
fn Crumbs(crumbs: Vec<Crumb>) -> impl IntoView {
    let items = crumbs
        .into_iter()
        .map(|crumb| view! { <li><a href=crumb.href>{crumb.text}</a><Icon name="right"/></li> })
        .collect_view();
    view! { <nav class="crumbs" aria-label="Breadcrumb"><ol>{items}</ol></nav> }
}

/// Gives the document its title, on either side.
pub fn name_document(title: &str, crumbs: &[Crumb]) {
    let place = crumbs.iter().rev().map(|crumb| format!(" \u{b7} {}", crumb.text)).collect::<String>();
    let text = format!("{title}{place} \u{b7} Berth");
    if let Some(HeadTitle(slot)) = use_context::<HeadTitle>()
        && let Ok(mut slot) = slot.lock()
    {
        slot.clone_from(&text);
    }
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| document().set_title(&text));
}

/// A part of a page with a heading of its own.
#[component]
pub fn Card(
    #[prop(optional, into)] title: Option<String>,
    #[prop(optional, into)] text: Option<String>,
    #[prop(optional, into)] actions: Option<AnyView>,
    /// The content reaches the card's edges: for tables and lists.
    #[prop(optional)]
    flush: bool,
    /// A mark for what can destroy.
    #[prop(optional)]
    danger: bool,
    children: Children,
) -> impl IntoView {
    let head = (title.is_some() || actions.is_some()).then(|| {
        view! {
            <header class="card-head">
                <div>
                    {title.map(|title| view! { <h2>{title}</h2> })}
                    {text.map(|text| view! { <p class="hint">{text}</p> })}
                </div>
                {actions.map(|actions| view! { <div class="card-actions">{actions}</div> })}
            </header>
        }
    });
    view! {
        <section class="card" class:flush=flush class:danger-zone=danger>
            {head}
            <div class="card-body">{children()}</div>
        </section>
    }
}
