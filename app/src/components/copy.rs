use super::Icon;
use leptos::prelude::*;

/// Copies a text; the script of the shell does it, so it also works before the rest has loaded.
#[component]
pub fn CopyButton(
    #[prop(into)] text: String,
    /// What is copied, for screen readers: `address`.
    #[prop(optional, into)]
    what: Option<String>,
) -> impl IntoView {
    let label = format!("Copy {}", what.as_deref().unwrap_or("to the clipboard"));
    view! {
        <button type="button" class="button quiet small copy" data-copy=text title=label.clone() aria-label=label>
            <Icon name="copy"/>
        </button>
    }
}

/// A text to take elsewhere, in full and with its copy button.
#[component]
pub fn CopyField(#[prop(into)] text: String, #[prop(optional, into)] what: Option<String>) -> impl IntoView {
    view! {
        <div class="copy-field">
            <code>{text.clone()}</code>
            <CopyButton text what=what.unwrap_or_default()/>
        </div>
    }
}
