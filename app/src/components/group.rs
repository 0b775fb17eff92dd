use leptos::prelude::*;

/// A part of a long form: what it is about on one side, its fields on the other.
#[component]
pub fn FormGroup(
    #[prop(into)] title: String,
    #[prop(optional, into)] text: Option<String>,
    children: Children,
) -> impl IntoView {
    let label = title.clone();
    view! {
        <section class="form-group" role="group" aria-label=label>
            <div class="form-group-head">
                <h3>{title}</h3>
                {text.map(|text| view! { <p class="hint">{text}</p> })}
            </div>
            <div class="form-group-body">{children()}</div>
        </section>
    }
}
