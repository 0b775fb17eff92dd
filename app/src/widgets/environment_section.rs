use super::ServiceRow;
use crate::components::{Badge, Icon, LinkButton, Tone, Variant};
use berth_domain::{preview::PreviewOf, project::EnvironmentView};
use leptos::prelude::*;

/// An environment with its services.
#[component]
pub fn EnvironmentSection(
    #[prop(into)] project: String,
    environment: EnvironmentView,
    /// Whether the viewer may make services here.
    may_configure: bool,
) -> impl IntoView {
    let EnvironmentView { name, services, preview, .. } = environment;
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
                <h2>
                    <Icon name="environment"/>{name.to_string()}<span class="count">{count}</span>
                    {preview.map(|preview| view! { <PreviewBadge preview/> })}
                </h2>
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

/// Says that an environment is a pull request's, and leads to the others.
#[component]
fn PreviewBadge(preview: PreviewOf) -> impl IntoView {
    let href = format!("/projects/{}/previews", preview.service);
    let text = format!("preview of #{}", preview.number);
    let title = format!("Branch {} for {}", preview.branch, preview.service);
    view! { <a href=href><Badge tone=Tone::Info icon="git" text title/></a> }
}
