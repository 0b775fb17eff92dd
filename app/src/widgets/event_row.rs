use crate::components::{Icon, Time, Tone};
use berth_domain::event::EventView;
use leptos::prelude::*;

/// A fact of the audit trail.
#[component]
pub fn EventRow(event: EventView) -> impl IntoView {
    let (icon, tone) = sign(event.kind.as_str());
    let place = match (&event.service, &event.project) {
        (Some(path), _) => {
            let href = match event.deployment {
                Some(number) => format!("/projects/{path}/deployments/{number}"),
                None => format!("/projects/{path}"),
            };
            let text = match event.deployment {
                Some(number) => format!("{path} #{number}"),
                None => path.to_string(),
            };
            Some((href, text))
        }
        (None, Some(project)) => Some((format!("/projects/{project}"), project.clone())),
        (None, None) => None,
    };
    view! {
        <li class="event-row" data-tone=tone.as_str()>
            <span class="event-icon"><Icon name=icon/></span>
            <div class="event-text">
                <p>{event.message}</p>
                <p class="event-facts">
                    <code>{event.kind.as_str()}</code>
                    {place.map(|(href, text)| view! { <a href=href>{text}</a> })}
                    <span>{event.actor}</span>
                    {event.address.map(|address| view! { <span>{address}</span> })}
                </p>
            </div>
            <span class="event-time"><Time at=event.at/></span>
        </li>
    }
}

/// The sign and the colour of a kind.
fn sign(kind: &str) -> (&'static str, Tone) {
    match kind {
        "deployment.live" | "service.started" => ("live", Tone::Good),
        "service.scaled" => ("environment", Tone::Info),
        "deployment.promoted" => ("deploy", Tone::Info),
        "certificate.issued" => ("lock", Tone::Good),
        "certificate.failed" => ("failed", Tone::Bad),
        "certificate.ends" => ("warning", Tone::Warn),
        "instance.repaired" => ("restart", Tone::Warn),
        "deployment.failed" | "account.sign_in_failed" => ("failed", Tone::Bad),
        "deployment.cancelled" => ("cancel", Tone::Warn),
        "deployment.queued" | "deployment.started" | "deployment.advanced" => ("deploy", Tone::Busy),
        kind if kind.ends_with(".deleted") || kind.ends_with(".removed") || kind.ends_with(".revoked") => {
            ("trash", Tone::Warn)
        }
        kind if kind.ends_with(".created") || kind.ends_with(".added") => ("plus", Tone::Info),
        kind => match kind.split('.').next().unwrap_or_default() {
            "account" | "member" | "organisation" => ("user", Tone::Neutral),
            "token" => ("key", Tone::Neutral),
            "project" => ("project", Tone::Neutral),
            "environment" => ("environment", Tone::Neutral),
            "variable" => ("variable", Tone::Neutral),
            "certificate" => ("lock", Tone::Neutral),
            "domain" => ("domain", Tone::Neutral),
            "volume" | "orphan" => ("volume", Tone::Neutral),
            "webhook" => ("webhook", Tone::Neutral),
            "deployment" => ("superseded", Tone::Neutral),
            _ => ("service", Tone::Neutral),
        },
    }
}
