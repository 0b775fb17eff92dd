use super::{ErrorState, Page, Skeleton};
use crate::api::PanelError;
use berth_domain::problem::ProblemKind;
use leptos::{prelude::*, suspense::Transition};
use serde::{Serialize, de::DeserializeOwned};

/// Something that a page loads.
pub type Loadable<T> = Resource<Result<T, PanelError>>;

/// Shows what was loaded; until then a skeleton, and a page that says why when it could not be had. While it is loaded
/// anew, what was there stays.
#[component]
pub fn Load<T, V>(
    resource: Loadable<T>,
    /// Part of a page: an error is shown in its place, without a page of its own.
    #[prop(optional)]
    inside: bool,
    view: impl Fn(T) -> V + Send + Sync + Clone + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
{
    let content = move || {
        let view = view.clone();
        Suspend::new(async move {
            match resource.await {
                Ok(loaded) => view(loaded).into_any(),
                Err(error) => failed(error, inside),
            }
        })
    };
    view! { <Transition fallback=move || view! { <Skeleton/> }>{content}</Transition> }
}

fn failed(error: PanelError, inside: bool) -> AnyView {
    let problem = error.0;
    if problem.kind == ProblemKind::Unauthenticated {
        leave_for_sign_in();
    }
    crate::api::answer_with(&problem);
    if inside {
        return view! { <ErrorState problem/> }.into_any();
    }
    let title = match problem.status() {
        404 => "Not found",
        _ => "Error",
    };
    view! { <Page title=title><ErrorState problem/></Page> }.into_any()
}

/// The session has ended while the page was open: sign in and come back. The server does the same for a fresh page.
fn leave_for_sign_in() {
    #[cfg(feature = "hydrate")]
    {
        let location = window().location();
        let here = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
        let _ = location.assign(&format!("/sign-in?next={}", leptos_router::location::Url::escape(&here)));
    }
}
