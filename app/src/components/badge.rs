use super::Icon;
use leptos::prelude::*;

/// What a colour says; never without its word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Neutral,
    Good,
    Busy,
    Warn,
    Bad,
    Info,
}

impl Tone {
    /// The word in the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
        }
    }
}

/// A word with a colour and a sign.
#[component]
pub fn Badge(
    #[prop(optional)] tone: Tone,
    #[prop(optional)] icon: Option<&'static str>,
    #[prop(into)] text: String,
    /// More words for the pointer.
    #[prop(optional, into)]
    title: Option<String>,
) -> impl IntoView {
    view! {
        <span class="badge" data-tone=tone.as_str() title=title>
            {icon.map(|name| view! { <Icon name/> })}
            {text}
        </span>
    }
}
