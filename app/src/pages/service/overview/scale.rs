//! More or fewer instances of a process: minus, a number, plus. A plain form, so it needs no script.

use crate::{
    api::service::ScaleService,
    components::{Button, Form, Hidden, Icon, Submission},
    pages::service::frame::Here,
};
use berth_domain::service::{ServiceView, WEB};
use leptos::prelude::*;

/// The buttons and the number.
#[component]
pub fn ScaleControl(process: String, here: Here, wanted: Signal<u16>) -> impl IntoView {
    let scale = Submission::to::<ScaleService>();
    let service = here.service;
    Effect::new(move |_| {
        if let Some(scaled) = scale.output::<ServiceView>() {
            service.set(scaled);
        }
    });
    let named = if process == WEB { String::new() } else { process.clone() };
    let label = |text: &str| format!("{text} of {process}");
    let (fewer, more) = (label("One instance less"), label("One instance more"));
    let (set, number) = (label("Set the number of instances"), label("Instances"));
    let (at_least, at_most) = (move || wanted.get() <= 1, move || wanted.get() >= 100);
    view! {
        <Form action=scale class="scale">
            {here.hidden()}
            <Hidden name="process" value=named/>
            // Enter in the number presses the first button of the form, which must be neither of the two beside it.
            <button type="submit" class="visually-hidden" tabindex="-1">{set}</button>
            <button type="submit" class="button small" name="to" title=fewer.clone() aria-label=fewer
                value=move || wanted.get().saturating_sub(1).to_string() disabled=at_least>
                <Icon name="minus"/>
            </button>
            <input type="number" name="replicas" min="1" max="100" required=true aria-label=number
                value=move || wanted.get().to_string() prop:value=move || wanted.get().to_string()/>
            <button type="submit" class="button small" name="to" title=more.clone() aria-label=more
                value=move || wanted.get().saturating_add(1).to_string() disabled=at_most>
                <Icon name="plus"/>
            </button>
            <Button small=true>"Scale"</Button>
        </Form>
    }
}
