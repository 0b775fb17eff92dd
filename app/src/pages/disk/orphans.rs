//! What carries Berth's label in Docker and is wanted by nobody.

use super::DiskTabs;
use crate::{
    api::disk::{KeepOrphan, RemoveOrphan, load_orphans},
    components::{
        Badge, Button, Card, Confirmation, Disclosure, EmptyState, Form, Hidden, Icon, Load, Loadable,
        Notice, Page, Submission, Time, Tone, Variant,
    },
    live::Topic,
    pages::service::follow::{follow, refresh_after},
};
use berth_domain::disk::{OrphanKind, OrphanReport, OrphanView, size_text};
use leptos::prelude::*;

/// What nobody wants.
#[component]
pub fn OrphansPage() -> impl IntoView {
    let first: Loadable<OrphanReport> = Resource::new(|| (), |()| load_orphans());
    let subtitle = "Containers, networks, images and volumes that carry Berth's label and that no project, service or \
        release refers to. What is not Berth's is never listed and never touched.";
    view! {
        <Page
            title="What nobody wants" subtitle=view! { {subtitle} }.into_any()
            tabs=view! { <DiskTabs/> }.into_any()
        >
            <Load resource=first inside=true view=|report| view! { <Report report/> }/>
        </Page>
    }
}

#[derive(Clone, Copy)]
struct Verbs {
    remove: Submission,
    keep: Submission,
}

#[component]
fn Report(report: OrphanReport) -> impl IntoView {
    let report = follow(report, Topic::Disk, load_orphans);
    let verbs = Verbs { remove: Submission::to::<RemoveOrphan>(), keep: Submission::to::<KeepOrphan>() };
    refresh_after(verbs.remove, Topic::Disk);
    refresh_after(verbs.keep, Topic::Disk);
    let none = Memo::new(move |_| report.with(|report| report.items.is_empty()));
    let key =
        |item: &OrphanView| (item.kind, item.name.clone(), item.removed_at, item.size, item.problem.clone());
    view! {
        {move || report.with(|report| report.problem.clone()).map(|problem| view! {
            <Notice tone=Tone::Warn title="Docker could not be asked.">
                <p>{problem}</p>
                <p class="hint">"What is shown was seen before. Berth asks again by itself."</p>
            </Notice>
        })}
        <Show when=move || none.get()><Nothing seen=Signal::derive(move || report.with(|report| report.looked_at.is_some()))/></Show>
        <Show when=move || !none.get()>
            <Card flush=true>
                <ul class="orphans">
                    <For each=move || report.get().items key=key let:item><Row item verbs/></For>
                </ul>
            </Card>
        </Show>
        {move || report.with(|report| report.looked_at).map(|at| view! {
            <p class="hint with-icon"><Icon name="clock"/><span>"Looked at "<Time at/>"."</span></p>
        })}
    }
}

#[component]
fn Nothing(seen: Signal<bool>) -> impl IntoView {
    move || match seen.get() {
        true => view! {
            <EmptyState icon="check" title="Everything is wanted" text="All that Berth has in Docker belongs to something."/>
        },
        false => view! {
            <EmptyState icon="clock" title="Not looked yet" text="Berth looks as soon as Docker answers, and then every few minutes."/>
        },
    }
}

#[component]
fn Row(item: OrphanView, verbs: Verbs) -> impl IntoView {
    let icon = match item.kind {
        OrphanKind::Container => "service",
        OrphanKind::Network => "environment",
        OrphanKind::Image => "image",
        OrphanKind::Volume => "volume",
    };
    let owner = item.belonged_to.clone().map(|path| format!("{path}: "));
    let size = item.size.map(size_text);
    view! {
        <li class="orphan">
            <Icon name=icon/>
            <div class="orphan-text">
                <p class="orphan-name"><span class="mono breakable">{item.name.clone()}</span><Badge text=item.kind.as_str()/></p>
                <p class="muted">{owner}{item.why.clone()}</p>
                {item.problem.clone().map(|problem| view! { <p class="field-error"><Icon name="error"/>{problem}</p> })}
                <p class="disk-facts">
                    {size.map(|size| view! { <span>{size}</span> })}
                    <span>"seen "<Time at=item.since/></span>
                    <Fate item=item.clone()/>
                </p>
            </div>
            <div class="orphan-actions"><Actions item verbs/></div>
        </li>
    }
}

/// What becomes of it.
#[component]
fn Fate(item: OrphanView) -> impl IntoView {
    match (item.removed_at, item.kind) {
        (Some(at), OrphanKind::Volume) => {
            let by = item.asked_by.map(|who| format!(", as {who} asked"));
            view! { <span class="fate">"will be deleted "<Time at/>{by}</span> }.into_any()
        }
        (Some(at), _) => view! { <span class="fate">"will be removed "<Time at/></span> }.into_any(),
        (None, OrphanKind::Volume) => view! { <span>"stays until you delete it"</span> }.into_any(),
        (None, _) => view! { <span>"stays until you remove it"</span> }.into_any(),
    }
}

#[component]
fn Actions(item: OrphanView, verbs: Verbs) -> impl IntoView {
    let (kind, name) = (item.kind, item.name.clone());
    let named =
        move || view! { <Hidden name="kind" value=kind.as_str()/><Hidden name="name" value=name.clone()/> };
    match (kind, item.removed_at) {
        (OrphanKind::Volume, Some(_)) => view! {
            <Form action=verbs.keep class="inline-form">
                {named()}
                <Button small=true icon="check">"Keep it"</Button>
            </Form>
        }
        .into_any(),
        (OrphanKind::Volume, None) => view! { <DeleteVolume item verbs/> }.into_any(),
        _ => view! {
            <Form action=verbs.remove class="inline-form">
                {named()}
                <Button small=true variant=Variant::Danger icon="trash">"Remove now"</Button>
            </Form>
        }
        .into_any(),
    }
}

#[component]
fn DeleteVolume(item: OrphanView, verbs: Verbs) -> impl IntoView {
    let size = item.size.map_or_else(|| "not counted yet".to_owned(), size_text);
    let goes = vec![format!("All data in it ({size}). Until its time has come, it can be kept.")];
    view! {
        <Disclosure summary="Delete data" icon="trash">
            <Form action=verbs.remove>
                <Hidden name="kind" value=item.kind.as_str()/>
                <Hidden name="name" value=item.name.clone()/>
                <Confirmation confirm=item.name goes stays=Vec::new() verb="Delete the data"/>
            </Form>
        </Disclosure>
    }
}
