use super::{Button, FormState, Icon, Variant};
use leptos::prelude::*;

/// A modal dialog; opened by a [`DialogButton`] of the same id. Without any script it lies open at the place where it is
/// written when the page's address ends in `#id`.
#[component]
pub fn Dialog(id: &'static str, #[prop(into)] title: String, children: Children) -> impl IntoView {
    let heading = format!("{id}-title");
    let labelled = heading.clone();
    view! {
        <dialog id=id class="dialog" aria-labelledby=labelled>
            <header class="dialog-head">
                <h2 id=heading>{title}</h2>
                <button type="button" class="button quiet small" data-close=id aria-label="Close">
                    <Icon name="close"/>
                </button>
            </header>
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
}

/// Opens the dialog of that id: a link, so that it leads there without any script, too.
#[component]
pub fn DialogButton(
    opens: &'static str,
    #[prop(optional)] variant: Variant,
    #[prop(optional)] small: bool,
    #[prop(optional)] icon: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let class = match (variant, small) {
        (Variant::Primary, false) => "button primary",
        (Variant::Primary, true) => "button primary small",
        (Variant::Danger, false) => "button danger",
        (Variant::Danger, true) => "button danger small",
        (Variant::Quiet, false) => "button quiet",
        (Variant::Quiet, true) => "button quiet small",
        (Variant::Plain, false) => "button",
        (Variant::Plain, true) => "button small",
    };
    view! {
        <a class=class href=format!("#{opens}") data-open=opens role="button" rel="external">
            {icon.map(|name| view! { <Icon name/> })}
            <span>{children()}</span>
        </a>
    }
}

/// Something to unfold; native, so it needs no script. It lies open when a form's problem is at one of its fields.
#[component]
pub fn Disclosure(
    #[prop(into)] summary: String,
    #[prop(optional)] open: bool,
    #[prop(optional)] icon: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let (inner, wrong) = FormState::part(use_context::<FormState>(), children);
    view! {
        <details class="disclosure" open=move || open || wrong.get()>
            <summary>
                {icon.map(|name| view! { <Icon name/> })}
                <span>{summary}</span>
                <Icon name="expand"/>
            </summary>
            <div class="disclosure-body">{inner}</div>
        </details>
    }
}

/// The inside of a form that deletes: what goes, what stays, and the word to type. Put it into a `Form`.
#[component]
pub fn Confirmation(
    /// What must be typed.
    #[prop(into)]
    confirm: String,
    goes: Vec<String>,
    stays: Vec<String>,
    /// The button's words: `Delete project`.
    #[prop(into)]
    verb: String,
) -> impl IntoView {
    let lines = |lines: Vec<String>| lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    let hint = format!("Type {confirm} to confirm.");
    view! {
        <div class="confirmation">
            {(!goes.is_empty()).then(|| view! {
                <div class="goes"><h3>"What goes"</h3><ul>{lines(goes)}</ul></div>
            })}
            {(!stays.is_empty()).then(|| view! {
                <div class="stays"><h3>"What stays"</h3><ul>{lines(stays)}</ul></div>
            })}
            <super::TextField name="confirm" label=hint autocomplete="off" pattern=escape_pattern(&confirm) mono=true/>
            <div class="form-actions">
                <Button variant=Variant::Danger icon="trash">{verb}</Button>
            </div>
        </div>
    }
}

/// The browser's pattern that matches exactly this text.
fn escape_pattern(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_' | ' ' | '/') {
            out.push('\\');
        }
        if character == '/' {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
