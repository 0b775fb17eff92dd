use crate::{
    api::front::{SetTheme, SignOut},
    boot::{Boot, Theme, Viewer},
    components::{FlashMessage, Icon, PlainForm, name_document},
    live::{Connection, use_live},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::{use_location, use_query_map};

/// The frame of every page: for somebody who is signed in the header, for others only the name.
#[component]
pub fn Chrome(children: Children) -> impl IntoView {
    let viewer = Boot::current().viewer;
    view! {
        <a class="skip-link" href="#content" rel="external">"Skip to the content"</a>
        {match viewer {
            Some(viewer) => view! { <Header viewer/> }.into_any(),
            None => view! { <LoneHeader/> }.into_any(),
        }}
        <FlashMessage/>
        <main id="content" class="main" tabindex="-1">{children()}</main>
    }
}

#[component]
fn Brand() -> impl IntoView {
    view! { <a class="brand" href="/projects" aria-label="Berth: projects"><Icon name="anchor"/><span>"Berth"</span></a> }
}

#[component]
fn LoneHeader() -> impl IntoView {
    view! {
        <header class="topbar lone">
            <Brand/>
            <div class="topbar-end"><ThemeSwitch/></div>
        </header>
    }
}

#[component]
fn Header(viewer: Viewer) -> impl IntoView {
    view! {
        <header class="topbar">
            <Brand/>
            <nav class="topnav" aria-label="Main">
                <NavLink href="/projects" icon="project">"Projects"</NavLink>
                <NavLink href="/events" icon="events">"Events"</NavLink>
                <NavLink href="/certificates" icon="lock">"Certificates"</NavLink>
                <NavLink href="/disk" icon="volume">"Disk"</NavLink>
            </nav>
            <Search/>
            <div class="topbar-end">
                <LiveSign/>
                <ThemeSwitch/>
                <AccountMenu viewer/>
            </div>
        </header>
    }
}

#[component]
fn NavLink(href: &'static str, icon: &'static str, children: Children) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || path.with(|path| path.starts_with(href));
    view! {
        <a class="nav-link" href=href aria-current=move || current().then_some("true")>
            <Icon name=icon/>
            <span>{children()}</span>
        </a>
    }
}

/// Finds projects and services; a plain GET form, so its answer is a page with an address.
#[component]
fn Search() -> impl IntoView {
    let query = use_query_map();
    let value = move || query.with(|query| query.get("search").unwrap_or_default());
    view! {
        <form class="search" role="search" method="get" action="/projects">
            <Icon name="search"/>
            <input
                type="search"
                name="search"
                placeholder="Search projects and services"
                aria-label="Search projects and services"
                aria-keyshortcuts="/"
                autocomplete="off"
                spellcheck="false"
                data-search=""
                prop:value=value
                value=query.with_untracked(|query| query.get("search").unwrap_or_default())
            />
            <kbd aria-hidden="true">"/"</kbd>
        </form>
    }
}

/// Whether the page follows what happens.
#[component]
fn LiveSign() -> impl IntoView {
    let connection = use_live().connection;
    let state = move || match connection.get() {
        Connection::Opening => ("opening", "Connecting"),
        Connection::Open => ("open", "Live"),
        Connection::Lost => ("lost", "Reconnecting"),
    };
    view! {
        <span class="live-sign" data-state=move || state().0 role="status" title="Whether this page follows what happens">
            <span class="dot" aria-hidden="true"></span>
            <span class="word">{move || state().1}</span>
        </span>
    }
}

/// Light, dark, or as the system has it. The shell's script switches at once; without it the form does.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let theme = Boot::current().theme;
    let choice = |which: Theme, icon: &'static str, label: &'static str| {
        view! {
            <button
                type="submit" name="theme" value=which.as_str() title=label aria-label=label
                aria-pressed=if theme == which { "true" } else { "false" }
            >
                <Icon name=icon/>
            </button>
        }
    };
    view! {
        <form class="theme-switch" method="post" action=SetTheme::url() data-theme-switch="" role="group" aria-label="Theme">
            {choice(Theme::Light, "sun", "Light")}
            {choice(Theme::System, "system", "As the system")}
            {choice(Theme::Dark, "moon", "Dark")}
        </form>
    }
}

#[component]
fn AccountMenu(viewer: Viewer) -> impl IntoView {
    let initial = viewer.email.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    view! {
        <details class="menu" data-menu="">
            <summary aria-label="Account" title=viewer.email.clone()>
                <span class="avatar" aria-hidden="true">{initial}</span>
            </summary>
            <div class="menu-body">
                <p class="menu-head">
                    <strong>{viewer.email}</strong>
                    <span class="hint">{viewer.role.as_str()}</span>
                </p>
                <a href="/account"><Icon name="user"/>"Account"</a>
                <a href="/git-hosts"><Icon name="git"/>"Git hosts"</a>
                <a href="/registries"><Icon name="key"/>"Registries"</a>
                <a href="/api/docs" rel="external"><Icon name="book"/>"API"</a>
                <PlainForm action=SignOut::url() class="menu-form">
                    <button type="submit"><Icon name="out"/>"Sign out"</button>
                </PlainForm>
            </div>
        </details>
    }
}

/// A page with one thing to do: setup and sign-in.
#[component]
pub fn LoneFrame(
    #[prop(into)] title: String,
    #[prop(optional, into)] text: Option<String>,
    children: Children,
) -> impl IntoView {
    name_document(&title, &[]);
    view! {
        <div class="lone-frame">
            <div class="lone-mark" aria-hidden="true"><Icon name="anchor"/></div>
            <h1>{title}</h1>
            {text.map(|text| view! { <p class="lone-text">{text}</p> })}
            {children()}
        </div>
    }
}
