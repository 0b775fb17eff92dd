use crate::{
    api::events::list,
    components::{Button, Card, EmptyState, LinkButton, Load, Page, SelectField, TextField},
    live::{Topic, use_live},
    widgets::EventRow,
};
use berth_domain::{event::EventView, page::Page as Part};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, location::Url};

/// The kinds to filter by: the beginning of a kind, and its word.
const KINDS: [(&str, &str); 13] = [
    ("", "Everything"),
    ("deployment.", "Deployments"),
    ("service.", "Services"),
    ("variable.", "Variables"),
    ("domain.", "Domains"),
    ("webhook.", "Webhooks"),
    ("project.", "Projects"),
    ("environment.", "Environments"),
    ("instance.", "Instances"),
    ("volume.", "Volumes"),
    ("orphan.", "What nobody wants"),
    ("account.", "Accounts"),
    ("token.", "Tokens"),
];

/// What happened, newest first.
#[component]
pub fn EventsPage() -> impl IntoView {
    let query = use_query_map();
    let word = move |key: &'static str| query.with(|query| query.get(key).unwrap_or_default());
    let live = use_live();
    let events = Resource::new(
        move || (word("project"), word("kind"), word("before"), live.version(Topic::Events)),
        |(project, kind, before, _)| list(project, kind, before.parse().ok()),
    );
    let filter = Signal::derive(move || (word("project"), word("kind"), word("before")));
    view! {
        <Page title="Events" subtitle=view! { "Who did what, and what Berth did by itself. Nothing here can be changed." }.into_any()>
            <Filter filter/>
            <Load resource=events inside=true view=move |part| view! { <EventList part filter/> }/>
        </Page>
    }
}

/// A GET form: the filter is in the address.
#[component]
fn Filter(filter: Signal<(String, String, String)>) -> impl IntoView {
    let options = KINDS.map(|(value, word)| (value.to_owned(), word.to_owned())).to_vec();
    let (project, kind, _) = filter.get_untracked();
    view! {
        <form class="filter-bar" method="get" action="/events">
            <SelectField name="kind" label="Kind" options value=kind/>
            <TextField name="project" label="Project" value=project optional=true autocomplete="off" mono=true/>
            <Button icon="filter">"Show"</Button>
        </form>
    }
}

#[component]
fn EventList(part: Part<EventView>, filter: Signal<(String, String, String)>) -> impl IntoView {
    let (project, kind, before) = filter.get_untracked();
    if part.items.is_empty() {
        return view! {
            <EmptyState icon="events" title="Nothing happened here" text="No event fits this filter."
                action=view! { <LinkButton href="/events">"Show everything"</LinkButton> }.into_any()
            />
        }
        .into_any();
    }
    let link = move |before: &str| {
        format!(
            "/events?kind={kind}&project={project}&before={before}",
            kind = Url::escape(&kind),
            project = Url::escape(&project)
        )
    };
    let newest = (!before.is_empty()).then(|| link(""));
    let older = part.next.as_ref().map(|next| link(next));
    let rows = part.items.into_iter().map(|event| view! { <EventRow event/> }).collect_view();
    view! {
        <Card flush=true>
            <ul class="event-list">{rows}</ul>
            {(newest.is_some() || older.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages">
                    {newest.map(|href| view! { <LinkButton href small=true icon="left">"Newest"</LinkButton> })}
                    {older.map(|href| view! { <LinkButton href small=true icon="right">"Older"</LinkButton> })}
                </nav>
            })}
        </Card>
    }
    .into_any()
}
