//! Data that outlives instances.

use super::{
    files::Files,
    follow::{follow, refresh_after},
    frame::{Here, ServiceFrame, may},
};
use crate::{
    api::volumes::{AddVolume, DeleteVolume, UnmountVolume, load_volumes},
    components::{
        Badge, Button, Card, Checkbox, Confirmation, Disclosure, EmptyState, Form, Hidden, Load, Loadable,
        Table, TextField, Tone, Variant,
    },
    live::Topic,
};
use berth_domain::{permission::Permission, service::VolumeView};
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
    unmount: ServerAction<UnmountVolume>,
    delete: ServerAction<DeleteVolume>,
}

#[component]
fn Loaded(volumes: Vec<VolumeView>, here: Here) -> impl IntoView {
    let topic = Topic::Service(here.path.clone());
    let path = here.path.clone();
    let volumes = follow(volumes, topic.clone(), move || load_volumes(path.clone()));
    let add = ServerAction::<AddVolume>::new();
    let verbs = Verbs { unmount: ServerAction::new(), delete: ServerAction::new() };
    refresh_after(add.into(), topic.clone());
    refresh_after(verbs.unmount.into(), topic.clone());
    refresh_after(verbs.delete.into(), topic);
    let rows = move || volumes.get();
    let none = Memo::new(move |_| volumes.with(Vec::is_empty));
    let row_here = StoredValue::new(here.clone());
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
                    <For each=rows key=|volume| (volume.docker_name.clone(), volume.exists, volume.size) let:volume>
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
        Some(true) => view! { <Badge tone=Tone::Good text="exists" title=volume.docker_name.clone()/> },
        Some(false) => view! { <Badge text="made at the next deployment" title=volume.docker_name.clone()/> },
        None => {
            view! { <Badge tone=Tone::Warn text="Docker does not answer" title=volume.docker_name.clone()/> }
        }
    };
    let mode = volume.read_only.then(|| view! { <span class="row-sub">"read only"</span> });
    let size = volume.size.map_or("not counted yet".to_owned(), size_text);
    view! {
        <tr>
            <th scope="row" class="mono">{name.clone()}</th>
            <td class="mono breakable">{volume.path.clone()}{mode}</td>
            <td>{data}</td>
            <td class="muted">{size}</td>
            <td class="row-actions">
                {may(Permission::Configure).then(|| view! { <UnmountForm name=name.clone() here=here.clone() unmount=verbs.unmount/> })}
                {(volume.exists == Some(true) && may(Permission::Administer)).then(|| view! { <DeleteForm name here delete=verbs.delete/> })}
            </td>
        </tr>
    }
}

#[component]
fn UnmountForm(name: String, here: Here, unmount: ServerAction<UnmountVolume>) -> impl IntoView {
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

#[component]
fn DeleteForm(name: String, here: Here, delete: ServerAction<DeleteVolume>) -> impl IntoView {
    let goes = vec![format!("All data in the volume {name}. There is no way back.")];
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
fn AddForm(here: Here, add: ServerAction<AddVolume>) -> impl IntoView {
    view! {
        <Card title="Mount a volume" text="It takes effect with the next deployment. While a volume that can be written is mounted, the old instance is stopped before the new one starts: two writers could destroy the data.">
            <Form action=add>
                {here.hidden()}
                <div class="field-row">
                    <TextField name="name" label="Name" placeholder="data" mono=true autocomplete="off"/>
                    <TextField name="mount" label="Folder in the container" placeholder="/var/lib/app" mono=true autocomplete="off"/>
                </div>
                <Checkbox name="read_only" label="Read only" hint="The program can read the folder and not change it."/>
                <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Mount"</Button></div>
            </Form>
        </Card>
    }
}

/// Bytes as people say them.
pub fn size_text(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1_024.0 && unit + 1 < units.len() {
        size /= 1_024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_read_as_people_say_them() {
        let got = [0, 1_023, 1_536, 5 << 30].map(super::size_text);
        assert_eq!(got, ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    }
}
