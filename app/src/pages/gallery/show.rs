use crate::{
    components::{
        Badge, Button, Card, Checkbox, CopyField, Dialog, DialogButton, Disclosure, Duration, EmptyState,
        ErrorState, Icon, LinkButton, Notice, Page, ProblemBox, SelectField, Skeleton, TabLink, Table, Tabs,
        TextArea, TextField, Time, Tone, Variant,
    },
    live::use_clock,
    widgets::{StateBadge, StatusBadge},
};
use berth_domain::{
    deployment::{Phase, Status},
    problem::{Problem, ProblemKind},
    service::ServiceState,
};
use chrono::TimeDelta;
use leptos::prelude::*;

const TONES: [(Tone, &str); 6] = [
    (Tone::Neutral, "neutral"),
    (Tone::Good, "good"),
    (Tone::Busy, "busy"),
    (Tone::Warn, "warn"),
    (Tone::Bad, "bad"),
    (Tone::Info, "info"),
];

const ICONS: [&str; 49] = [
    "anchor",
    "project",
    "environment",
    "service",
    "git",
    "image",
    "deploy",
    "rollback",
    "restart",
    "stop",
    "start",
    "cancel",
    "check",
    "live",
    "running",
    "queued",
    "down",
    "failed",
    "info",
    "new",
    "paused",
    "superseded",
    "removed",
    "plus",
    "minus",
    "search",
    "copy",
    "external",
    "settings",
    "variable",
    "domain",
    "volume",
    "logs",
    "events",
    "user",
    "key",
    "lock",
    "eye",
    "sun",
    "moon",
    "system",
    "out",
    "menu",
    "more",
    "download",
    "upload",
    "filter",
    "edit",
    "webhook",
];

#[component]
pub fn Gallery() -> impl IntoView {
    let tabs = view! {
        <Tabs label="Example">
            <TabLink href="/components" icon="service">"Here"</TabLink>
            <TabLink href="/projects" icon="logs">"Elsewhere"</TabLink>
        </Tabs>
    };
    view! {
        <Page title="Components" subtitle=view! { "Every component in every state." }.into_any() tabs=tabs.into_any()>
            <Buttons/>
            <Badges/>
            <div class="two-columns"><Notices/><Fields/></div>
            <div class="two-columns"><Lists/><States/></div>
            <Icons/>
        </Page>
    }
}

#[component]
fn Buttons() -> impl IntoView {
    view! {
        <Card title="Buttons">
            <div class="gallery-row">
                <Button variant=Variant::Primary icon="deploy">"Primary"</Button>
                <Button icon="restart">"Plain"</Button>
                <Button variant=Variant::Danger icon="trash">"Danger"</Button>
                <Button variant=Variant::Quiet icon="edit">"Quiet"</Button>
                <Button disabled=true>"Disabled"</Button>
                <button type="button" class="button primary busy">"Busy"</button>
                <LinkButton href="/components" icon="external">"Link"</LinkButton>
            </div>
            <div class="gallery-row">
                <Button small=true variant=Variant::Primary>"Primary"</Button>
                <Button small=true>"Plain"</Button>
                <Button small=true variant=Variant::Danger>"Danger"</Button>
                <Button small=true variant=Variant::Quiet icon="more">"Quiet"</Button>
                <DialogButton opens="example" small=true>"Open a dialog"</DialogButton>
            </div>
            <Dialog id="example" title="A dialog">
                <p>"Escape and a click beside it close it."</p>
                <TextField name="inside" label="A field in it"/>
            </Dialog>
        </Card>
    }
}

#[component]
fn Badges() -> impl IntoView {
    let tones = TONES.map(|(tone, word)| view! { <Badge tone text=word/> }).collect_view();
    let states =
        ServiceState::ALL.iter().map(|state| view! { <StateBadge state=*state reason=None/> }).collect_view();
    let statuses =
        Status::ALL.iter().map(|status| view! { <StatusBadge status=*status phase=None/> }).collect_view();
    let phases = Phase::ALL
        .iter()
        .map(|phase| view! { <StatusBadge status=Status::Running phase=Some(*phase)/> })
        .collect_view();
    view! {
        <Card title="Badges">
            <div class="gallery-row">{tones}</div>
            <div class="gallery-row">{states}</div>
            <div class="gallery-row">{statuses}{phases}</div>
        </Card>
    }
}

#[component]
fn Notices() -> impl IntoView {
    let notices = TONES
        .map(|(tone, word)| view! { <Notice tone title=word>"What happened, and what to do about it."</Notice> })
        .collect_view();
    let problem =
        Problem::new(ProblemKind::Conflict, "There is a project of this name.").with_hint("Choose another.");
    view! { <Card title="Notices">{notices}<ProblemBox problem/></Card> }
}

#[component]
fn Fields() -> impl IntoView {
    let options = vec![("a".to_owned(), "One".to_owned()), ("b".to_owned(), "Two".to_owned())];
    view! {
        <Card title="Fields">
            <TextField name="text" label="A line" hint="With a hint." placeholder="placeholder"/>
            <TextField name="mono" label="An address" value="https://git.example/shop.git" mono=true optional=true/>
            <div class="field invalid">
                <label for="wrong">"Wrong"</label>
                <input id="wrong" value="UPPER" aria-invalid="true"/>
                <p class="field-error"><Icon name="error"/>"A name has lower-case letters only."</p>
            </div>
            <SelectField name="choice" label="A choice" options value="b"/>
            <TextArea name="lines" label="Lines" value="KEY=value" mono=true/>
            <Checkbox name="yes" label="Yes" checked=true hint="With more words."/>
            <CopyField text="berth_0123456789abcdef" what="the example"/>
        </Card>
    }
}

#[component]
fn Lists() -> impl IntoView {
    let now = use_clock().get_untracked();
    view! {
        <Card title="A table" flush=true>
            <Table head=vec!["Name", "When", "Took", ""] caption="An example">
                <tr>
                    <td>"first"</td><td><Time at=now - TimeDelta::minutes(3)/></td>
                    <td><Duration from=now - TimeDelta::seconds(75) to=Some(now)/></td>
                    <td><Button small=true variant=Variant::Quiet>"Do"</Button></td>
                </tr>
                <tr>
                    <td>"second"</td><td><Time at=now - TimeDelta::days(40)/></td>
                    <td><Duration from=now - TimeDelta::milliseconds(340) to=Some(now)/></td>
                    <td><Button small=true variant=Variant::Quiet>"Do"</Button></td>
                </tr>
            </Table>
        </Card>
    }
}

#[component]
fn States() -> impl IntoView {
    let action =
        view! { <LinkButton href="/components" icon="plus">"Do the first step"</LinkButton> }.into_any();
    view! {
        <Card title="States">
            <Skeleton rows=2/>
            <EmptyState icon="service" title="Nothing here" text="What this place is for." action/>
            <ErrorState problem=Problem::not_found("service")/>
            <Disclosure summary="More" icon="more"><p>"What was hidden."</p></Disclosure>
        </Card>
    }
}

#[component]
fn Icons() -> impl IntoView {
    let icons = ICONS.map(|name| view! { <span class="chip"><Icon name/>{name}</span> }).collect_view();
    view! { <Card title="Icons"><div class="gallery-row">{icons}</div></Card> }
}
