//! The containers as Docker last reported them, by process.

use super::scale::ScaleControl;
use crate::{
    components::{Badge, Card, Table, Time, Tone},
    pages::service::frame::{Here, may},
};
use berth_domain::{
    permission::Permission,
    service::{InstanceView, ProbeView, ServiceState, ServiceView, WEB},
};
use leptos::prelude::*;

/// Every process with its instances.
#[component]
pub fn Instances(here: Here) -> impl IntoView {
    let service = here.service;
    let names = Memo::new(move |_| service.with(process_names));
    let observed = Memo::new(move |_| service.with(|service| service.observed_at));
    view! {
        <Card title="Instances" flush=true>
            <For each=move || names.get() key=String::clone
                children=move |name| view! { <ProcessInstances name here=here.clone()/> }/>
            {move || observed.get().map(|at| view! { <p class="hint observed">"Asked Docker "<Time at/></p> })}
        </Card>
    }
}

/// The process that answers requests, those of the settings, and those of which something is still there.
fn process_names(service: &ServiceView) -> Vec<String> {
    let mut names = vec![WEB.to_owned()];
    names.extend(service.settings.processes.iter().map(|process| process.name.to_string()));
    for instance in &service.instances {
        if !names.contains(&instance.process) {
            names.push(instance.process.clone());
        }
    }
    names
}

/// How many instances of a process there should be, and what it runs when that is not the image's own command.
fn wanted(service: &ServiceView, name: &str) -> Option<(u16, Option<String>)> {
    let settings = &service.settings;
    let words = |command: &[String]| command.join(" ");
    if name == WEB {
        return Some((settings.replicas, settings.command.as_deref().map(words)));
    }
    let process = settings.processes.iter().find(|process| process.name.as_str() == name)?;
    Some((process.replicas, Some(words(&process.command))))
}

#[component]
fn ProcessInstances(name: String, here: Here) -> impl IntoView {
    let service = here.service;
    let (of, wanted_of, process) = (name.clone(), name.clone(), name.clone());
    let rows = Memo::new(move |_| {
        let of_this = |service: &ServiceView| {
            service.instances.iter().filter(|i| i.process == of).cloned().collect::<Vec<_>>()
        };
        service.with(|service| (of_this(service), service.live.as_ref().map(|live| live.number)))
    });
    let should = Memo::new(move |_| service.with(|service| wanted(service, &wanted_of)));
    let count = Memo::new(move |_| should.get().map_or(1, |(count, _)| count));
    let scalable = Memo::new(move |_| {
        let runs = |s: &ServiceView| s.live.is_some() && s.state != ServiceState::Stopped;
        should.get().is_some() && may(Permission::Deploy) && service.with(runs)
    });
    let command = move || should.get().and_then(|(_, command)| command);
    let (base, label) = (here.base(), format!("Process {name}"));
    let here = StoredValue::new(here);
    view! {
        <section class="process" aria-label=label>
            <header class="process-head">
                <div class="process-name">
                    <h3>{name}</h3>
                    {move || view! { <Running rows=rows.get() wanted=should.get().map(|(count, _)| count)/> }}
                    {move || command().map(|command| view! { <span class="mono">{command}</span> })}
                </div>
                <Show when=move || scalable.get()>
                    <ScaleControl process=process.clone() here=here.get_value() wanted=count.into()/>
                </Show>
            </header>
            {move || { let (rows, live) = rows.get(); view! { <InstanceTable rows live base=base.clone()/> } }}
        </section>
    }
}

/// How many of the wanted instances run.
#[component]
fn Running(rows: (Vec<InstanceView>, Option<u64>), wanted: Option<u16>) -> impl IntoView {
    let (rows, live) = rows;
    let run = rows.iter().filter(|row| row.running && row.deployment == live).count();
    let text = match wanted {
        Some(wanted) => format!("{run} of {wanted} run"),
        None => "no longer in the settings".to_owned(),
    };
    let (tone, icon) = match (live, wanted) {
        (Some(_), Some(wanted)) if run >= wanted.into() => (Tone::Good, "live"),
        (Some(_), Some(_)) => (Tone::Warn, "warning"),
        _ => (Tone::Neutral, "new"),
    };
    view! { <Badge tone icon text/> }
}

#[component]
fn InstanceTable(rows: Vec<InstanceView>, live: Option<u64>, base: String) -> impl IntoView {
    if rows.is_empty() {
        return view! { <p class="hint padded">"No container of it exists."</p> }.into_any();
    }
    let rows =
        rows.into_iter().map(|instance| view! { <Instance instance live base=base.clone()/> }).collect_view();
    view! {
        <Table head=vec!["State", "Probe", "Container", "Deployment", "Started", "Restarts", "Image"] caption="Instances">{rows}</Table>
    }
    .into_any()
}

#[component]
fn Instance(instance: InstanceView, live: Option<u64>, base: String) -> impl IntoView {
    let (tone, icon) = sign(&instance, live);
    let kept = !instance.running && instance.deployment != live;
    let title = if kept { "It was stopped and is kept for its log." } else { "" };
    let image = instance.image.trim_start_matches("sha256:");
    let image = image.get(..12).filter(|_| image.len() == 64).unwrap_or(image).to_owned();
    let deployment = instance
        .deployment
        .map(|number| view! { <a href=format!("{base}/deployments/{number}")>{format!("#{number}")}</a> });
    view! {
        <tr class:former-instance=kept>
            <td><Badge tone icon text=instance.state title/></td>
            <td>{instance.probe.map(|probe| view! { <Probe probe/> })}</td>
            <td class="mono">{instance.name}</td>
            <td>{deployment}</td>
            <td class="nowrap">{instance.started_at.map(|at| view! { <Time at/> })}</td>
            <td>{instance.restarts}</td>
            <td class="mono">{image}</td>
        </tr>
    }
}

/// What the last probe saw.
#[component]
fn Probe(probe: ProbeView) -> impl IntoView {
    let (tone, icon, text) = match (probe.healthy, probe.ok) {
        (true, true) => (Tone::Good, "live", "answers"),
        (true, false) => (Tone::Warn, "warning", "did not answer"),
        (false, false) => (Tone::Bad, "down", "unhealthy"),
        (false, true) => (Tone::Warn, "warning", "answers again"),
    };
    let detail = probe.error.unwrap_or_else(|| format!("{} ms", probe.latency_ms));
    view! {
        <Badge tone icon text/>
        <span class="row-sub">{detail}", "<Time at=probe.at/></span>
    }
}

/// Colour and sign of an instance: what matters is whether it should run.
fn sign(instance: &InstanceView, live: Option<u64>) -> (Tone, &'static str) {
    match (instance.running, instance.deployment == live && live.is_some()) {
        (true, true) => (Tone::Good, "live"),
        (true, false) => (Tone::Busy, "running"),
        (false, _) if instance.state.starts_with("restarting") => (Tone::Warn, "restart"),
        (false, true) => (Tone::Bad, "down"),
        (false, false) => (Tone::Neutral, "stop"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(running: bool, deployment: u64, state: &str) -> InstanceView {
        InstanceView {
            name: "web-1".into(),
            deployment: Some(deployment),
            process: WEB.into(),
            running,
            state: state.into(),
            started_at: None,
            restarts: 0,
            image: "sha256:a".into(),
            probe: None,
        }
    }

    #[test]
    fn an_instance_that_should_run_and_does_not_is_bad_and_one_that_is_kept_is_not() {
        assert_eq!(sign(&instance(true, 2, "running"), Some(2)).0, Tone::Good);
        assert_eq!(sign(&instance(false, 2, "exited (1)"), Some(2)).0, Tone::Bad);
        assert_eq!(sign(&instance(false, 1, "exited (0)"), Some(2)).0, Tone::Neutral);
        assert_eq!(sign(&instance(true, 3, "running"), Some(2)).0, Tone::Busy);
        assert_eq!(sign(&instance(false, 2, "restarting after exit code 1"), Some(2)).0, Tone::Warn);
    }
}
