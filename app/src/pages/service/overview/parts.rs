//! The cards of the overview.

use crate::{
    components::{Badge, Card, EmptyState, Icon, Time, Tone},
    widgets::{StatusBadge, TrafficSplit, UrlLink, stepper::Stepper},
};
use berth_domain::{
    deployment::{DeploymentView, Status},
    service::{ServiceState, ServiceView},
    source::Source,
};
use leptos::prelude::*;

/// Sign, heading and explanation of a state.
fn words(service: &ServiceView) -> (Tone, &'static str, &'static str, &'static str) {
    match service.state {
        ServiceState::New => {
            (Tone::Neutral, "new", "Not deployed yet", "Press Deploy to build and start it.")
        }
        ServiceState::Live if service.state_reason.is_some() => (
            Tone::Warn,
            "warning",
            "Live, but not all of it",
            "It gets the traffic, and something of it does not run.",
        ),
        ServiceState::Live if !service.settings.routed => {
            (Tone::Good, "live", "Live", "It runs. It answers no requests, so it has no address.")
        }
        ServiceState::Live => {
            (Tone::Good, "live", "Live", "It runs, answers its probe, and gets the traffic.")
        }
        ServiceState::Deploying => {
            (Tone::Busy, "running", "Deploying", "Its first deployment is on the way.")
        }
        ServiceState::Down => (Tone::Bad, "down", "Down", "It should run and does not, or does not answer."),
        ServiceState::Stopped => (Tone::Neutral, "stop", "Stopped", "It was stopped on purpose."),
    }
}

/// The state in large, why it is so, and what is live.
#[component]
pub fn StateCard(service: ServiceView, base: String) -> impl IntoView {
    let (tone, icon, title, meaning) = words(&service);
    let reason = service.state_reason.clone().unwrap_or_else(|| meaning.to_owned());
    let source = service.source.summary();
    let source_icon = if matches!(service.source, Source::Image(_)) { "image" } else { "git" };
    let url = service.domains.first().map(|domain| domain.url.clone());
    let live = service.live.map(|live| view! { <LiveRelease live base/> });
    view! {
        <section class="card state-card" data-tone=tone.as_str()>
            <span class="state-sign"><Icon name=icon/></span>
            <div class="state-words">
                <h2>{title}</h2>
                <p>{reason}</p>
                {url.map(|url| view! { <p class="state-url"><UrlLink url/></p> })}
            </div>
            <dl class="state-facts">
                <div><dt>"Source"</dt><dd class="with-icon"><Icon name=source_icon/><span class="mono">{source}</span></dd></div>
                {service.port.map(|port| view! { <div><dt>"Port"</dt><dd class="mono">{port}</dd></div> })}
                {live}
            </dl>
        </section>
    }
}

#[component]
fn LiveRelease(live: DeploymentView, base: String) -> impl IntoView {
    let since = live.ended_at.or(live.started_at).unwrap_or(live.created_at);
    let title = live.title();
    let commit = live.commit.as_ref().map(|commit| commit.short().to_owned());
    let image = live.image.clone();
    view! {
        <div>
            <dt>"Live release"</dt>
            <dd>
                <a href=format!("{base}/deployments/{}", live.number)>{format!("#{}", live.number)}</a>
                " "
                {commit.map(|id| view! { <code>{id}</code>" " })}
                {title}
            </dd>
        </div>
        {image.map(|image| view! { <div><dt>"Image"</dt><dd class="mono breakable">{image}</dd></div> })}
        <div><dt>"Deployed"</dt><dd><Time at=since/></dd></div>
    }
}

/// The newest deployment and how far it is.
#[component]
pub fn NewestDeployment(
    deployment: Option<DeploymentView>,
    /// The number of the live one.
    #[prop(optional_no_strip)]
    live: Option<u64>,
    /// It can be promoted while it shares the requests.
    canary: bool,
    base: String,
) -> impl IntoView {
    let Some(deployment) = deployment else {
        return view! {
            <Card title="Newest deployment">
                <EmptyState icon="deploy" title="No deployment yet" text="Deploy builds the source and makes it live."/>
            </Card>
        }
        .into_any();
    };
    let href = format!("{base}/deployments/{}", deployment.number);
    let reason = deployment.reason.clone();
    let number = deployment.number;
    let share = deployment.percent.filter(|_| deployment.status == Status::Running);
    let share = share.map(|percent| {
        view! {
            <TrafficSplit percent number former=live/>
            <p><a href=href.clone()>{if canary { "Promote or cancel it" } else { "Watch it" }}</a></p>
        }
    });
    view! {
        <Card title="Newest deployment">
            <div class="newest">
                <p class="newest-title">
                    <a href=href>{format!("#{}", deployment.number)}" "{deployment.title()}</a>
                    <StatusBadge status=deployment.status phase=deployment.phase/>
                </p>
                <p class="hint">{deployment.actor.clone()}", "<Time at=deployment.created_at/></p>
                <Stepper deployment small=true/>
                {share}
                {reason.map(|reason| view! { <p class="newest-reason">{reason}</p> })}
            </div>
        </Card>
    }
    .into_any()
}

/// Where the service answers.
#[component]
pub fn DomainList(service: ServiceView, base: String) -> impl IntoView {
    let domains = service.domains;
    let none = domains.is_empty();
    let without_domains = match service.settings.routed {
        true => "No address leads here. It can still be reached by the other services of its environment.",
        false => "It answers no requests, as its settings say.",
    };
    let items = domains
        .into_iter()
        .map(|domain| {
            let made = domain.default.then(|| view! { <Badge text="default"/> });
            view! { <li><UrlLink url=domain.url/>{made}</li> }
        })
        .collect_view();
    view! {
        <Card title="Domains">
            {none.then(|| view! { <p class="hint">{without_domains}</p> })}
            <ul class="plain-list">{items}</ul>
            <p><a href=format!("{base}/domains")>"Manage domains"</a></p>
        </Card>
    }
}
