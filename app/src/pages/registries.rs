//! The registries of images that the organisation has credentials for.

use super::may;
use crate::{
    api::registries::{DeleteRegistry, KeepRegistry, registries},
    components::{
        Badge, Button, Card, Checkbox, Disclosure, EmptyState, Form, Hidden, Load, Page, Submission, Table,
        TextField, Time, Tone, Variant,
    },
    live::{Topic, use_live},
};
use berth_domain::{permission::Permission, registry::RegistryView};
use leptos::prelude::*;

/// All registries, and the form that adds one.
#[component]
pub fn RegistriesPage() -> impl IntoView {
    let live = use_live();
    let keep = Submission::to::<KeepRegistry>();
    let delete = Submission::to::<DeleteRegistry>();
    let found = Resource::new(
        move || (live.version(Topic::Registries), keep.version().get(), delete.version().get()),
        |_| registries(),
    );
    view! {
        <Page
            title="Registries"
            subtitle=view! { "Where images are pulled with a password, and where releases are pushed." }.into_any()
        >
            <Card flush=true>
                <Load resource=found inside=true view=move |found| view! { <Registries found keep delete/> }/>
            </Card>
            {may(Permission::Administer).then(|| view! {
                <Card title="Add a registry" text="It is asked whether it takes the password before that is kept.">
                    <RegistryForm keep/>
                </Card>
            })}
        </Page>
    }
}

#[component]
fn Registries(found: Vec<RegistryView>, keep: Submission, delete: Submission) -> impl IntoView {
    if found.is_empty() {
        return view! {
            <EmptyState icon="key" title="No registries yet"
                text="Images that everybody may pull need none. Add one for private images, and for private base images of builds."/>
        }
        .into_any();
    }
    let rows = found.into_iter().map(|registry| view! { <Row registry keep delete/> }).collect_view();
    view! { <Table head=vec!["Registry", "User", "Changed", ""] caption="Registries">{rows}</Table> }
        .into_any()
}

#[component]
fn Row(registry: RegistryView, keep: Submission, delete: Submission) -> impl IntoView {
    let below = if registry.prefix.is_empty() { String::new() } else { format!("/{}", registry.prefix) };
    let name = format!("{}{below}", registry.address);
    let id = registry.id.to_string();
    let edited = registry.clone();
    view! {
        <tr>
            <th scope="row" class="mono breakable">{name.clone()}" "
                {registry.push.then(|| view! { <Badge tone=Tone::Info text="releases are pushed here"/> })}</th>
            <td class="breakable">{registry.username}</td>
            <td class="muted"><Time at=registry.changed_at/><span class="row-sub">{registry.changed_by}</span></td>
            <td class="row-actions">
                {may(Permission::Administer).then(|| view! {
                    <Disclosure summary="Edit" icon="edit"><RegistryForm keep registry=edited/></Disclosure>
                    <Form action=delete class="inline-form">
                        <Hidden name="registry" value=id/>
                        <Button small=true variant=Variant::Quiet icon="trash" title=format!("Remove {name}")>
                            <span class="visually-hidden">{format!("Remove {name}")}</span>
                        </Button>
                    </Form>
                })}
            </td>
        </tr>
    }
}

#[component]
fn RegistryForm(keep: Submission, #[prop(optional)] registry: Option<RegistryView>) -> impl IntoView {
    let known = registry.is_some();
    let (id, address, prefix, username, push) = match registry {
        Some(one) => (one.id.to_string(), one.address, one.prefix, one.username, one.push),
        None => Default::default(),
    };
    let hint = if known {
        "Left empty, the present one stays."
    } else {
        "A token where the registry has them: it can be taken back."
    };
    view! {
        <Form action=keep>
            <Hidden name="registry" value=id/>
            <div class="form-row">
                <TextField name="address" label="Address" mono=true value=address autocomplete="off"
                    placeholder="ghcr.io" hint="The host, with its port; docker.io for Docker Hub."/>
                <TextField name="prefix" label="Only for images below" mono=true optional=true value=prefix
                    autocomplete="off" placeholder="my-account"/>
            </div>
            <div class="form-row">
                <TextField name="username" label="User" value=username autocomplete="off"/>
                <TextField name="secret" label="Password or token" kind="password" optional=known hint
                    autocomplete="new-password"/>
            </div>
            <Checkbox name="push" label="Push what is built here" checked=push
                hint="One registry at the most. A deployment fails when its push does."/>
            <div class="form-actions"><Button icon="check">{if known { "Save" } else { "Add the registry" }}</Button></div>
        </Form>
    }
}
