use super::{Icon, Tone};
use berth_domain::problem::{Problem, ProblemKind};
use leptos::prelude::*;

/// Nothing is here yet: what this place is for, and the first step.
#[component]
pub fn EmptyState(
    #[prop(optional)] icon: Option<&'static str>,
    #[prop(into)] title: String,
    #[prop(optional, into)] text: Option<String>,
    #[prop(optional, into)] action: Option<AnyView>,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            {icon.map(|name| view! { <Icon name/> })}
            <h2>{title}</h2>
            {text.map(|text| view! { <p>{text}</p> })}
            {action.map(|action| view! { <div class="empty-actions">{action}</div> })}
        </div>
    }
}

/// The page could not be loaded.
#[component]
pub fn ErrorState(problem: Problem) -> impl IntoView {
    let title = match problem.kind {
        ProblemKind::NotFound => "Not found",
        ProblemKind::Forbidden => "Not allowed",
        ProblemKind::Unauthenticated => "Signed out",
        ProblemKind::Unavailable => "Not available now",
        ProblemKind::TooMany => "Too many requests",
        ProblemKind::Conflict | ProblemKind::Invalid => "That did not work",
        ProblemKind::Internal => "Something went wrong in Berth",
    };
    view! {
        <div class="empty-state error-state" role="alert">
            <Icon name="error"/>
            <h2>{title}</h2>
            <p>{problem.message}</p>
            {problem.hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            {problem.request_id.map(|id| view! { <p class="hint">"Request " <code>{id}</code></p> })}
        </div>
    }
}

/// A problem beside what caused it.
#[component]
pub fn ProblemBox(problem: Problem) -> impl IntoView {
    view! {
        <div class="notice" data-tone="bad" role="alert">
            <Icon name="error"/>
            <div>
                <p>{problem.message}</p>
                {problem.hint.map(|hint| view! { <p class="hint">{hint}</p> })}
                {problem.request_id.map(|id| view! { <p class="hint">"Request " <code>{id}</code></p> })}
            </div>
        </div>
    }
}

/// Something to know before going on.
#[component]
pub fn Notice(
    #[prop(optional)] tone: Tone,
    #[prop(optional, into)] title: Option<String>,
    children: Children,
) -> impl IntoView {
    let icon = match tone {
        Tone::Good => "check",
        Tone::Warn => "warning",
        Tone::Bad => "error",
        Tone::Neutral | Tone::Info | Tone::Busy => "info",
    };
    view! {
        <div class="notice" data-tone=tone.as_str()>
            <Icon name=icon/>
            <div>
                {title.map(|title| view! { <p class="notice-title">{title}</p> })}
                {children()}
            </div>
        </div>
    }
}

/// Where content will be in a moment.
#[component]
pub fn Skeleton(#[prop(optional)] rows: Option<usize>) -> impl IntoView {
    let rows = (0..rows.unwrap_or(4)).map(|_| view! { <div class="skeleton-row"></div> }).collect_view();
    view! { <div class="skeleton" aria-busy="true" aria-label="Loading">{rows}</div> }
}
