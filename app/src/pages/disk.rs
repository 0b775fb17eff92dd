//! What uses the disk, and what nobody wants.

mod orphans;
mod services;

pub use orphans::OrphansPage;

use super::may;
use crate::{
    api::disk::{MeasureDisk, load_disk},
    components::{
        Button, Card, Form, Icon, LinkButton, Load, Loadable, Notice, Page, Submission, TabLink, Tabs, Time,
        Tone,
    },
    live::{Topic, use_live},
    widgets::{SizeBar, SizePart},
};
use berth_domain::{
    disk::{DiskView, FileSystem, size_text},
    permission::Permission,
};
use leptos::prelude::*;
use services::Services;

/// The two pages about the disk.
#[component]
fn DiskTabs() -> impl IntoView {
    view! {
        <Tabs label="Parts of the disk">
            <TabLink href="/disk" icon="volume">"What uses it"</TabLink>
            {may(Permission::Administer).then(|| view! { <TabLink href="/disk/orphans" icon="trash">"What nobody wants"</TabLink> })}
        </Tabs>
    }
}

/// What uses the disk.
#[component]
pub fn DiskPage() -> impl IntoView {
    let live = use_live();
    let measure = Submission::to::<MeasureDisk>();
    let again = RwSignal::new(0_u32);
    let disk: Loadable<DiskView> = Resource::new(
        move || (live.version(Topic::Disk), measure.version().get(), again.get()),
        |_| load_disk(),
    );
    look_again_while_measuring(disk, again);
    let actions = may(Permission::Deploy).then(|| {
        view! {
            <Form action=measure class="inline-form">
                <Button icon="restart">"Measure now"</Button>
            </Form>
        }
        .into_any()
    });
    view! {
        <Page
            title="Disk"
            subtitle=view! { "What Berth and its services take on this machine, as it was last measured." }.into_any()
            tabs=view! { <DiskTabs/> }.into_any()
            actions=actions.into_any()
        >
            <Load resource=disk inside=true view=|disk| view! { <Measured disk/> }/>
        </Page>
    }
}

/// A measurement takes a while: the page looks again until it is there.
fn look_again_while_measuring(disk: Loadable<DiskView>, again: RwSignal<u32>) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if disk.get().is_some_and(|disk| disk.is_ok_and(|disk| disk.measuring)) {
            set_timeout(move || again.update(|count| *count += 1), std::time::Duration::from_secs(2));
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (disk, again);
}

#[component]
fn Measured(disk: DiskView) -> impl IntoView {
    let Some(at) = disk.measured_at else {
        return view! {
            <Notice tone=Tone::Busy title="The disk is being measured for the first time.">
                <p>"Docker counts every file for it, which takes a while. This page shows the result as soon as it is there."</p>
            </Notice>
        }
        .into_any();
    };
    let measuring = disk.measuring;
    view! {
        {disk.problem.clone().map(|problem| view! {
            <Notice tone=Tone::Warn title="A part could not be measured.">
                <p>{problem}</p>
                <p class="hint">"What is shown of that part is from the time before."</p>
            </Notice>
        })}
        {disk.short.then(|| view! {
            <Notice tone=Tone::Warn title="A disk is nearly full: no build begins.">
                <p>"What runs goes on. Remove what is not needed, or let less stay free (BERTH_DISK_RESERVE_MIB)."</p>
            </Notice>
        })}
        <Machine disk=disk.clone()/>
        <Services services=disk.services/>
        <p class="hint with-icon">
            <Icon name="clock"/>
            <span>"Measured "<Time at/>{measuring.then_some(", and being measured again")}"."</span>
        </p>
    }
    .into_any()
}

/// The file systems, and what belongs to no service.
#[component]
fn Machine(disk: DiskView) -> impl IntoView {
    let systems =
        disk.file_systems.into_iter().map(|system| view! { <FileSystemRow system/> }).collect_view();
    let orphans = (disk.orphans > 0 && may(Permission::Administer))
        .then(|| view! { <LinkButton href="/disk/orphans" small=true icon="right">"Look"</LinkButton> });
    view! {
        <Card title="This machine">
            <ul class="disk-systems">{systems}</ul>
            <dl class="facts">
                <div>
                    <dt>"Build cache"</dt>
                    <dd>{size_text(disk.build_cache)}<span class="row-sub">"of everybody who builds with this Docker"</span></dd>
                </div>
                <div><dt>"Berth's database"</dt><dd>{size_text(disk.database)}</dd></div>
                <div>
                    <dt>"Nobody wants"</dt>
                    <dd class="inline-form">{size_text(disk.orphans)}" "{orphans}</dd>
                </div>
            </dl>
        </Card>
    }
}

#[component]
fn FileSystemRow(system: FileSystem) -> impl IntoView {
    let FileSystem { holds, total, available } = system;
    let used = total.saturating_sub(available);
    let scarce = available < total / 10;
    let class = if scarce { "size-scarce" } else { "size-used" };
    let parts = vec![SizePart { class, word: "used", bytes: used }];
    view! {
        <li>
            <p class="disk-line">
                <strong>{holds}</strong>
                <span class:scarce=scarce>{format!("{} free of {}", size_text(available), size_text(total))}</span>
            </p>
            <SizeBar parts of=total/>
        </li>
    }
}
