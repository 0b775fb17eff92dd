//! The log of a deployment by its steps: each with its duration, those from the cache marked, the failing one open.

pub mod steps;

use super::log_view::{
    LogSource,
    row::{LogRow, LogText, RowStyle},
};
use crate::components::Icon;
use berth_domain::log::{LogLine, LogPage};
use leptos::prelude::*;
use steps::{LogStep, StepOutcome};

/// A deployment's log, live.
#[component]
pub fn BuildLog(
    page: LogPage,
    source: LogSource,
    /// The deployment is settled, and whether it failed.
    #[prop(into)]
    settled: Signal<Option<bool>>,
    /// The address of the log without steps.
    #[prop(into)]
    plain: String,
) -> impl IntoView {
    let cursor = page.after;
    let feed = StepFeed::new(page.lines);
    feed.settle(settled.get_untracked());
    Effect::new(move |_| feed.settle(settled.get()));
    #[cfg(feature = "hydrate")]
    feed.live(source.stream.clone(), cursor);
    #[cfg(not(feature = "hydrate"))]
    let _ = (source, cursor);
    let plain = StoredValue::new(plain);
    let style =
        RowStyle { needle: StoredValue::new(String::new()), selected: RwSignal::new(None), links: false };
    let each = move || feed.steps.get();
    view! {
        <div class="build-log" role="log" aria-live="off" aria-label="Log by steps">
            <Show when=move || feed.steps.with(Vec::is_empty)>
                <p class="log-empty">"Nothing was logged yet."</p>
            </Show>
            <For each=each key=|(at, _)| *at let((_, step))>
                <StepView step plain style/>
            </For>
        </div>
    }
}

type StepSignal = ArcRwSignal<LogStep>;

/// The steps as they grow.
#[derive(Clone, Copy)]
struct StepFeed {
    steps: RwSignal<Vec<(usize, StepSignal)>>,
    sorted: StoredValue<Vec<LogStep>>,
    settled: StoredValue<Option<bool>>,
}

impl StepFeed {
    fn new(lines: Vec<LogLine>) -> Self {
        let feed = Self {
            steps: RwSignal::new(Vec::new()),
            sorted: StoredValue::new(Vec::new()),
            settled: StoredValue::new(None),
        };
        feed.take(lines);
        feed
    }

    fn take(self, lines: Vec<LogLine>) {
        let changed =
            self.sorted.try_update_value(|sorted| steps::sort_in(sorted, lines)).unwrap_or_default();
        self.show(&changed);
        self.settle(self.settled.get_value());
    }

    fn settle(self, settled: Option<bool>) {
        self.settled.set_value(settled);
        if let Some(failed) = settled {
            let changed =
                self.sorted.try_update_value(|sorted| steps::settle(sorted, failed)).unwrap_or_default();
            self.show(&changed);
        }
    }

    fn show(self, changed: &[usize]) {
        let mut fresh = Vec::new();
        self.sorted.with_value(|sorted| {
            let shown = self.steps.with_untracked(Vec::len);
            for at in changed.iter().filter(|at| **at < shown) {
                self.steps.with_untracked(|steps| steps[*at].1.set(sorted[*at].clone()));
            }
            let new = sorted.iter().enumerate().skip(shown);
            fresh.extend(new.map(|(at, step)| (at, ArcRwSignal::new(step.clone()))));
        });
        if !fresh.is_empty() {
            self.steps.update(|steps| steps.extend(fresh));
        }
    }

    /// Takes what comes, once per animation frame.
    #[cfg(feature = "hydrate")]
    fn live(self, stream: Option<String>, cursor: u64) {
        use super::log_view::stream::{Said, Stream};
        use leptos::__reexports::send_wrapper::SendWrapper;
        let Some(stream) = stream else { return };
        let pending: StoredValue<Vec<LogLine>> = StoredValue::new(Vec::new());
        let newest = StoredValue::new(cursor);
        let open = StoredValue::new(None);
        let show = move || {
            if let Some(lines) = pending.try_update_value(std::mem::take) {
                self.take(lines);
            }
        };
        let hear = move |said| {
            let Said::Lines(mut lines) = said else { return };
            if newest.is_disposed() {
                return;
            }
            lines.retain(|line| line.cursor > newest.get_value());
            let Some(last) = lines.last() else { return };
            newest.set_value(last.cursor);
            let due = pending.with_value(Vec::is_empty);
            pending.update_value(|pending| pending.extend(lines));
            if due {
                request_animation_frame(show);
            }
        };
        Effect::new(move |_| {
            let address = format!("{stream}?after={cursor}");
            open.set_value(Stream::open(&address, hear).map(SendWrapper::new));
        });
    }
}

#[component]
fn StepView(step: StepSignal, plain: StoredValue<String>, style: RowStyle) -> impl IntoView {
    let (title, phase) = step.with_untracked(|step| (step.title.clone(), step.phase));
    let [mark, took, open, bare, left, rows] = std::array::from_fn(|_| step.clone());
    let outcome = Memo::new(move |_| mark.with(|step| step.outcome));
    let opened = Memo::new(move |_| {
        open.with(|step| step.phase || matches!(step.outcome, StepOutcome::Running | StepOutcome::Failed))
    });
    let took = move || took.with(|step| step.took.clone());
    let bare = Memo::new(move |_| bare.with(|step| step.lines.is_empty()));
    let left = Memo::new(move |_| left.with(|step| step.left_out));
    let each = move || rows.with(|step| step.lines.clone());
    view! {
        <details class="log-step" class:phase=phase class:bare=bare data-state=move || word(outcome.get()).0 open=opened>
            <summary>
                {move || view! { <Icon name=word(outcome.get()).1/> }}
                <span class="log-step-title">{title}</span>
                <Show when=move || outcome.get() == StepOutcome::Cached><span class="log-cached">"CACHED"</span></Show>
                <span class="visually-hidden">{move || word(outcome.get()).0}</span>
                <span class="log-step-time">{took}</span>
            </summary>
            <div class="log-step-lines"><div>
                <Show when=move || left.get() != 0>
                    <p class="log-left-out">
                        {move || format!("{} earlier lines are in the ", left.get())}
                        <a href=plain.get_value()>"log without steps"</a>"."
                    </p>
                </Show>
                <For each key=|line| line.cursor let:line><LogRow line style/></For>
            </div></div>
        </details>
    }
}

fn word(outcome: StepOutcome) -> (&'static str, &'static str) {
    match outcome {
        StepOutcome::Running => ("running", "running"),
        StepOutcome::Done => ("done", "check"),
        StepOutcome::Cached => ("cached", "check"),
        StepOutcome::Failed => ("failed", "error"),
    }
}

/// Lines without time and origin, in their colours.
#[component]
pub fn PlainLines(lines: Vec<String>) -> impl IntoView {
    let needle = StoredValue::new(String::new());
    let lines = lines.into_iter().map(|line| view! { <LogText text=line needle/>"\n" }).collect_view();
    view! { <pre class="plain-lines" tabindex="0">{lines}</pre> }
}
