use super::{FormState, Icon};
use leptos::prelude::*;
use std::borrow::Cow;

/// Label, control, hint and error of one field.
#[component]
pub fn Field(
    /// The field's name in the request; a problem at it is shown here.
    #[prop(into)]
    name: Cow<'static, str>,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] optional: bool,
    children: Children,
) -> impl IntoView {
    let form = use_context::<FormState>();
    let error = FormState::error_at(form, &name);
    let error_id = id_of("error", &name);
    view! {
        <div class="field" class:invalid=move || error.get().is_some()>
            <label for=id_of("field", &name)>
                {label}
                {optional.then(|| view! { <span class="optional">"optional"</span> })}
            </label>
            {children()}
            {hint.filter(|hint| !hint.is_empty()).map(|hint| view! { <p class="hint" id=id_of("hint", &name)>{hint}</p> })}
            {move || error.get().map(|message| view! {
                <p class="field-error" id=error_id.clone() role="alert"><Icon name="error"/>{message}</p>
            })}
        </div>
    }
}

/// The id of a part of a field, unique on the page also when several forms have a field of that name.
fn id_of(part: &str, name: &str) -> String {
    let form = use_context::<FormState>().map_or(0, |form| form.number);
    format!("{part}-{form}-{name}")
}

/// A line of text.
#[component]
pub fn TextField(
    #[prop(into)] name: Cow<'static, str>,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    /// `text` unless told: `password`, `email`, `url`, `number`, `search`.
    #[prop(optional)]
    kind: Option<&'static str>,
    #[prop(optional)] autocomplete: Option<&'static str>,
    #[prop(optional, into)] pattern: Option<String>,
    /// May be left empty.
    #[prop(optional)]
    optional: bool,
    #[prop(optional)] mono: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(optional)] min: Option<i64>,
    #[prop(optional)] max: Option<i64>,
    #[prop(optional)] minlength: Option<usize>,
    #[prop(optional)] node_ref: NodeRef<leptos::html::Input>,
) -> impl IntoView {
    let error = FormState::error_at(use_context::<FormState>(), &name);
    let described = hint.is_some().then(|| id_of("hint", &name));
    let (id, error_id) = (id_of("field", &name), id_of("error", &name));
    view! {
        <Field name=name.clone() label hint=hint.unwrap_or_default() optional>
            <input
                node_ref=node_ref
                id=id
                class:mono=mono
                type=kind.unwrap_or("text")
                name=name
                value=value
                placeholder=placeholder
                autocomplete=autocomplete
                autocapitalize="off"
                spellcheck="false"
                pattern=pattern
                required=!optional
                autofocus=autofocus
                min=min
                max=max
                minlength=minlength
                aria-invalid=move || error.get().map(|_| "true")
                aria-describedby=move || match error.get() {
                    Some(_) => Some(error_id.clone()),
                    None => described.clone(),
                }
            />
        </Field>
    }
}

/// Several lines of text.
#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] optional: bool,
    #[prop(optional)] mono: bool,
    #[prop(optional)] rows: Option<u32>,
    /// What is typed is for nobody to keep, not even until a refused form comes back.
    #[prop(optional)]
    secret: bool,
) -> impl IntoView {
    let error = FormState::error_at(use_context::<FormState>(), name);
    view! {
        <Field name label hint=hint.unwrap_or_default() optional>
            <textarea
                id=id_of("field", name)
                class:mono=mono
                name=name
                placeholder=placeholder
                required=!optional
                rows=rows.unwrap_or(4)
                data-secret=secret.then_some("")
                autocapitalize="off"
                spellcheck="false"
                aria-invalid=move || error.get().map(|_| "true")
                inner_html=textarea_content(&value.unwrap_or_default())
            ></textarea>
        </Field>
    }
}

/// A text as the content of a `<textarea>`. Leptos writes the children of one as they are (and looks for a text node that an
/// empty one does not have), so that the text is escaped here.
fn textarea_content(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;");
    // A parser of a document drops the first line break of a textarea.
    if cfg!(feature = "ssr") && escaped.starts_with('\n') { format!("\n{escaped}") } else { escaped }
}

/// One of several words.
#[component]
pub fn SelectField(
    name: &'static str,
    #[prop(into)] label: String,
    /// Value and word of each choice.
    options: Vec<(String, String)>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
) -> impl IntoView {
    let chosen = value.unwrap_or_default();
    let options = options
        .into_iter()
        .map(|(value, word)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{word}</option> }
        })
        .collect_view();
    view! {
        <Field name label hint=hint.unwrap_or_default()>
            <span class="select">
                <select id=id_of("field", name) name=name>{options}</select>
                <Icon name="expand"/>
            </span>
        </Field>
    }
}

/// Yes or no. A form sends nothing for no: give the server function's argument `#[server(default)]`.
#[component]
pub fn Checkbox(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional)] checked: bool,
    #[prop(optional, into)] hint: Option<String>,
) -> impl IntoView {
    view! {
        <label class="checkbox">
            <input type="checkbox" name=name value="true" checked=checked/>
            <span class="checkbox-text">
                {label}
                {hint.map(|hint| view! { <span class="hint">{hint}</span> })}
            </span>
        </label>
    }
}

/// A value that the form carries along.
#[component]
pub fn Hidden(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value/> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_sec_12_a_textarea_does_not_let_its_text_out() {
        assert_eq!(textarea_content("</textarea><b>&"), "&lt;/textarea&gt;&lt;b&gt;&amp;");
    }
}
