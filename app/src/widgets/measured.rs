//! What the proxy counted while the traffic of a deployment moved.

use crate::components::{Badge, Icon, Tone};
use berth_domain::{
    deployment::{DeploymentView, Phase, Status},
    traffic::Measured,
};
use leptos::prelude::*;

/// The measured result in a sentence, or why there is none.
#[component]
pub fn MeasuredLine(deployment: DeploymentView) -> impl IntoView {
    match deployment.measured {
        Some(measured) => {
            let (tone, icon) = if measured.failed == 0 { ("good", "check") } else { ("bad", "warning") };
            view! { <p class="measured" data-tone=tone><Icon name=icon/>{in_words(measured)}</p> }.into_any()
        }
        None => view! { <p class="hint">{why_not(&deployment)}</p> }.into_any(),
    }
}

/// The same for a cell of a table.
#[component]
pub fn MeasuredCell(deployment: DeploymentView) -> impl IntoView {
    match deployment.measured {
        Some(Measured { served, failed: 0 }) => {
            let title = in_words(Measured { served, failed: 0 });
            view! { <span title=title>{grouped(served)}<span class="row-sub">"0 failed"</span></span> }
                .into_any()
        }
        Some(measured) => {
            let failed = format!("{} failed", grouped(measured.failed));
            let total = grouped(measured.served + measured.failed);
            view! { {total}" "<Badge tone=Tone::Bad icon="warning" text=failed title=in_words(measured)/> }
                .into_any()
        }
        None => {
            let word = if deployment.status.is_settled() { "not measured" } else { "not yet" };
            view! { <span class="muted" title=why_not(&deployment)>{word}</span> }.into_any()
        }
    }
}

/// The result in words.
fn in_words(measured: Measured) -> String {
    let total = measured.served + measured.failed;
    match total {
        0 => "No request came during the switch.".to_owned(),
        1 => format!("1 request during the switch, {} failed.", measured.failed),
        _ => format!("{} requests during the switch, {} failed.", grouped(total), grouped(measured.failed)),
    }
}

/// Why a deployment has no measured result.
fn why_not(deployment: &DeploymentView) -> &'static str {
    let moved = deployment.phases.iter().any(|record| record.phase == Phase::Switch);
    match (deployment.status, moved) {
        (Status::Queued | Status::Running, _) => {
            "The requests are counted from the first movement of traffic until the old instances have ended."
        }
        (_, false) => "Not measured: it ended before any traffic moved.",
        (Status::Failed | Status::Cancelled, true) => "Not measured: it ended while the traffic moved.",
        (_, true) => {
            "Not measured: it answers no requests, the proxy did not say what it counted, or Berth was started again meanwhile."
        }
    }
}

/// A number with its thousands apart: `12,431`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_reads_as_a_sentence() {
        let words = |served, failed| in_words(Measured { served, failed });
        assert_eq!(words(12_431, 0), "12,431 requests during the switch, 0 failed.");
        assert_eq!(words(998, 1_002), "2,000 requests during the switch, 1,002 failed.");
        assert_eq!(words(1, 0), "1 request during the switch, 0 failed.");
        assert_eq!(words(0, 0), "No request came during the switch.");
    }

    #[test]
    fn thousands_are_kept_apart() {
        let got = [0, 999, 1_000, 12_431, 1_234_567].map(grouped);
        assert_eq!(got, ["0", "999", "1,000", "12,431", "1,234,567"]);
    }
}
