//! Forms and marks of variables.

use crate::components::{
    Badge, Button, Form, Hidden, Icon, SelectField, Submission, TextArea, TextField, Tone, Variant,
};
use berth_domain::{
    dotenv,
    variable::{AgainstRunning, VariableView},
};
use leptos::{prelude::*, web_sys::Event};

/// How a saved variable stands against what runs.
#[component]
pub fn AgainstBadge(against: AgainstRunning) -> impl IntoView {
    let (tone, text, title) = match against {
        AgainstRunning::Same => return view! { <span class="muted">"same"</span> }.into_any(),
        AgainstRunning::Changed => (Tone::Warn, "changed", "What runs has another value"),
        AgainstRunning::Added => (Tone::Info, "added", "What runs does not have it"),
        AgainstRunning::Removed => (Tone::Bad, "removed", "What runs still has it"),
    };
    view! { <Badge tone text title/> }.into_any()
}

fn kinds() -> Vec<(String, String)> {
    [("secret", "Secret"), ("plain", "Plain")]
        .map(|(value, word)| (value.to_owned(), word.to_owned()))
        .to_vec()
}

/// Adds a variable.
#[component]
pub fn VariableForm(action: Submission, #[prop(into)] path: String) -> impl IntoView {
    Effect::new(move |_| {
        if action.is_done() {
            clear_form();
        }
    });
    view! {
        <Form action=action class="form variable-form">
            <Hidden name="path" value=path/>
            <TextField name="key" label="Key" placeholder="DATABASE_URL" mono=true autocomplete="off"/>
            <TextArea name="value" label="Value" mono=true secret=true optional=true rows=1/>
            <SelectField name="kind" label="Kind" options=kinds() value="secret"/>
            <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Save"</Button></div>
        </Form>
    }
}

/// Makes the form that adds, the first on the page, ready for the next variable.
fn clear_form() {
    use leptos::{wasm_bindgen::JsCast, web_sys::HtmlFormElement};
    if let Ok(Some(form)) = document().query_selector("form.variable-form") {
        form.unchecked_into::<HtmlFormElement>().reset();
    }
}

/// Changes a variable. The value of a secret is not known here: it is written anew.
#[component]
pub fn EditForm(action: Submission, #[prop(into)] path: String, variable: VariableView) -> impl IntoView {
    let kind = if variable.secret { "secret" } else { "plain" };
    let hint = if variable.secret {
        "The saved value is not shown; what is written here takes its place."
    } else {
        ""
    };
    view! {
                <Form action=action class="form variable-form">
            <Hidden name="path" value=path/>
            <Hidden name="key" value=variable.key/>
            <TextArea name="value" label="New value" secret=true hint mono=true optional=true rows=2 value=variable.value.unwrap_or_default()/>
            <SelectField name="kind" label="Kind" options=kinds() value=kind/>
            <div class="form-actions"><Button small=true variant=Variant::Primary icon="check">"Save"</Button></div>
        </Form>

    }
}

/// Offers the dotenv editor when several lines are pasted where one key belongs.
#[component]
pub fn PasteOffer(
    #[prop(into)] dotenv: String,
    /// What was pasted, for the editor to start with.
    pasted: RwSignal<String>,
) -> impl IntoView {
    let count = Memo::new(move |_| pasted.with(|text| dotenv::parse(text).map_or(0, |pairs| pairs.len())));
    Effect::new(move |_| {
        let listen = window_event_listener_untyped("paste", move |event: Event| {
            if let Some(text) = pasted_into_key(&event) {
                pasted.set(text);
            }
        });
        on_cleanup(move || listen.remove());
    });
    view! {
        <Show when={move || count.get() > 1}>
            <p class="paste-offer" role="status">
                <Icon name="info"/>
                <span>{move || format!("That looks like {} variables. ", count.get())}</span>
                <a href=dotenv.clone()>"Import them as a dotenv text"</a>
            </p>
        </Show>
    }
}

/// The text of a paste into the field of a key, when it has several lines.
fn pasted_into_key(event: &Event) -> Option<String> {
    use leptos::{
        wasm_bindgen::{JsCast, JsValue},
        web_sys::js_sys::{Function, Reflect},
    };
    let target: leptos::web_sys::Element = event.target()?.dyn_into().ok()?;
    if target.get_attribute("name").as_deref() != Some("key") {
        return None;
    }
    // By name, since the typed clipboard would be one more part of web-sys for this one line.
    let property = |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name)).ok();
    let data = property(event.as_ref(), "clipboardData")?;
    let read: Function = property(&data, "getData")?.dyn_into().ok()?;
    let text = read.call1(&data, &JsValue::from_str("text")).ok()?.as_string()?;
    text.trim().contains('\n').then_some(text)
}

/// The grammar, for people.
#[component]
pub fn DotenvHelp() -> impl IntoView {
    view! {
        <ul>
            <li><code>"KEY=value"</code>" takes the value to the end of the line, without the spaces around it."</li>
            <li><code>"KEY='value'"</code>" takes everything between the quotes as it is, line breaks too."</li>
            <li><code>r#"KEY="value""#</code>" the same, with "<code>r#"\n \r \t \" \\ \$"#</code>" as escapes."</li>
            <li>"A PEM block or a JSON object that starts behind the = goes on until it ends."</li>
            <li>"Lines that start with # are comments. "<code>"$X"</code>" stays as it is: nothing is filled in."</li>
        </ul>
    }
}
