mod submission;

pub use submission::Submission;

use super::ProblemBox;
use crate::api::PanelError;
use crate::boot::Boot;
use berth_domain::problem::Problem;
use leptos::{ev::SubmitEvent, prelude::*, reactive::owner::Owner, tachys::reactive_graph::OwnedView};

/// What a form's fields and buttons need to know.
#[derive(Clone, Copy)]
pub struct FormState {
    pub problem: Signal<Option<Problem>>,
    pub pending: Signal<bool>,
    /// Tells the ids of this form's fields apart from those of other forms.
    pub number: u32,
    fields: StoredValue<Vec<String>>,
}

/// How many forms the page has had so far.
#[derive(Clone, Default)]
pub struct FormCount(std::sync::Arc<std::sync::atomic::AtomicU32>);

impl FormState {
    fn new(problem: Signal<Option<Problem>>, pending: Signal<bool>) -> Self {
        let number = use_context::<FormCount>()
            .map_or(0, |count| 1 + count.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Self { problem, pending, number, fields: StoredValue::new(Vec::new()) }
    }

    /// The message at a field; from now on the form leaves showing it to that field.
    pub fn error_at(form: Option<Self>, name: &str) -> Signal<Option<String>> {
        let Some(form) = form else { return Signal::stored(None) };
        let name = name.to_owned();
        form.fields.update_value(|fields| fields.push(name.clone()));
        Signal::derive(move || {
            form.problem.with(|problem| {
                problem.as_ref().filter(|p| p.field.as_ref() == Some(&name)).map(|p| p.message.clone())
            })
        })
    }

    /// Makes a part of the form, and tells whether the problem is at one of the part's fields.
    pub fn part(form: Option<Self>, children: Children) -> (AnyView, Signal<bool>) {
        let Some(form) = form else { return (children(), Signal::stored(false)) };
        let before = form.fields.with_value(Vec::len);
        let inner = children();
        let own = form.fields.with_value(|all| all[before..].to_vec());
        let at = move |problem: &Problem| problem.field.as_ref().is_some_and(|field| own.contains(field));
        (inner, Signal::derive(move || form.problem.with(|problem| problem.as_ref().is_some_and(&at))))
    }

    /// The problem, unless one of the fields shows it.
    fn unclaimed(self) -> Option<Problem> {
        self.problem.get().filter(|problem| {
            let shown = |field: &String| self.fields.with_value(|all| all.contains(field));
            problem.hint.is_some() || !problem.field.as_ref().is_some_and(shown)
        })
    }
}

/// A form of a server function. Before the browser's part has loaded it is an ordinary POST that comes back by redirect;
/// after that it is sent in the background. Either way a problem appears at its field or on top of the form.
#[component]
pub fn Form(
    action: Submission,
    #[prop(optional)] class: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let problem = Signal::derive(move || action.problem().map(|error| error.0));
    let state = FormState::new(problem, action.pending());
    let submit = move |event: SubmitEvent| {
        #[cfg(feature = "hydrate")]
        action.send(&event);
        #[cfg(not(feature = "hydrate"))]
        drop(event);
    };
    let inner = within(state, children);
    let element = NodeRef::<leptos::html::Form>::new();
    Effect::new(move |_| {
        if problem.with(Option::is_some) {
            show_first_error(element);
        }
    });
    view! {
        <form node_ref=element class=class.unwrap_or("form") method="post" action=action.url() on:submit=submit>
            {move || state.unclaimed().map(|problem| view! { <ProblemBox problem/> })}
            {inner}
        </form>
    }
}

/// Brings the field with the problem into view and the person to it; a long form may have it far from the button.
fn show_first_error(form: NodeRef<leptos::html::Form>) {
    #[cfg(feature = "hydrate")]
    request_animation_frame(move || {
        use leptos::wasm_bindgen::JsCast;
        let found =
            form.get_untracked().and_then(|form| form.query_selector("[aria-invalid]").ok().flatten());
        if let Some(field) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = field.focus();
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = form;
}

/// A form that is always an ordinary POST: what it does changes who looks at the page, so the page is loaded anew.
#[component]
pub fn PlainForm(
    /// The path of the server function: `SignIn::url()`.
    action: &'static str,
    #[prop(optional)] class: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let problem = Boot::current()
        .problem
        .filter(|problem| problem.path == action)
        .map(|problem| PanelError::decode(&problem.error).0);
    let state = FormState::new(Signal::stored(problem), Signal::stored(false));
    let inner = within(state, children);
    view! {
        <form class=class.unwrap_or("form") method="post" action=action data-once="">
            {move || state.unclaimed().map(|problem| view! { <ProblemBox problem/> })}
            {inner}
        </form>
    }
}

/// Runs the children where they, and only they, see the form's state.
fn within(state: FormState, children: Children) -> impl IntoView {
    let owner = Owner::current().map(|owner| owner.child()).unwrap_or_default();
    let inner = owner.with(|| {
        provide_context(state);
        children()
    });
    OwnedView::new_with_owner(inner, owner)
}
