//! The raw editor: all variables as one dotenv text.

use super::super::{
    follow::refresh_after,
    frame::{Here, may},
};
use crate::{
    api::variables::{ExportVariables, ImportVariables},
    components::{Button, Card, Disclosure, Form, SelectField, Submission, TextArea, Variant},
    live::Topic,
    widgets::variables::DotenvHelp,
};
use berth_domain::{permission::Permission, variable::ExportedVariables};
use leptos::prelude::*;

/// Import and export.
#[component]
pub fn RawEditor(
    here: Here,
    topic: Topic,
    /// What was pasted where one key belongs.
    pasted: RwSignal<String>,
) -> impl IntoView {
    let import = Submission::to::<ImportVariables>();
    let export = Submission::to::<ExportVariables>();
    refresh_after(import, topic);
    let text = pasted.try_update_untracked(std::mem::take).unwrap_or_default();
    Effect::new(move |_| {
        if let Some(exported) = export.output::<ExportedVariables>() {
            fill_editor(&exported.dotenv);
        }
    });
    let hidden = here.clone();
    view! {
        {may(Permission::Reveal).then(|| view! {
            <Form action=export class="inline-form raw-load">
                {hidden.hidden()}
                <Button icon="download" title="The reading is noted in the audit trail">"Load the saved variables"</Button>
                <span class="hint">"Shows all values in the editor, secrets too."</span>
            </Form>
        })}
        {may(Permission::Configure).then(|| view! { <ImportForm here import text=text.clone()/> })}
        <Disclosure summary="The format"><DotenvHelp/></Disclosure>
    }
}

#[component]
fn ImportForm(here: Here, import: Submission, text: String) -> impl IntoView {
    let options = |options: [(&str, &str); 2]| {
        options.map(|(value, word)| (value.to_owned(), word.to_owned())).to_vec()
    };
    view! {
        <Card title="Dotenv text" text="One KEY=value per line. Keys, certificates and JSON can be pasted as they are.">
            <Form action=import>
                {here.hidden()}
                <TextArea name="dotenv" label="Text" secret=true value=text mono=true optional=true rows=16 placeholder="DATABASE_URL=postgres://..."/>
                <div class="field-row">
                    <SelectField name="mode" label="Variables that the text does not have"
                        options=options([("merge", "stay as they are"), ("replace", "are removed")])/>
                    <SelectField name="kind" label="New variables are"
                        options=options([("secret", "secret"), ("plain", "plain")])/>
                </div>
                <div class="form-actions"><Button variant=Variant::Primary icon="upload">"Save the text"</Button></div>
            </Form>
        </Card>
    }
}

/// Puts a text into the editor, also when a person has written there.
fn fill_editor(text: &str) {
    if let Ok(Some(editor)) = document().query_selector("textarea[name=dotenv]") {
        set_property(&editor, "value", &Some(text.into()));
    }
}
