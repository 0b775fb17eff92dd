//! A pull request and its preview.

use super::{super::frame::Here, Verbs};
use crate::{
    components::{Badge, Button, Form, Hidden, Time, Tone, Variant},
    pages::may,
    widgets::{StateBadge, UrlLink},
};
use berth_domain::{
    permission::Permission,
    preview::{PreviewState, PreviewView},
};
use leptos::prelude::*;

/// One line of the table.
#[component]
pub fn Row(preview: PreviewView, here: Here, verbs: Verbs) -> impl IntoView {
    let title = format!("#{} {}", preview.number, preview.title);
    let title = match preview.url.clone() {
        Some(url) => view! { <a href=url target="_blank" rel="noreferrer external">{title}</a> }.into_any(),
        None => view! { <span>{title}</span> }.into_any(),
    };
    let from = format!("{} from {}", preview.branch, preview.author);
    let short: String = preview.commit.chars().take(8).collect();
    let link = preview.link.clone().map(|url| view! { <UrlLink url/> });
    let page = preview.service.clone().map(|path| {
        let href = format!("/projects/{path}");
        view! { <a class="row-sub" href=href>{path.environment.to_string()}</a> }
    });
    let goes = preview.goes_at.map(|at| view! { <span class="row-sub">"goes "<Time at/></span> });
    let changed = preview.changed_at;
    view! {
        <tr>
            <th scope="row" class="breakable">{title}<span class="row-sub">{from}</span></th>
            <td><States preview=preview.clone()/></td>
            <td class="breakable">{link}{page}</td>
            <td><span class="mono">{short}</span><span class="row-sub"><Time at=changed/></span>{goes}</td>
            <td class="row-actions">
                {may(Permission::Deploy).then(|| view! { <Actions preview here verbs/> })}
            </td>
        </tr>
    }
}

#[component]
fn States(preview: PreviewView) -> impl IntoView {
    let state = match (preview.state, preview.service_state) {
        (PreviewState::Waiting, _) => {
            view! { <Badge tone=Tone::Warn icon="lock" text="waits for approval"/> }.into_any()
        }
        (PreviewState::Open, Some(state)) => {
            view! { <StateBadge state reason=preview.reason.clone()/> }.into_any()
        }
        (PreviewState::Open, None) => {
            view! { <Badge tone=Tone::Busy icon="queued" text="on its way"/> }.into_any()
        }
        (PreviewState::Removed | PreviewState::Closed, _) => {
            view! { <Badge icon="removed" text="removed"/> }.into_any()
        }
    };
    let approved = preview.approved_by.map(|by| format!("approved by {by}"));
    view! {
        {state}
        {preview.foreign.then(|| view! {
            " "<Badge tone=Tone::Info text="foreign" title="From a fork, or from somebody who is no member there"/>
        })}
        {preview.reason.map(|why| view! { <span class="row-sub">{why}</span> })}
        {approved.map(|by| view! { <span class="row-sub">{by}</span> })}
    }
}

#[component]
fn Actions(preview: PreviewView, here: Here, verbs: Verbs) -> impl IntoView {
    let number = preview.number.to_string();
    let fields = || view! { {here.hidden()}<Hidden name="number" value=number.clone()/> };
    let (first, second) = (fields(), fields());
    let waiting = preview.state == PreviewState::Waiting;
    let has_environment = preview.service.is_some();
    view! {
        {match waiting {
            true => view! {
                <Form action=verbs.approve class="inline-form">
                    {first}
                    <Hidden name="commit" value=preview.commit/>
                    <Button small=true variant=Variant::Primary icon="check"
                        title="It runs with the variables of previews, on this machine">"Approve this commit"</Button>
                </Form>
            }.into_any(),
            false => view! {
                <Form action=verbs.redeploy class="inline-form">
                    {first}
                    <Button small=true icon="deploy">"Deploy again"</Button>
                </Form>
            }.into_any(),
        }}
        {has_environment.then(|| view! {
            <Form action=verbs.remove class="inline-form">
                {second}
                <Button small=true variant=Variant::Quiet icon="trash"
                    title=format!("Remove the preview of {number} with its volumes")>"Remove"</Button>
            </Form>
        })}
    }
}
