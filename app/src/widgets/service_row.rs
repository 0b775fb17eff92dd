use super::{StateBadge, StatusBadge};
use crate::components::{Icon, Time};
use berth_domain::service::ServiceSummary;
use leptos::prelude::*;

/// A service in a list: what it is called, how it is, where it answers, and what happened last.
#[component]
pub fn ServiceRow(
    service: ServiceSummary,
    /// Shows project and environment before the name: for results of a search.
    #[prop(optional)]
    full_path: bool,
) -> impl IntoView {
    let ServiceSummary { path, state, state_reason, source, url, deployment, .. } = service;
    let href = format!("/projects/{path}");
    let place = full_path.then(|| format!("{} / {} / ", path.project, path.environment));
    let git = source.ends_with(')');
    view! {
        <li class="service-row">
            <a class="service-main" href=href.clone()>
                <Icon name=if git { "git" } else { "image" }/>
                <span class="service-name">
                    <span class="service-title">{place.map(|place| view! { <span class="muted">{place}</span> })}{path.service.to_string()}</span>
                    <span class="service-source">{short_source(&source)}</span>
                </span>
            </a>
            <span class="service-state"><StateBadge state reason=state_reason/></span>
            <span class="service-url">{url.map(|url| view! { <UrlLink url/> })}</span>
            <span class="service-deployment">{match deployment {
                Some(deployment) => view! {
                    <a href=format!("{href}/deployments/{}", deployment.number)>
                        <StatusBadge status=deployment.status/>
                        <span class="deployment-title">{format!("#{} {}", deployment.number, deployment.title)}</span>
                        <span class="muted"><Time at=deployment.at/></span>
                    </a>
                }.into_any(),
                None => view! { <span class="muted">"never deployed"</span> }.into_any(),
            }}</span>
        </li>
    }
}

/// The place where something answers.
#[component]
pub fn UrlLink(#[prop(into)] url: String) -> impl IntoView {
    let text = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).trim_end_matches('/').to_owned();
    view! { <a class="url" href=url target="_blank" rel="noreferrer external">{text}<Icon name="external"/></a> }
}

/// The repository without what every repository's address has.
fn short_source(source: &str) -> String {
    source.trim_start_matches("https://").trim_start_matches("http://").replace(".git (", " (")
}
