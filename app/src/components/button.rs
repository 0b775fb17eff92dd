use super::{FormState, Icon};
use leptos::prelude::*;

/// How much a button asks for attention.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    /// The one thing that the page is for.
    Primary,
    #[default]
    Plain,
    /// Takes something away.
    Danger,
    /// Only text until pointed at.
    Quiet,
}

impl Variant {
    fn class(self, small: bool) -> &'static str {
        match (self, small) {
            (Self::Primary, false) => "button primary",
            (Self::Primary, true) => "button primary small",
            (Self::Plain, false) => "button",
            (Self::Plain, true) => "button small",
            (Self::Danger, false) => "button danger",
            (Self::Danger, true) => "button danger small",
            (Self::Quiet, false) => "button quiet",
            (Self::Quiet, true) => "button quiet small",
        }
    }
}

/// Submits the form around it; shows that the form is being sent.
#[component]
pub fn Button(
    #[prop(optional)] variant: Variant,
    #[prop(optional)] small: bool,
    #[prop(optional)] icon: Option<&'static str>,
    /// `name=value` that tells several buttons of one form apart.
    #[prop(optional)]
    name: Option<&'static str>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// The reason why it is disabled, or more words for the button.
    #[prop(optional, into)]
    title: Option<String>,
    children: Children,
) -> impl IntoView {
    let form = use_context::<FormState>();
    let busy = move || form.is_some_and(|form| form.pending.get());
    view! {
        <button
            type="submit"
            class=variant.class(small)
            class:busy=busy
            name=name
            value=value
            title=title
            disabled=move || disabled.get()
            aria-busy=move || busy().then_some("true")
        >
            {icon.map(|name| view! { <Icon name/> })}
            <span>{children()}</span>
        </button>
    }
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    #[prop(into)] href: Signal<String>,
    #[prop(optional)] variant: Variant,
    #[prop(optional)] small: bool,
    #[prop(optional)] icon: Option<&'static str>,
    /// Opens in a new tab.
    #[prop(optional)]
    external: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <a
            class=variant.class(small)
            href=move || href.get()
            target=external.then_some("_blank")
            rel=external.then_some("noreferrer external")
        >
            {icon.map(|name| view! { <Icon name/> })}
            <span>{children()}</span>
        </a>
    }
}
