//! Data that outlives instances.

use super::{
    files::Files,
    follow::{follow, refresh_after},
    frame::{Here, ServiceFrame, may},
};
use crate::{
    api::volumes::{AddVolume, DeleteVolume, KeepVolume, UnmountVolume, load_volumes},
    components::{
        Badge, Button, Card, Checkbox, Confirmation, Disclosure, EmptyState, Form, Hidden, Load, Loadable,
        Submission, Table, TextField, Time, Tone, Variant,
    },
    live::Topic,
};
use berth_domain::{
    disk::{VolumeDeletion, size_text},
    permission::Permission,
    service::VolumeView,
};
use leptos::prelude::*;

/// The volumes of a service.
#[component]
pub fn VolumesPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Volumes here/> }/> }
}

#[component]
fn Volumes(here: Here) -> impl IntoView {
    let path = here.path.clone();
    let first: Loadable<Vec<VolumeView>> = Resource::new(|| (), move |()| load_volumes(path.clone()));
    let files = here.clone();
    view! {
        <Load resource=first inside=true view=move |volumes| view! { <Loaded volumes here=here.clone()/> }/>
        <Files here=files/>
    }
}

#[derive(Clone, Copy)]
struct Verbs {
    unmount: Submission,
    delete: Submission,
    keep: Submission,
}

#[component]
fn Loaded(volumes: Vec<VolumeView>, here: Here) -> impl IntoView {
    let topic = Topic::Service(here.path.clone());
    let path = here.path.clone();
    let volumes = follow(volumes, topic.clone(), move || load_volumes(path.clone()));
    let add = Submission::to::<AddVolume>();
    let verbs = Verbs {
        unmount: Submission::to::<UnmountVolume>(),
        delete: Submission::to::<DeleteVolume>(),
        keep: Submission::to::<KeepVolume>(),
    };
    refresh_after(add, topic.clone());
    refresh_after(verbs.unmount, topic.clone());
    refresh_after(verbs.delete, topic.clone());
    refresh_after(verbs.keep, topic);
    let rows = move || volumes.get();
    let none = Memo::new(move |_| volumes.with(Vec::is_empty));
    let row_here = StoredValue::new(here.clone());
    let key = |volume: &VolumeView| {
        (volume.docker_name.clone(), volume.exists, volume.size, volume.deletion.clone().map(|d| d.due_at))
    };
    view! {
        <Show when=move || none.get()>
            <EmptyState
                icon="volume"
                title="No volumes"
                text="What a program writes inside its container is gone with the next deployment. A volume keeps a folder."
            />
        </Show>
        <Show when=move || !none.get()>
            <Card flush=true>
                <Table head=vec!["Name", "Folder in the container", "Data", "Size", ""] caption="Volumes">
                    <For each=rows key=key let:volume>
                        <Row volume here=row_here.get_value() verbs/>
                    </For>
                </Table>
            </Card>
        </Show>
        {may(Permission::Configure).then(|| view! { <AddForm here add/> })}
    }
}

#[component]
fn Row(volume: VolumeView, here: Here, verbs: Verbs) -> impl IntoView {
    let name = volume.name.to_string();
    let data = match volume.exists {
        Some(true) if volume.deletion.is_some() => {
            view! { <Badge tone=Tone::Warn text="will be deleted" title=volume.docker_name.clone()/> }
        }
        Some(true) => view! { <Badge tone=Tone::Good text="exists" title=volume.docker_name.clone()/> },
        Some(false) => view! { <Badge text="made at the next deployment" title=volume.docker_name.clone()/> },
        None => {
            view! { <Badge tone=Tone::Warn text="Docker does not answer" title=volume.docker_name.clone()/> }
        }
    };
    let mode = volume.read_only.then(|| view! { <span class="row-sub">"read only"</span> });
    let size = size_of(&volume);
    view! {
        <tr>
            <th scope="row" class="mono">{name.clone()}</th>
            <td class="mono breakable">{volume.path.clone()}{mode}</td>
            <td>{data}</td>
            <td class="muted">{size}</td>
            <td class="row-actions">
                {(may(Permission::Configure) && !volume.path.is_empty()).then(|| view! { <UnmountForm name here=here.clone() unmount=verbs.unmount/> })}
                <Fate volume here verbs/>
            </td>
        </tr>
    }
}

#[component]
fn UnmountForm(name: String, here: Here, unmount: Submission) -> impl IntoView {
    view! {
        <Disclosure summary="Unmount" icon="close">
            <Form action=unmount>
                {here.hidden()}
                <Hidden name="name" value=name/>
                <p>"From the next deployment on the folder is not mounted any more. The data stays on this machine."</p>
                <Button small=true icon="close">"Unmount it"</Button>
            </Form>
        </Disclosure>
    }
}

fn size_of(volume: &VolumeView) -> String {
    volume.size.map_or_else(|| "not counted yet".to_owned(), size_text)
}

/// Deletes the data, or takes that back.
#[component]
fn Fate(volume: VolumeView, here: Here, verbs: Verbs) -> impl IntoView {
    match volume.deletion.clone() {
        Some(deletion) => view! { <KeepForm volume deletion here keep=verbs.keep/> }.into_any(),
        None if volume.exists == Some(true) && may(Permission::Administer) => {
            view! { <DeleteForm volume here delete=verbs.delete/> }.into_any()
        }
        None => ().into_any(),
    }
}

#[component]
fn KeepForm(volume: VolumeView, deletion: VolumeDeletion, here: Here, keep: Submission) -> impl IntoView {
    let title = format!("{} asked for it", deletion.asked_by);
    view! {
        <Form action=keep class="inline-form">
            {here.hidden()}
            <Hidden name="name" value=volume.name.to_string()/>
            <span class="fate" title=title>"will be deleted "<Time at=deletion.due_at/></span>
            {may(Permission::Configure).then(|| view! { <Button small=true icon="check">"Keep it"</Button> })}
        </Form>
    }
}

#[component]
fn DeleteForm(volume: VolumeView, here: Here, delete: Submission) -> impl IntoView {
    let name = volume.name.to_string();
    let goes = vec![format!(
        "All data in the volume {name} ({}). Until its time has come, it can be kept.",
        size_of(&volume)
    )];
    view! {
        <Disclosure summary="Delete data" icon="trash">
            <Form action=delete>
                {here.hidden()}
                <Hidden name="name" value=name.clone()/>
                <p class="hint">"Only the data of a volume that no instance uses can be deleted: unmount it and deploy first."</p>
                <Confirmation confirm=name goes stays=Vec::new() verb="Delete the data"/>
            </Form>
        </Disclosure>
    }
}

#[component]
fn AddForm(here: Here, add: Submission) -> impl IntoView {
    view! {
        <Card title="Mount a volume" text="It takes effect with the next deployment. While a volume that can be written is mounted, the old instance is stopped before the new one starts: two writers could destroy the data.">
            <Form action=add>
                {here.hidden()}
                <div class="field-row">
                    <TextField name="name" label="Name" placeholder="data" mono=true autocomplete="off"/>
                    <TextField name="mount" label="Folder in the container" placeholder="/var/lib/app" mono=true autocomplete="off"
                        hint="Such as data for a folder below the image's working folder."/>
                </div>
                <Checkbox name="read_only" label="Read only" hint="The program can read the folder and not change it."/>
                <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Mount"</Button></div>
            </Form>
        </Card>
    }
}
