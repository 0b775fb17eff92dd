//! How far instances are kept from the machine.

use crate::{
    api::service::forms::IsolationForm,
    components::{Checkbox, TextField},
};
use berth_domain::service::PIDS_LIMIT;
use leptos::prelude::*;

/// The fields of the isolation.
#[component]
pub fn IsolationFields(form: IsolationForm) -> impl IntoView {
    view! {
        <div class="field-row">
            <TextField name="user" label="User" value=form.user optional=true mono=true placeholder="the image's own"
                hint="A number such as 1000, with a group 1000:1000, or a name in the image."/>
            <TextField name="pids_limit" label="Most processes and threads" value=form.pids_limit optional=true mono=true
                placeholder=PIDS_LIMIT.to_string() hint="Of each instance."/>
        </div>
        <Checkbox name="read_only_root" label="The image's files cannot be written" checked=!form.read_only_root.is_empty()
            hint="Volumes can, and /tmp is memory."/>
        <Checkbox name="drop_capabilities" label="No capabilities" checked=!form.drop_capabilities.is_empty()
            hint="For programs that neither start as root nor become another user."/>
    }
}
