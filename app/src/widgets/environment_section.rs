use super::ServiceRow;
use crate::components::{Icon, LinkButton, Variant};
use berth_domain::project::EnvironmentView;
use leptos::prelude::*;

/// An environment with its services.
#[component]
pub fn EnvironmentSection(
    #[prop(into)] project: String,
    environment: EnvironmentView,
    /// Whether the viewer may make services here.
    may_configure: bool,
) -> impl IntoView {
    let EnvironmentView { name, services, .. } = environment;
    let new = format!("/projects/{project}/{name}/new");
    let settings = format!("/projects/{project}/settings#environment-{name}");
    let count = services.len();
    let first = if count == 0 { Variant::Primary } else { Variant::Plain };
    let rows = match count {
        0 => view! {
            <p class="environment-empty">
                "Nothing runs here yet. "
                {may_configure.then(|| view! { <a href=new.clone()>"Add a service"</a>" from a git repository or an image." })}
            </p>
        }
        .into_any(),
        _ => {
            let rows = services.into_iter().map(|service| view! { <ServiceRow service/> }).collect_view();
            view! { <ul class="service-list">{rows}</ul> }.into_any()
        }
    };
    view! {
        <section class="card flush environment" aria-label=format!("Environment {name}")>
            <header class="card-head">
                <h2><Icon name="environment"/>{name.to_string()}<span class="count">{count}</span></h2>
                {may_configure.then(|| view! {
                    <div class="card-actions">
                        <LinkButton href=settings small=true variant=Variant::Quiet icon="settings">"Edit"</LinkButton>
                        <LinkButton href=new small=true variant=first icon="plus">"New service"</LinkButton>
                    </div>
                })}
            </header>
            <div class="card-body">{rows}</div>
        </section>
    }
}
