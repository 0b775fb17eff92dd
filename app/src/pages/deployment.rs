//! The page of one deployment: how far it is, why it failed, and its log.

mod facts;
mod log;
mod share;

use super::service::{
    follow::{follow, refresh_after},
    frame::{Here, ServiceTabs, crumbs, follow_service, may, no_service, use_number, use_service_path},
};
use crate::{
    api::{
        PanelError,
        deployments::{CancelDeployment, Deploy, load_deployment},
        service::load_service,
    },
    components::{Breadcrumb, Button, Form, Hidden, LinkButton, Load, Loadable, Page, Submission, Variant},
    live::Topic,
    widgets::{StatusBadge, stepper::Stepper},
};
use berth_domain::{
    deployment::{DeploymentView, Phase, Status},
    permission::Permission,
    service::{ServicePath, ServiceView},
};
use facts::{Facts, Outcome};
use leptos::prelude::*;
use log::DeploymentLog;
use share::{ShareCard, shares};

/// One deployment.
#[component]
pub fn DeploymentPage() -> impl IntoView {
    let (path, number) = (use_service_path(), use_number());
    let first: Loadable<(DeploymentView, ServiceView)> =
        Resource::new(move || (path.get(), number.get()), |(path, number)| load(path, number));
    view! { <Load resource=first view=|(deployment, service)| view! { <Shown deployment service/> }/> }
}

async fn load(path: Option<ServicePath>, number: u64) -> Result<(DeploymentView, ServiceView), PanelError> {
    let path = path.ok_or_else(no_service)?;
    let deployment = load_deployment(path.clone(), number).await?;
    Ok((deployment, load_service(path).await?))
}

#[component]
fn Shown(deployment: DeploymentView, service: ServiceView) -> impl IntoView {
    let here = follow_service(service);
    let number = deployment.number;
    let (path, wanted) = (here.path.clone(), here.path.clone());
    let topic = Topic::Deployment(path.clone(), number);
    let deployment = follow(deployment, topic, move || load_deployment(wanted.clone(), number));
    let base = here.base();
    let mut way = crumbs(&path.project, &path.environment);
    way.push(Breadcrumb(path.service.as_str(), base.clone()));
    way.push(Breadcrumb("Deployments", format!("{base}/deployments")));
    let badge = move || deployment.with(|d| view! { <StatusBadge status=d.status phase=d.phase/> });
    let subtitle = move || deployment.with(DeploymentView::title);
    view! {
        <Page
            title=format!("Deployment #{number}")
            crumbs=way
            badge=badge.into_any()
            subtitle=subtitle.into_any()
            tabs=view! { <ServiceTabs base=base.clone()/> }.into_any()
            actions=view! { <Actions here=here.clone() deployment/> }.into_any()
        >
            <section class="card stepper-card">{move || view! { <Stepper deployment=deployment.get()/> }}</section>
            <ShareCard deployment here=here.clone()/>
            <Outcome deployment here=here.clone()/>
            <DeploymentLog deployment path=path.clone()/>
            {move || view! { <Facts deployment=deployment.get() base=base.clone()/> }}
        </Page>
    }
}

/// Whether a deployment can still be cancelled.
fn cancellable(deployment: &DeploymentView) -> bool {
    !deployment.status.is_settled() && deployment.phase.is_none_or(|phase| phase <= Phase::Switch)
}

#[component]
fn Actions(here: Here, deployment: RwSignal<DeploymentView>) -> impl IntoView {
    let cancel = Submission::to::<CancelDeployment>();
    let retry = Submission::to::<Deploy>();
    let number = deployment.with_untracked(|d| d.number);
    refresh_after(cancel, Topic::Deployment(here.path.clone(), number));
    let base = here.base();
    let here = StoredValue::new(here);
    let hidden = move || here.with_value(Here::hidden);
    // While it shares the requests, the button stands beside the one that promotes it.
    let can_cancel =
        Memo::new(move |_| deployment.with(|d| cancellable(d) && !shares(d)) && may(Permission::Deploy));
    let can_retry = Memo::new(move |_| {
        deployment.with(|d| matches!(d.status, Status::Failed | Status::Cancelled)) && may(Permission::Deploy)
    });
    let can_roll_back = Memo::new(move |_| {
        deployment.with(|d| d.can_roll_back && d.status != Status::Live) && may(Permission::Deploy)
    });
    view! {
        <Show when=move || can_cancel.get()>
            <Form action=cancel class="inline-form">
                {hidden()}
                <Hidden name="number" value=number.to_string()/>
                <Button icon="cancel">"Cancel"</Button>
            </Form>
        </Show>
        <Show when=move || can_retry.get()>
            <Form action=retry class="inline-form">
                {hidden()}
                <Button variant=Variant::Primary icon="deploy">"Deploy again"</Button>
            </Form>
        </Show>
        <Show when=move || can_roll_back.get()>
            <LinkButton icon="rollback" href=format!("{base}/rollback/{number}")>"Roll back to this"</LinkButton>
        </Show>
    }
}
