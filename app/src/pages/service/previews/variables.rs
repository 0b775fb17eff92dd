//! The variables of previews: the only ones that they get.

use super::super::{
    follow::{follow, refresh_after},
    frame::{Here, may},
};
use crate::{
    api::previews::{DeletePreviewVariable, SetPreviewVariable, load_preview_variables},
    components::{
        Button, Card, Form, Hidden, Load, Loadable, SelectField, Submission, Table, TextArea, TextField,
        Time, Variant,
    },
    live::Topic,
};
use berth_domain::{permission::Permission, variable::VariableView};
use leptos::prelude::*;

/// The table, and the form that adds.
#[component]
pub fn Variables(here: Here) -> impl IntoView {
    let path = here.path.clone();
    let first: Loadable<Vec<VariableView>> =
        Resource::new(|| (), move |()| load_preview_variables(path.clone()));
    view! { <Load resource=first inside=true view=move |variables| view! { <Loaded variables here=here.clone()/> }/> }
}

#[component]
fn Loaded(variables: Vec<VariableView>, here: Here) -> impl IntoView {
    let topic = Topic::Service(here.path.clone());
    let path = here.path.clone();
    let variables = follow(variables, topic.clone(), move || load_preview_variables(path.clone()));
    let set = Submission::to::<SetPreviewVariable>();
    let delete = Submission::to::<DeletePreviewVariable>();
    refresh_after(set, topic.clone());
    refresh_after(delete, topic);
    let some = Memo::new(move |_| variables.with(|all| !all.is_empty()));
    let key = |variable: &VariableView| (variable.key.clone(), variable.changed_at);
    let row_here = StoredValue::new(here.clone());
    view! {
        <Card title="Variables of previews" text="Previews get these and no others: never those of the service. They take effect with a preview's next deployment.">
            <Show when=move || some.get()>
                <Table head=vec!["Key", "Value", "Changed", ""] caption="Variables of previews">
                    <For each=move || variables.get() key let:variable>
                        <Row variable here=row_here.get_value() delete/>
                    </For>
                </Table>
            </Show>
            {may(Permission::Configure).then(|| view! { <AddForm here set/> })}
        </Card>
    }
}

#[component]
fn Row(variable: VariableView, here: Here, delete: Submission) -> impl IntoView {
    let key = variable.key.clone();
    let value = variable.value.unwrap_or_else(|| "\u{2022}".repeat(8));
    let changed = variable.changed_at.map(|at| view! { <Time at/> });
    view! {
        <tr>
            <th scope="row" class="mono breakable">{key.clone()}</th>
            <td class="grow"><code class="breakable">{value}</code></td>
            <td class="muted">{changed}<span class="row-sub">{variable.changed_by}</span></td>
            <td class="row-actions">
                {may(Permission::Configure).then(|| view! {
                    <Form action=delete class="inline-form">
                        {here.hidden()}
                        <Hidden name="key" value=key.clone()/>
                        <Button small=true variant=Variant::Quiet icon="trash" title=format!("Delete {key}")>
                            <span class="visually-hidden">{format!("Delete {key}")}</span>
                        </Button>
                    </Form>
                })}
            </td>
        </tr>
    }
}

#[component]
fn AddForm(here: Here, set: Submission) -> impl IntoView {
    let kinds =
        [("secret", "Secret"), ("plain", "Plain")].map(|(value, word)| (value.to_owned(), word.to_owned()));
    view! {
        <Form action=set class="form variable-form">
            {here.hidden()}
            <TextField name="key" label="Key" placeholder="DATABASE_URL" mono=true autocomplete="off"/>
            <TextArea name="value" label="Value" mono=true secret=true optional=true rows=1/>
            <SelectField name="kind" label="Kind" options=kinds.to_vec() value="secret"/>
            <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Save"</Button></div>
        </Form>
    }
}
