//! The history of a service.

use super::{
    deploy::PlanSteps,
    follow::refresh_after,
    frame::{Here, ServiceFrame, may},
};
use crate::{
    api::deployments::{CancelDeployment, load_deployments},
    components::{
        Button, Card, Duration, EmptyState, Form, Hidden, LinkButton, Load, Loadable, Submission, Table,
        Time, Variant,
    },
    live::{Topic, use_live},
    widgets::{MeasuredCell, StatusBadge, stepper::PhaseBar},
};
use berth_domain::{
    deployment::{Cause, DeploymentView},
    page::Page,
    permission::Permission,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// All deployments, newest first.
#[component]
pub fn DeploymentsPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Deployments here/> }/> }
}

#[component]
fn Deployments(here: Here) -> impl IntoView {
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get_str("after").map(str::to_owned)));
    let (path, planned, live) = (here.path.clone(), here.path.clone(), use_live());
    let topic = Topic::Service(path.clone());
    let cancel = Submission::to::<CancelDeployment>();
    refresh_after(cancel, topic.clone());
    let list: Loadable<Page<DeploymentView>> = Resource::new(
        move || (live.version(topic.clone()), after.get()),
        move |(_, after)| load_deployments(path.clone(), after),
    );
    let show = move |page: Page<DeploymentView>| {
        let here = here.clone();
        view! { <History page here cancel later=after.get_untracked().is_some()/> }
    };
    view! {
        <Load resource=list inside=true view=show/>
        <PlanSteps summary="What a deployment would do now" path=planned/>
    }
}

#[component]
fn History(
    page: Page<DeploymentView>,
    here: Here,
    cancel: Submission,
    /// Not the first part of the history.
    later: bool,
) -> impl IntoView {
    if page.items.is_empty() && !later {
        return view! {
            <EmptyState
                icon="deploy"
                title="No deployments yet"
                text="Each deployment is kept here with its log, and each that was live can be gone back to."
            />
        }
        .into_any();
    }
    let base = here.base();
    let next = page.next.map(|next| format!("{base}/deployments?after={next}"));
    let rows = page
        .items
        .into_iter()
        .map(|deployment| view! { <HistoryRow deployment here=here.clone() cancel/> })
        .collect_view();
    view! {
        <Card flush=true>
            <Table head=vec!["Number", "Status", "What", "Who", "When", "Duration", "Requests", ""] caption="Deployments">{rows}</Table>
        </Card>
        <nav class="pager" aria-label="Pages of the history">
            {later.then(|| view! { <LinkButton href=format!("{base}/deployments") icon="left">"Newest"</LinkButton> })}
            {next.map(|href| view! { <LinkButton href icon="right">"Older"</LinkButton> })}
        </nav>
    }
    .into_any()
}

#[component]
fn HistoryRow(deployment: DeploymentView, here: Here, cancel: Submission) -> impl IntoView {
    let base = here.base();
    let number = deployment.number;
    let href = format!("{base}/deployments/{number}");
    let title = deployment.title();
    let commit = deployment.commit.as_ref().map(|commit| commit.short().to_owned());
    let reason = deployment.reason.clone();
    let took = deployment.started_at.map(|from| view! { <Duration from to=deployment.ended_at/> });
    let live_now = deployment.status == berth_domain::deployment::Status::Live;
    let may_act = may(Permission::Deploy);
    let action = match () {
        () if may_act && !deployment.status.is_settled() => view! {
            <Form action=cancel class="inline-form">
                {here.hidden()}
                <Hidden name="number" value=number.to_string()/>
                <Button small=true icon="cancel">"Cancel"</Button>
            </Form>
        }
        .into_any(),
        () if may_act && deployment.can_roll_back && !live_now => view! {
            <LinkButton small=true variant=Variant::Plain icon="rollback" href=format!("{base}/rollback/{number}")>"Roll back to this"</LinkButton>
        }
        .into_any(),
        () => ().into_any(),
    };
    view! {
        <tr>
            <td><a class="number" href=href.clone()>{format!("#{number}")}</a></td>
            <td><StatusBadge status=deployment.status phase=deployment.phase/></td>
            <td class="grow">
                <a class="row-title" href=href>{title}</a>
                <span class="row-sub">{commit.map(|id| view! { <code>{id}</code>" " })}{cause_word(deployment.cause)}{reason.map(|reason| format!(": {reason}"))}</span>
            </td>
            <td class="muted">{deployment.actor.clone()}</td>
            <td class="muted nowrap"><Time at=deployment.created_at/></td>
            <td class="nowrap">{took}<PhaseBar phases=deployment.phases.clone()/></td>
            <td class="nowrap"><MeasuredCell deployment/></td>
            <td class="row-actions">{action}</td>
        </tr>
    }
}

/// Why a deployment was asked for, in a word.
pub fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Manual => "Manual",
        Cause::Push => "Push",
        Cause::Rollback => "Rollback",
        Cause::Restart => "Restart",
    }
}
