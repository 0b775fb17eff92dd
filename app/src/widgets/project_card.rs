use crate::components::{Badge, Icon, Time, Tone};
use berth_domain::project::ProjectSummary;
use leptos::prelude::*;

/// A project in the list.
#[component]
pub fn ProjectCard(project: ProjectSummary) -> impl IntoView {
    let ProjectSummary { name, environments, services, down, changed_at, .. } = project;
    let count = match services {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    };
    let health = match (services, down) {
        (0, _) => view! { <Badge text="empty"/> }.into_any(),
        (_, 0) => view! { <Badge tone=Tone::Good icon="check" text="all well"/> }.into_any(),
        (_, down) => view! { <Badge tone=Tone::Bad icon="down" text=format!("{down} down")/> }.into_any(),
    };
    let shown = environments.len().min(4);
    let more = environments.len() - shown;
    let environments = environments
        .iter()
        .take(shown)
        .map(|name| view! { <span class="chip">{name.to_string()}</span> })
        .collect_view();
    view! {
        <li class="project-card">
            <div class="project-head">
                <Icon name="project"/>
                <a class="project-name" href=format!("/projects/{name}")>{name.to_string()}</a>
                {health}
            </div>
            <div class="chips">{environments}{(more > 0).then(|| view! { <span class="chip">{format!("+{more}")}</span> })}</div>
            <p class="project-facts"><span>{count}</span><span>"changed "<Time at=changed_at/></span></p>
        </li>
    }
}
