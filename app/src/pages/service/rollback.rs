//! Going back: what it changes, what it does not bring back, and one button.

use super::{
    deploy::waiting_words,
    frame::{Here, ServiceFrame, may, use_number},
};
use crate::{
    api::deployments::{RollBack, preview_rollback},
    components::{
        Button, Card, Checkbox, Form, Hidden, LinkButton, Load, Loadable, Notice, Submission, Table, Tone,
        Variant,
    },
};
use berth_domain::{
    permission::Permission,
    release::{Change, RollbackPreview},
};
use leptos::prelude::*;

/// Shows the difference to an earlier release and goes back to it.
#[component]
pub fn RollbackPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Rollback here/> }/> }
}

#[component]
fn Rollback(here: Here) -> impl IntoView {
    let number = use_number();
    let path = here.path.clone();
    let preview: Loadable<RollbackPreview> =
        Resource::new(move || number.get(), move |number| preview_rollback(path.clone(), number));
    let roll_back = Submission::to::<RollBack>();
    let service = here.service;
    let warning = Memo::new(move |_| service.with(waiting_words));
    let show = move |preview: RollbackPreview| {
        let (changes, not_restored) = (preview.changes.clone(), preview.not_restored.clone());
        view! {
            <Changes to=preview.to changes/>
            <NotRestored lines=not_restored/>
            {move || warning.get().map(|warning| view! { <Notice tone=Tone::Warn title="Requests wait meanwhile"><p>{warning}</p></Notice> })}
            <Confirm preview here=here.clone() roll_back/>
        }
    };
    view! { <Load resource=preview inside=true view=show/> }
}

#[component]
fn Changes(to: u64, changes: Vec<Change>) -> impl IntoView {
    let title = format!("Roll back to deployment #{to}");
    if changes.is_empty() {
        return view! {
            <Card title><p>"Nothing differs from what is live. Rolling back would start the same release again."</p></Card>
        }
        .into_any();
    }
    let cell = |value: Option<String>| match value {
        Some(value) => view! { <span class="mono breakable">{value}</span> }.into_any(),
        None => view! { <span class="muted">"not set"</span> }.into_any(),
    };
    let rows = changes
        .into_iter()
        .map(|change| {
            view! {
                <tr>
                    <th scope="row">{change.what}</th>
                    <td class="diff-from">{cell(change.from)}</td>
                    <td class="diff-to">{cell(change.to)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title text="This is what would change. Values of variables are never shown here, only that they differ." flush=true>
            <Table head=vec!["What", "Live now", "After the rollback"] caption="What the rollback changes">{rows}</Table>
        </Card>
    }
    .into_any()
}

#[component]
fn NotRestored(lines: Vec<String>) -> impl IntoView {
    (!lines.is_empty()).then(|| {
        let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
        view! { <Notice tone=Tone::Warn title="What is not brought back"><ul>{lines}</ul></Notice> }
    })
}

#[component]
fn Confirm(preview: RollbackPreview, here: Here, roll_back: Submission) -> impl IntoView {
    if !preview.image_available {
        return view! {
            <Notice tone=Tone::Bad title="The image is gone">
                <p>"The image of this release is no longer on this machine, so it cannot be started again. Deploy its commit instead: it is built anew."</p>
            </Notice>
        }
        .into_any();
    }
    if !may(Permission::Deploy) {
        return view! { <p class="hint">"Your role does not allow rolling back."</p> }.into_any();
    }
    let back = format!("{}/deployments", here.base());
    view! {
        <Form action=roll_back class="form rollback-form">
            {here.hidden()}
            <Hidden name="to" value=preview.to.to_string()/>
            <Checkbox
                name="keep_variables"
                label="Keep the variables of now"
                hint="Otherwise the release runs with the variables that it had then. The saved ones stay as they are either way."
            />
            <div class="form-actions">
                <Button variant=Variant::Primary icon="rollback">{format!("Roll back to #{}", preview.to)}</Button>
                <LinkButton href=back>"Back"</LinkButton>
            </div>
        </Form>
    }
    .into_any()
}
