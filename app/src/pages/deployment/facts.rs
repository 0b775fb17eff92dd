//! What a deployment came to, and what it was made from.

use crate::{
    components::{Card, CopyButton, Duration, LinkButton, Notice, Time, Tone, Variant},
    pages::service::frame::Here,
    widgets::{MeasuredLine, UrlLink, build_log::PlainLines, stepper::phase_name},
};
use berth_domain::deployment::{Cause, DeploymentView, Status};
use leptos::prelude::*;

/// The outcome in words: where it answers, or why it failed.
#[component]
pub fn Outcome(deployment: RwSignal<DeploymentView>, here: Here) -> impl IntoView {
    let service = here.service;
    let url = Memo::new(move |_| service.with(|s| s.domains.first().map(|domain| domain.url.clone())));
    move || {
        let deployment = deployment.get();
        match deployment.status {
            Status::Live => view! { <Released url=url.get() deployment/> }.into_any(),
            Status::Failed => view! { <Failure deployment/> }.into_any(),
            Status::Queued => view! {
                <Notice tone=Tone::Info>
                    <p>"It waits in the queue. A service has one deployment at a time, and a newer request takes the place of a waiting one."</p>
                </Notice>
            }
            .into_any(),
            _ => deployment.reason.map(|reason| view! { <Notice><p>{reason}</p></Notice> }).into_any(),
        }
    }
}

#[component]
fn Released(url: Option<String>, deployment: DeploymentView) -> impl IntoView {
    let words = match url.clone() {
        Some(url) => {
            view! { <p>"The new release runs, answers, and gets the traffic at "<UrlLink url/>"."</p> }
                .into_any()
        }
        None => view! { <p>"The new release runs."</p> }.into_any(),
    };
    view! {
        <Notice tone=Tone::Good title="Live">
            <div class="notice-row">
                <div>{words}<MeasuredLine deployment/></div>
                {url.map(|url| view! {
                    <LinkButton href=url variant=Variant::Primary icon="external" external=true>"Open"</LinkButton>
                })}
            </div>
        </Notice>
    }
}

#[component]
fn Failure(deployment: DeploymentView) -> impl IntoView {
    let reason = deployment
        .reason
        .unwrap_or_else(|| "It failed without a reason; the log below has all there is.".into());
    let mut copy = format!("Deployment #{} of {} failed: {reason}\n", deployment.number, deployment.service);
    for line in &deployment.last_lines {
        copy.push_str(line);
        copy.push('\n');
    }
    let lines = deployment.last_lines;
    view! {
        <section class="card failure" role="alert">
            <header class="card-head">
                <div><h2>"It failed"</h2><p class="failure-reason">{reason}</p></div>
                <div class="card-actions"><CopyButton text=copy what="the reason and the last lines"/></div>
            </header>
            {(!lines.is_empty()).then(|| view! {
                <div class="card-body">
                    <p class="hint">"The last lines of its log"</p>
                    <PlainLines lines/>
                </div>
            })}
        </section>
    }
}

/// What it was made from, who asked, and when.
#[component]
pub fn Facts(deployment: DeploymentView, base: String) -> impl IntoView {
    let commit = deployment.commit.clone().map(|commit| view! {
        <div>
            <dt>"Commit"</dt>
            <dd><code>{commit.short().to_owned()}</code>" "{commit.title.clone()}<span class="muted">{format!(" by {}", commit.author)}</span></dd>
        </div>
    });
    let image = deployment
        .image
        .clone()
        .map(|image| view! { <div><dt>"Image"</dt><dd class="mono breakable">{image}</dd></div> });
    let cause = match (deployment.cause, deployment.rolls_back_to) {
        (_, Some(number)) => view! {
            "Rollback to "<a href=format!("{base}/deployments/{number}")>{format!("#{number}")}</a>
        }
        .into_any(),
        (Cause::Manual, _) => "Asked for by hand".into_any(),
        (Cause::Push, _) => "A push to the branch".into_any(),
        (Cause::Rollback, _) => "Rollback".into_any(),
        (Cause::Restart, _) => "Restart with the present configuration".into_any(),
    };
    let took = deployment.started_at.map(|from| {
        view! {
            <div><dt>"Took"</dt><dd><Duration from to=deployment.ended_at/></dd></div>
        }
    });
    let phases = phase_times(&deployment);
    let measured = deployment.clone();
    view! {
        <Card title="About this deployment">
            <dl class="facts">
                {commit}
                {image}
                <div><dt>"Cause"</dt><dd>{cause}</dd></div>
                <div><dt>"Asked for by"</dt><dd>{deployment.actor}</dd></div>
                <div><dt>"Asked for"</dt><dd><Time at=deployment.created_at/></dd></div>
                {took}
                {(!phases.is_empty()).then(|| view! { <div><dt>"By phase"</dt><dd>{phases}</dd></div> })}
                <div><dt>"Requests"</dt><dd><MeasuredLine deployment=measured/></dd></div>
            </dl>
        </Card>
    }
}

/// How long each phase took. One that was taken up again after a restart of Berth is there with each of its parts.
fn phase_times(deployment: &DeploymentView) -> Vec<AnyView> {
    let ended = deployment.phases.iter().filter(|record| record.ended_at.is_some());
    ended
        .map(|record| {
            view! {
                <span class="phase-time">
                    {phase_name(record.phase)}" "<Duration from=record.started_at to=record.ended_at/>
                </span>
            }
            .into_any()
        })
        .collect()
}
