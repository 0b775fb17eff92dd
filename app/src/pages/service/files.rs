//! Files with content that instances find at their paths.

use super::{
    follow::{follow, refresh_after},
    frame::{Here, may},
};
use crate::{
    api::{
        PanelError,
        files::{DeleteFile, SetFile, load_files, reveal_file},
    },
    components::{
        Button, Card, CopyButton, Disclosure, Form, Hidden, Icon, Load, Loadable, Notice, Submission, Table,
        TextArea, TextField, Time, Tone, Variant,
    },
    live::Topic,
    widgets::variables::AgainstBadge,
};
use berth_domain::{
    disk::size_text,
    file::{FileView, FilesView, RevealedFile},
    permission::Permission,
};
use leptos::prelude::*;

/// The files of a service, and what can be done to them.
#[component]
pub fn Files(here: Here) -> impl IntoView {
    let path = here.path.clone();
    let first: Loadable<FilesView> = Resource::new(|| (), move |()| load_files(path.clone()));
    view! { <Load resource=first inside=true view=move |files| view! { <Loaded files here=here.clone()/> }/> }
}

#[derive(Clone, Copy)]
struct Verbs {
    set: Submission,
    delete: Submission,
}

#[component]
fn Loaded(files: FilesView, here: Here) -> impl IntoView {
    let topic = Topic::Service(here.path.clone());
    let path = here.path.clone();
    let files = follow(files, topic.clone(), move || load_files(path.clone()));
    let (add, verbs) = (
        Submission::to::<SetFile>(),
        Verbs { set: Submission::to::<SetFile>(), delete: Submission::to::<DeleteFile>() },
    );
    refresh_after(add, topic.clone());
    refresh_after(verbs.set, topic.clone());
    refresh_after(verbs.delete, topic);
    let rows = move || files.with(|all| all.files.clone());
    let some = Memo::new(move |_| files.with(|all| !all.files.is_empty()));
    let removed = Memo::new(move |_| files.with(|all| all.removed.join(", ")));
    let row_here = StoredValue::new(here.clone());
    let key = |file: &FileView| (file.id, file.changed_at, file.against_running as u8);
    view! {
        <Show when=move || some.get()>
            <Card title="Files" flush=true>
                <Table head=vec!["Path in the container", "Size", "Against what runs", "Changed", ""] caption="Files">
                    <For each=rows key let:file><Row file here=row_here.get_value() verbs/></For>
                </Table>
            </Card>
        </Show>
        <Show when=move || !removed.with(String::is_empty)>
            <Notice tone=Tone::Warn><p>"What runs still has: "<code>{move || removed.get()}</code></p></Notice>
        </Show>
        {may(Permission::Configure).then(|| view! { <AddForm here add/> })}
    }
}

#[component]
fn Row(file: FileView, here: Here, verbs: Verbs) -> impl IntoView {
    let (path, id) = (file.path.clone(), file.id.to_string());
    let by = file.changed_by.clone();
    let edited = (file, here.clone());
    let reveal =
        may(Permission::Reveal).then(|| view! { <Content path=here.path.to_string() id=id.clone()/> });
    view! {
        <tr>
            <th scope="row" class="mono breakable">{path.clone()}{reveal}</th>
            <td class="muted">{size_text(edited.0.size)}</td>
            <td><AgainstBadge against=edited.0.against_running/></td>
            <td class="muted"><Time at=edited.0.changed_at/><span class="row-sub">{by}</span></td>
            <td class="row-actions">
                {may(Permission::Configure).then(|| view! {
                    <Disclosure summary="Edit" icon="edit">
                        <EditForm file=edited.0 here=edited.1 set=verbs.set/>
                    </Disclosure>
                    <Form action=verbs.delete class="inline-form">
                        {here.hidden()}
                        <Hidden name="file" value=id/>
                        <Button small=true variant=Variant::Quiet icon="trash" title=format!("Remove {path}")>
                            <span class="visually-hidden">{format!("Remove {path}")}</span>
                        </Button>
                    </Form>
                })}
            </td>
        </tr>
    }
}

/// The button that shows the content, and the content.
#[component]
fn Content(path: String, id: String) -> impl IntoView {
    type Reveal = Action<(), Result<RevealedFile, PanelError>>;
    let reveal: Reveal = Action::new(move |()| reveal_file(path.clone(), id.clone()));
    let shown = move || match reveal.value().get() {
        Some(Ok(file)) => match file.text {
            Some(text) => view! {
                <CopyButton text=text.clone() what="the content"/>
                <pre class="file-content">{text}</pre>
            }
            .into_any(),
            None => view! { <p class="hint">"It is not text: the API gives it as base64."</p> }.into_any(),
        },
        Some(Err(error)) => view! { <span class="field-error">{error.to_string()}</span> }.into_any(),
        None => view! {
            <button type="button" class="button quiet small" title="The reading is noted in the audit trail"
                on:click=move |_| { reveal.dispatch(()); }>
                <Icon name="eye"/>
                <span>"Show"</span>
            </button>
        }
        .into_any(),
    };
    view! { <div>{shown}</div> }
}

#[component]
fn EditForm(file: FileView, here: Here, set: Submission) -> impl IntoView {
    view! {
        <Form action=set>
            {here.hidden()}
            <Hidden name="file" value=file.id.to_string()/>
            <TextField name="at" label="Path in the container" value=file.path mono=true autocomplete="off"/>
            <TextArea name="content" label="New content" mono=true secret=true optional=true rows=8
                hint="The saved content is not shown; what is written here takes its place."/>
            <div class="form-actions"><Button small=true variant=Variant::Primary icon="check">"Save"</Button></div>
        </Form>
    }
}

#[component]
fn AddForm(here: Here, add: Submission) -> impl IntoView {
    view! {
        <Card title="Add a file" text="A program finds it at its path and cannot change it. The content is sealed like a secret, and goes back with a rollback. It takes effect with the next deployment or restart.">
            <Form action=add>
                {here.hidden()}
                <TextField name="at" label="Path in the container" placeholder="/etc/app/config.toml" mono=true autocomplete="off"/>
                <TextArea name="content" label="Content" mono=true secret=true optional=true rows=8/>
                <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Add"</Button></div>
            </Form>
        </Card>
    }
}
