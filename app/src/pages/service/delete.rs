//! Deleting a service: what goes, what stays, and its name typed.

use super::frame::Here;
use crate::{
    api::service::{DeleteService, preview_service_deletion},
    components::{Card, Confirmation, Disclosure, Form, Load, Loadable, Submission},
};
use berth_domain::service::DeletionPreview;
use leptos::prelude::*;

/// The card at the end of the settings.
#[component]
pub fn DeleteCard(here: Here) -> impl IntoView {
    let delete = Submission::to::<DeleteService>();
    let path = here.path.clone();
    let preview: Loadable<DeletionPreview> =
        Resource::new(|| (), move |()| preview_service_deletion(path.clone()));
    let show = move |preview: DeletionPreview| {
        let DeletionPreview { confirm, goes, stays } = preview;
        let hidden = here.hidden();
        view! {
            <Form action=delete>
                {hidden}
                <Confirmation confirm goes stays verb="Delete the service"/>
            </Form>
        }
    };
    view! {
        <Card title="Delete this service" danger=true>
            <Disclosure summary="What goes and what stays" icon="trash">
                <Load resource=preview inside=true view=show/>
            </Disclosure>
        </Card>
    }
}
