//! The variables of a service: one by one, or as a dotenv text.

mod raw;
mod table;

use super::{
    follow::{follow, refresh_after},
    frame::{Here, ServiceFrame, may},
    overview::RestartBanner,
};
use crate::{
    api::variables::{DeleteVariable, SetVariable, load_variables},
    components::{Card, EmptyState, Load, Loadable, Submission},
    live::Topic,
    widgets::variables::{PasteOffer, VariableForm},
};
use berth_domain::{permission::Permission, variable::VariablesView};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use raw::RawEditor;
use table::VariableTable;

/// What the instances find in their environment.
#[component]
pub fn VariablesPage() -> impl IntoView {
    view! { <ServiceFrame view=|here| view! { <Variables here/> }/> }
}

#[component]
fn Variables(here: Here) -> impl IntoView {
    let query = use_query_map();
    let raw = Memo::new(move |_| query.with(|query| query.get_str("as") == Some("dotenv")));
    let path = here.path.clone();
    let first: Loadable<VariablesView> = Resource::new(|| (), move |()| load_variables(path.clone()));
    let base = format!("{}/variables", here.base());
    let dotenv = format!("{base}?as=dotenv");
    let previews = format!("{}/previews", here.base());
    let shown = here.clone();
    view! {
        <RestartBanner here/>
        <nav class="segments" aria-label="How variables are edited">
            <a href=base aria-current=move || (!raw.get()).then_some("true")>"One by one"</a>
            <a href=dotenv aria-current=move || raw.get().then_some("true")>"As dotenv text"</a>
            <a href=previews>"Of previews"</a>
        </nav>
        <Load resource=first inside=true view=move |variables| view! { <Loaded variables here=shown.clone() raw/> }/>
    }
}

#[component]
fn Loaded(variables: VariablesView, here: Here, raw: Memo<bool>) -> impl IntoView {
    let topic = Topic::Service(here.path.clone());
    let path = here.path.clone();
    let variables = follow(variables, topic.clone(), move || load_variables(path.clone()));
    let here = StoredValue::new(here);
    let topic = StoredValue::new(topic);
    let pasted = RwSignal::new(String::new());
    move || match raw.get() {
        true => view! { <RawEditor here=here.get_value() topic=topic.get_value() pasted/> }.into_any(),
        false => {
            view! { <OneByOne variables here=here.get_value() topic=topic.get_value() pasted/> }.into_any()
        }
    }
}

#[component]
fn OneByOne(
    variables: RwSignal<VariablesView>,
    here: Here,
    topic: Topic,
    pasted: RwSignal<String>,
) -> impl IntoView {
    let set = Submission::to::<SetVariable>();
    let delete = Submission::to::<DeleteVariable>();
    refresh_after(set, topic.clone());
    refresh_after(delete, topic);
    let none = Memo::new(move |_| variables.with(|v| v.variables.is_empty()));
    let may_change = may(Permission::Configure);
    let path = here.path.to_string();
    let dotenv = format!("{}/variables?as=dotenv", here.base());
    view! {
        {may_change.then(|| view! {
            <Card title="Set a variable" text="It takes effect with the next deployment or restart. A value is passed on exactly as it is written here.">
                <VariableForm action=set path=path.clone()/>
                <PasteOffer dotenv pasted/>
            </Card>
        })}
        <Show when=move || none.get()>
            <EmptyState
                icon="variable"
                title="No variables yet"
                text="Settings and secrets that the program reads from its environment, such as DATABASE_URL."
            />
        </Show>
        <Show when=move || !none.get()>
            <VariableTable variables here=here.clone() set delete/>
        </Show>
    }
}
