//! Whether there are previews, for how long, and how many.

use super::super::{follow::refresh_after, frame::Here};
use crate::{
    api::previews::SetPreviews,
    components::{Button, Card, Checkbox, Form, Submission, TextField, Variant},
    live::Topic,
};
use leptos::prelude::*;

/// The form.
#[component]
pub fn SetupCard(here: Here) -> impl IntoView {
    let set = Submission::to::<SetPreviews>();
    refresh_after(set, Topic::Service(here.path.clone()));
    let previews = here.service.with_untracked(|service| service.settings.previews);
    view! {
        <Card title="Set up previews" text="A pull request into the branch that this service deploys gets an environment of its own: this service alone, with a network, empty volumes and a host name. What comes from a fork or an outsider waits for a member, each commit anew.">
            <Form action=set>
                {here.hidden()}
                <Checkbox name="on" label="Pull requests get previews" checked=previews.on
                    hint="Turning it off removes all of them, with their volumes. The webhook has to send pull requests too."/>
                <div class="field-row">
                    <TextField name="preview_ttl" label="Hours without a new commit" value=previews.ttl_h.to_string() mono=true
                        hint="After so long a preview goes; a new commit makes another."/>
                    <TextField name="preview_most" label="How many at the most" value=previews.most.to_string() mono=true
                        hint="The one that was quiet for the longest goes for a new one."/>
                </div>
                <div class="form-actions"><Button variant=Variant::Primary icon="check">"Save"</Button></div>
            </Form>
        </Card>
    }
}
