//! The public SSH keys of the account.

use crate::{
    api::account::{AddKey, RemoveKey, keys},
    components::{
        Button, Card, EmptyState, Form, Hidden, Load, Submission, Table, TextArea, TextField, Time, Variant,
    },
    live::{Topic, use_live},
};
use berth_domain::account::KeyView;
use leptos::prelude::*;

/// The keys, and the form that adds one.
#[component]
pub fn Keys() -> impl IntoView {
    let live = use_live();
    let add = Submission::to::<AddKey>();
    let keys = Resource::new(move || (live.version(Topic::Account), add.version().get()), |_| keys());
    view! {
        <Card
            title="SSH keys" flush=true
            text="With one of them, your git pushes to services and clones them. They can do with git what you can."
        >
            <Load resource=keys inside=true view=move |keys| view! { <KeyTable keys/> }/>
            <div class="card-foot">
                <Form action=add>
                    <TextArea name="public_key" label="New public key" mono=true rows=2
                        placeholder="ssh-ed25519 AAAA... me@laptop"
                        hint="The line of the .pub file. Make a key with: ssh-keygen -t ed25519"/>
                    <TextField name="name" label="Name" optional=true autocomplete="off" placeholder="laptop"
                        hint="Left empty, it is the key's own comment."/>
                    <div class="form-actions"><Button icon="plus">"Add the key"</Button></div>
                </Form>
            </div>
        </Card>
    }
}

#[component]
fn KeyTable(keys: Vec<KeyView>) -> impl IntoView {
    let action = Submission::to::<RemoveKey>();
    if keys.is_empty() {
        return view! {
            <EmptyState icon="key" title="No SSH keys yet" text="Add one to push with git without a password."/>
        }
        .into_any();
    }
    let rows = keys
        .into_iter()
        .map(|key| {
            view! {
                <tr>
                    <td><strong>{key.name}</strong></td>
                    <td class="mono">{key.kind}</td>
                    <td class="mono">{key.fingerprint}</td>
                    <td><Time at=key.created_at/></td>
                    <td>{match key.used_at { Some(at) => view! { <Time at/> }.into_any(), None => "never".into_any() }}</td>
                    <td>
                        <Form action class="form-actions">
                            <Hidden name="key" value=key.id.to_string()/>
                            <Button small=true variant=Variant::Danger>"Remove"</Button>
                        </Form>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! { <Table head=vec!["Name", "Kind", "Fingerprint", "Added", "Used", ""] caption="SSH keys">{rows}</Table> }
        .into_any()
}
