//! What each service takes on disk.

use crate::{
    components::{Card, EmptyState, LinkButton},
    widgets::{SizeBar, SizeLegend, SizePart},
};
use berth_domain::disk::{ServiceDisk, size_text};
use leptos::prelude::*;

/// More services than these are counted together.
const SHOWN: usize = 100;

/// The services, the largest first.
#[component]
pub fn Services(services: Vec<ServiceDisk>) -> impl IntoView {
    if services.is_empty() {
        return view! {
            <EmptyState
                icon="volume"
                title="No services yet"
                text="As soon as a service is deployed, this shows what its images, volumes and logs take."
                action=view! { <LinkButton href="/projects">"To the projects"</LinkButton> }.into_any()
            />
        }
        .into_any();
    }
    let largest = services.first().map_or(0, ServiceDisk::total);
    let all: u64 = services.iter().map(ServiceDisk::total).sum();
    let rest = services.get(SHOWN..).unwrap_or_default();
    let more = (!rest.is_empty()).then(|| {
        let bytes: u64 = rest.iter().map(ServiceDisk::total).sum();
        format!("{} more services take {}.", rest.len(), size_text(bytes))
    });
    let legend = parts(&services[0]);
    let rows = services
        .into_iter()
        .take(SHOWN)
        .map(|service| view! { <ServiceDiskRow service largest/> })
        .collect_view();
    view! {
        <Card
            title="Services" flush=true actions=view! { <SizeLegend parts=legend/> }.into_any()
            text=format!("{} in all. Layers that images share are counted once for each service.", size_text(all))
        >
            <ul class="disk-services">{rows}</ul>
            {more.map(|more| view! { <p class="padded hint">{more}</p> })}
        </Card>
    }
    .into_any()
}

fn parts(service: &ServiceDisk) -> Vec<SizePart> {
    vec![
        SizePart { class: "size-images", word: "images", bytes: service.images },
        SizePart { class: "size-volumes", word: "volumes", bytes: service.volumes },
        SizePart { class: "size-logs", word: "logs", bytes: service.logs },
        SizePart { class: "size-instances", word: "containers", bytes: service.instances },
    ]
}

#[component]
fn ServiceDiskRow(service: ServiceDisk, largest: u64) -> impl IntoView {
    let parts = parts(&service);
    let releases = match service.releases {
        0 => String::new(),
        1 => " (1 release)".to_owned(),
        count => format!(" ({count} releases)"),
    };
    let facts = parts
        .iter()
        .map(|part| {
            let note = if part.word == "images" { releases.as_str() } else { "" };
            view! { <span>{format!("{} {}{note}", part.word, size_text(part.bytes))}</span> }
        })
        .collect_view();
    let href = format!("/projects/{}", service.path);
    let total = size_text(service.total());
    view! {
        <li>
            <p class="disk-line"><a class="row-title" href=href>{service.path.to_string()}</a><strong>{total}</strong></p>
            <SizeBar parts of=largest/>
            <p class="disk-facts">{facts}</p>
        </li>
    }
}
