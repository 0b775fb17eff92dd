//! What would be built, and a build that takes nothing from its cache.

use super::frame::Here;
use crate::{
    api::deployments::{Deploy, preview_build},
    components::{Button, Card, Form, Hidden, Load, Loadable, Submission},
};
use berth_domain::builder::{BuildPlan, Builder};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The word in the address that asks for the plan.
const PLAN: &str = "plan";

/// What can be asked about builds.
#[component]
pub fn BuildCard(here: Here) -> impl IntoView {
    let deploy = Submission::to::<Deploy>();
    let asked = use_query_map().with_untracked(|query| query.get(PLAN).is_some());
    let plan = match asked {
        true => view! { <PresentPlan here=here.clone()/> }.into_any(),
        false => view! {
            <p>
                <a href=format!("{}/settings?{PLAN}=now#build", here.base())>"What would be built now"</a>
                <span class="hint">"Berth looks into the repository for it, which takes a moment."</span>
            </p>
        }
        .into_any(),
    };
    view! {
        <Card title="Build" text="A build takes what did not change from the cache.">
            <div id="build">{plan}</div>
            <Form action=deploy class="inline-form">
                {here.hidden()}
                <Hidden name="no_cache" value="yes"/>
                <Button icon="restart">"Deploy, and build every step again"</Button>
            </Form>
        </Card>
    }
}

#[component]
fn PresentPlan(here: Here) -> impl IntoView {
    let plan: Loadable<BuildPlan> = Resource::new(|| (), move |()| preview_build(here.path.clone()));
    view! { <Load resource=plan inside=true view=|plan| view! { <Plan plan/> }/> }
}

#[component]
fn Plan(plan: BuildPlan) -> impl IntoView {
    let what = match &plan.builder {
        None => "Nothing: Berth does not know what to make of it.",
        Some(Builder::Dockerfile | Builder::Auto) => "The repository's Dockerfile.",
        Some(Builder::Static(site)) if site.command.is_some() => {
            "A site: its command makes the files, and a small web server serves them."
        }
        Some(Builder::Static(_)) => "A site: a small web server serves the files.",
    };
    let because = plan.because.into_iter().map(|why| view! { <li>{why}</li> }).collect_view();
    view! {
        <p><strong>{what}</strong>{plan.commit.map(|commit| view! { <span class="row-sub mono">{commit}</span> })}</p>
        <ul>{because}</ul>
        {plan.dockerfile.map(|text| view! { <pre class="mono"><code class="breakable">{text}</code></pre> })}
    }
}
