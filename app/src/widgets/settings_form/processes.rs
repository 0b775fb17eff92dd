//! Rows of further processes. There is always a spare row, so that one can be added.

use crate::{api::service::forms::ProcessRow, components::TextField};
use leptos::prelude::*;

/// A row for each process, and one for the next.
#[component]
pub fn ProcessRows(rows: Vec<ProcessRow>) -> impl IntoView {
    let spare = ProcessRow { replicas: "1".to_owned(), ..ProcessRow::default() };
    let rows = rows
        .into_iter()
        .chain([spare])
        .enumerate()
        .map(|(row, process)| view! { <Row row process/> })
        .collect_view();
    view! {
        <div class="process-rows">
            {rows}
            <p class="hint">"Save to get a row for one more. A row whose name and command are empty is left out."</p>
        </div>
    }
}

#[component]
fn Row(row: usize, process: ProcessRow) -> impl IntoView {
    let at = |part| ProcessRow::field(row, part);
    view! {
        <div class="process-row">
            <TextField name=at("name") label="Name" value=process.name mono=true optional=true
                placeholder="worker" autocomplete="off"/>
            <TextField name=at("command") label="Command" value=process.command mono=true optional=true
                placeholder="node worker.js" autocomplete="off"/>
            <TextField name=at("replicas") label="Instances" value=process.replicas mono=true optional=true/>
        </div>
    }
}
