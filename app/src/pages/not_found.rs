use crate::components::{EmptyState, LinkButton, Page};
use berth_domain::problem::Problem;
use leptos::prelude::*;

/// Whatever has no page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    crate::api::answer_with(&Problem::not_found("page"));
    let action =
        view! { <LinkButton href="/projects" icon="project">"Go to the projects"</LinkButton> }.into_any();
    view! {
        <Page title="Not found">
            <EmptyState
                icon="anchor"
                title="There is no page at this address"
                text="It may have been renamed or deleted, or the address has a slip in it."
                action
            />
        </Page>
    }
}
