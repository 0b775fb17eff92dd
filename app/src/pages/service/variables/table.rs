//! All variables, with what can be done to each.

use super::super::frame::{Here, may};
use crate::{
    api::{PanelError, variables::reveal_variable},
    components::{
        Button, Card, CopyButton, Disclosure, Form, Hidden, Icon, Submission, Table, Time, Variant,
    },
    widgets::variables::{AgainstBadge, EditForm},
};
use berth_domain::{
    permission::Permission,
    variable::{RevealedVariable, VariableView, VariablesView},
};
use leptos::prelude::*;

type Reveal = Action<String, Result<RevealedVariable, PanelError>>;

/// The table.
#[component]
pub fn VariableTable(
    variables: RwSignal<VariablesView>,
    here: Here,
    set: Submission,
    delete: Submission,
) -> impl IntoView {
    let rows = move || variables.with(|all| all.variables.clone());
    let key = |variable: &VariableView| {
        (variable.key.clone(), variable.changed_at, variable.secret, variable.against_running as u8)
    };
    view! {
        <Card flush=true>
            <Table head=vec!["Key", "Value", "Against what runs", "Changed", ""] caption="Variables">
                <For each=rows key let:variable>
                    <Row variable path=here.path.to_string() set delete/>
                </For>
            </Table>
        </Card>
    }
}

#[component]
fn Row(variable: VariableView, path: String, set: Submission, delete: Submission) -> impl IntoView {
    let key = variable.key.clone();
    let gone = variable.against_running == berth_domain::variable::AgainstRunning::Removed;
    let changed = variable.changed_at.map(|at| view! { <Time at/> });
    let by = variable.changed_by.clone();
    let may_change = may(Permission::Configure) && !gone;
    let edited = path.clone();
    view! {
        <tr class:removed=gone>
            <th scope="row" class="mono breakable">{key.clone()}</th>
            <td class="grow">{if gone { ().into_any() } else { view! { <Value variable=variable.clone() path=path.clone()/> }.into_any() }}</td>
            <td><AgainstBadge against=variable.against_running/></td>
            <td class="muted">{changed}<span class="row-sub">{by}</span></td>
            <td class="row-actions">
                {may_change.then(|| view! {
                    <Disclosure summary="Edit" icon="edit">
                        <EditForm action=set path=edited variable/>
                    </Disclosure>
                    <Form action=delete class="inline-form">
                        <Hidden name="path" value=path/>
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

/// The value of a plain variable; a mask for a secret, and the button that reveals it.
#[component]
fn Value(variable: VariableView, path: String) -> impl IntoView {
    if let Some(value) = variable.value.filter(|_| !variable.secret) {
        return view! { <span class="value"><code class="breakable">{value.clone()}</code><CopyButton text=value what="the value"/></span> }
            .into_any();
    }
    let reveal: Reveal = Action::new(move |key: &String| reveal_variable(path.clone(), key.clone()));
    let hidden = RwSignal::new(true);
    let value = reveal.value();
    let key = StoredValue::new(variable.key);
    let toggle = move |_| {
        if value.with_untracked(Option::is_none) {
            reveal.dispatch(key.get_value());
        }
        hidden.update(|hidden| *hidden = !*hidden);
    };
    let shown = move || {
        match value.get().filter(|_| !hidden.get()) {
        Some(Ok(revealed)) => view! {
            <code class="breakable">{revealed.value.clone()}</code><CopyButton text=revealed.value what="the value"/>
        }
        .into_any(),
        Some(Err(error)) => view! { <span class="field-error">{error.to_string()}</span> }.into_any(),
        None => view! { <span class="mask" aria-label="hidden">"\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}"</span> }.into_any(),
    }
    };
    view! {
        <span class="value">
            {shown}
            {may(Permission::Reveal).then(|| view! {
                <button type="button" class="button quiet small" title="The reading is noted in the audit trail" on:click=toggle>
                    <Icon name="eye"/>
                    <span>{move || if hidden.get() { "Reveal" } else { "Hide" }}</span>
                </button>
            })}
        </span>
    }
    .into_any()
}
