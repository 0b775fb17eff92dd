//! What would be built, and a build that takes nothing from its cache.

use super::frame::Here;
use crate::{
    api::deployments::{Deploy, preview_build},
    components::{Button, Card, ErrorState, Form, Hidden, Icon, Skeleton, Submission},
};
use berth_domain::builder::{BuildPlan, Builder};
use leptos::prelude::*;

/// What can be asked about builds.
#[component]
pub fn BuildCard(here: Here) -> impl IntoView {
    let deploy = Submission::to::<Deploy>();
    let path = here.path.clone();
    let load = Action::new(move |(): &()| preview_build(path.clone()));
    let answer = load.value();
    let unfolded = move |_| {
        if answer.with_untracked(Option::is_none) {
            load.dispatch(());
        }
    };
    let plan = move || match answer.get() {
        None => view! { <Skeleton rows=3/> }.into_any(),
        Some(Ok(plan)) => view! { <Plan plan/> }.into_any(),
        Some(Err(error)) => view! { <ErrorState problem=error.0/> }.into_any(),
    };
    view! {
        <Card title="Build" text="A build takes what did not change from the cache.">
            <details class="disclosure with-script" on:toggle=unfolded>
                <summary><span>"What would be built now"</span><Icon name="expand"/></summary>
                <div class="disclosure-body">{plan}</div>
            </details>
            <Form action=deploy class="inline-form">
                {here.hidden()}
                <Hidden name="no_cache" value="yes"/>
                <Button icon="restart">"Deploy, and build every step again"</Button>
            </Form>
        </Card>
    }
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
