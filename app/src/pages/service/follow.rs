//! Things that were loaded with the page and follow what happens.

use crate::{
    api::PanelError,
    components::Submission,
    live::{Topic, use_live},
};
use leptos::prelude::*;
use std::{collections::HashSet, future::Future};

/// A value that starts with what the page loaded and is loaded anew whenever its topic changes. What is on the page
/// stays on it meanwhile, and what a person is typing too.
pub fn follow<T, F>(initial: T, topic: Topic, load: impl Fn() -> F + Send + Sync + 'static) -> RwSignal<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<T, PanelError>> + Send + 'static,
{
    let value = RwSignal::new(initial);
    let live = use_live();
    let reload = Action::new(move |(): &()| load());
    Effect::new(move |before: Option<u64>| {
        let version = live.version(topic.clone());
        if before.is_some_and(|before| before != version) {
            reload.dispatch(());
        }
        version
    });
    Effect::new(move |_| {
        if let Some(Ok(newer)) = reload.value().get()
            && value.with_untracked(|value| *value != newer)
        {
            value.set(newer);
        }
    });
    value
}

/// Loads a topic anew whenever a form succeeded, without waiting for the event to come round.
pub fn refresh_after(action: Submission, topic: Topic) {
    let live = use_live();
    Effect::new(move |_| {
        if action.is_done() {
            live.touch(&HashSet::from([topic.clone()]));
        }
    });
}
