//! The log of a deployment: by steps, or as it came.

use crate::{
    api::logs::read_deployment_log,
    components::{Load, Loadable},
    widgets::{
        build_log::BuildLog,
        log_view::{LogSource, LogView, address::service_api, log_fetch},
    },
};
use berth_domain::{
    deployment::{DeploymentView, Status},
    log::{LogPage, LogQuery},
    service::ServicePath,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Lines that come with the page; the rest comes over the stream, or by paging.
const FIRST: u16 = 2_000;

/// The log by steps, or with `?log=plain` as it came.
#[component]
pub fn DeploymentLog(deployment: RwSignal<DeploymentView>, path: ServicePath) -> impl IntoView {
    let query = use_query_map();
    let plain = Memo::new(move |_| query.with(|query| query.get_str("log") == Some("plain")));
    let number = deployment.with_untracked(|d| d.number);
    let page_address = format!("/projects/{path}/deployments/{number}");
    let wanted = path.clone();
    let first: Loadable<LogPage> = Resource::new(
        move || plain.get(),
        move |plain| {
            let after = (!plain).then_some(0);
            read_deployment_log(
                wanted.clone(),
                number,
                LogQuery { after, limit: Some(FIRST), ..LogQuery::default() },
            )
        },
    );
    let settled =
        Memo::new(move |_| deployment.with(|d| d.status.is_settled().then_some(d.status == Status::Failed)));
    let stream = format!("{}/deployments/{number}/log/stream", service_api(&path));
    let by_steps = page_address.clone();
    let as_it_came = format!("{page_address}?log=plain");
    let plain_address = as_it_came.clone();
    let show = move |page: LogPage| {
        let fetch = fetch(&path, number);
        let source = LogSource { fetch, stream: Some(stream.clone()), filter: LogQuery::default() };
        match plain.get_untracked() {
            true => {
                view! { <LogView page source label="Log of the deployment" empty="Nothing was logged yet."/> }
                    .into_any()
            }
            false => view! { <BuildLog page source settled plain=plain_address.clone()/> }.into_any(),
        }
    };
    view! {
        <section class="card flush" id="log">
            <header class="card-head">
                <div><h2>"Log"</h2></div>
                <nav class="segments" aria-label="How the log is shown">
                    <a href=by_steps aria-current=move || (!plain.get()).then_some("true")>"By steps"</a>
                    <a href=as_it_came aria-current=move || plain.get().then_some("true")>"As it came"</a>
                </nav>
            </header>
            <div class="card-body"><Load resource=first inside=true view=show/></div>
        </section>
    }
}

fn fetch(path: &ServicePath, number: u64) -> crate::widgets::log_view::LogFetch {
    let path = path.clone();
    log_fetch(move |query| read_deployment_log(path.clone(), number, query))
}
