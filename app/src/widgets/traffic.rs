//! How the requests are shared while the traffic moves.

use leptos::prelude::*;

/// The shares of a new release and of the former one, as a bar and in words. Drawn as an image, since widths in style
/// attributes are not allowed.
#[component]
pub fn TrafficSplit(
    /// The share of the new release.
    percent: u8,
    /// The number of its deployment.
    number: u64,
    /// The number of the former live deployment.
    #[prop(optional_no_strip)]
    former: Option<u64>,
) -> impl IntoView {
    let rest = 100_u8.saturating_sub(percent);
    let of_former = former.map_or_else(|| "the former release".to_owned(), |number| format!("#{number}"));
    let label = format!("{percent} % of the requests go to #{number}, {rest} % to {of_former}");
    view! {
        <div class="split">
            <svg class="split-bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label=label>
                <rect width=percent.to_string() height="4"></rect>
            </svg>
            <p class="split-words">
                <span class="split-new"><strong>{format!("{percent} %")}</strong>{format!(" to #{number}, the new release")}</span>
                <span class="split-old"><strong>{format!("{rest} %")}</strong>{format!(" to {of_former}")}</span>
            </p>
        </div>
    }
}
