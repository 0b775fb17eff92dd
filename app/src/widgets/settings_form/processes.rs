//! Rows of further processes. There is always a spare row, so that one can be added without any script, too.

use crate::{
    api::service::forms::ProcessRow,
    components::{Icon, TextField},
};
use leptos::{html::Input, prelude::*};

/// A row for each process, and one for the next.
#[component]
pub fn ProcessRows(rows: Vec<ProcessRow>) -> impl IntoView {
    let shown = RwSignal::new(rows.len());
    let with_spare: Vec<_> = rows.into_iter().chain([spare()]).enumerate().collect();
    let rows = RwSignal::new(with_spare);
    let add = move |_| {
        let next = shown.get_untracked();
        shown.set(next + 1);
        rows.update(|rows| {
            if rows.len() == next {
                rows.push((next, spare()));
            }
        });
        request_animation_frame(move || focus(&ProcessRow::field(next, "name")));
    };
    view! {
        <div class="process-rows">
            <For each=move || rows.get() key=|(row, _)| *row
                children=move |(row, process)| view! { <Row row process shown=shown.into()/> }/>
            <p class="hint without-script">"Save to get a row for one more. A row whose name and command are empty is left out."</p>
            <div class="form-actions with-script">
                <button type="button" class="button small" on:click=add><Icon name="plus"/><span>"Add a process"</span></button>
            </div>
        </div>
    }
}

fn spare() -> ProcessRow {
    ProcessRow { replicas: "1".to_owned(), ..ProcessRow::default() }
}

#[component]
fn Row(
    /// The place among the rows; it stays when others go.
    row: usize,
    process: ProcessRow,
    /// How many rows are in use, when there is a script to bring out the spare one.
    shown: Signal<usize>,
) -> impl IntoView {
    let gone = RwSignal::new(false);
    let (name, command) = (NodeRef::<Input>::new(), NodeRef::<Input>::new());
    let remove = move |_| {
        for field in [name, command].into_iter().filter_map(|field| field.get_untracked()) {
            field.set_value("");
        }
        gone.set(true);
    };
    let at = |part| ProcessRow::field(row, part);
    let spare = move || row >= shown.get();
    view! {
        <div class="process-row" class:spare=spare class:gone=move || gone.get()>
            <TextField name=at("name") label="Name" value=process.name node_ref=name mono=true optional=true
                placeholder="worker" autocomplete="off"/>
            <TextField name=at("command") label="Command" value=process.command node_ref=command mono=true optional=true
                placeholder="node worker.js" autocomplete="off"/>
            <TextField name=at("replicas") label="Instances" value=process.replicas mono=true optional=true/>
            <button type="button" class="button quiet with-script" on:click=remove
                title="Remove this process" aria-label="Remove this process">
                <Icon name="trash"/>
            </button>
        </div>
    }
}

/// Gives a field the focus.
fn focus(name: &str) {
    use leptos::wasm_bindgen::JsCast;
    let found = document().query_selector(&format!("[name=\"{name}\"]")).ok().flatten();
    if let Some(field) = found.and_then(|found| found.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
        let _ = field.focus();
    }
}
