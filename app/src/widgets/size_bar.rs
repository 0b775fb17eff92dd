//! How much of something is what, as a bar.

use berth_domain::disk::size_text;
use leptos::prelude::*;

/// A part of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizePart {
    /// Its colour: a class of the style sheet.
    pub class: &'static str,
    pub word: &'static str,
    pub bytes: u64,
}

/// Parts beside each other; the whole width stands for `of` bytes.
#[component]
pub fn SizeBar(parts: Vec<SizePart>, of: u64) -> impl IntoView {
    let label = label(&parts);
    let title = label.clone();
    let bars = placed(&parts, of)
        .into_iter()
        .map(|(class, x, width)| view! { <rect class=class x=x.to_string() y="0" width=width.to_string() height="6"></rect> })
        .collect_view();
    view! {
        <svg class="size-bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=label>
            <title>{title}</title>
            {bars}
        </svg>
    }
}

/// What the colours of a bar mean.
#[component]
pub fn SizeLegend(parts: Vec<SizePart>) -> impl IntoView {
    let items = parts
        .into_iter()
        .map(|part| {
            view! {
                <li>
                    <svg class="size-key" viewBox="0 0 6 6" aria-hidden="true"><rect class=part.class width="6" height="6"></rect></svg>
                    {part.word}
                </li>
            }
        })
        .collect_view();
    view! { <ul class="size-legend">{items}</ul> }
}

fn label(parts: &[SizePart]) -> String {
    let words: Vec<String> = (parts.iter().filter(|part| part.bytes > 0))
        .map(|part| format!("{} {}", part.word, size_text(part.bytes)))
        .collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// Where each part begins and how wide it is, in hundredths of the whole; what is there can be seen.
fn placed(parts: &[SizePart], of: u64) -> Vec<(&'static str, f64, f64)> {
    let mut x = 0.0;
    let mut placed = Vec::new();
    for part in parts.iter().filter(|part| part.bytes > 0) {
        let width = (part.bytes as f64 * 100.0 / of.max(1) as f64).clamp(0.5, 100.0 - f64::min(x, 99.5));
        let rounded = (width * 100.0).round() / 100.0;
        placed.push((part.class, (x * 100.0).round() / 100.0, rounded));
        x += rounded;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(class: &'static str, bytes: u64) -> SizePart {
        SizePart { class, word: class, bytes }
    }

    #[test]
    fn the_parts_stand_beside_each_other_and_none_is_too_small_to_see() {
        let parts = [part("a", 50), part("b", 0), part("c", 25), part("d", 1)];
        assert_eq!(placed(&parts, 1_000), [("a", 0.0, 5.0), ("c", 5.0, 2.5), ("d", 7.5, 0.5)]);
        assert_eq!(placed(&[part("a", 10)], 10), [("a", 0.0, 100.0)]);
        assert_eq!(label(&parts), "a 50 B, c 25 B, d 1 B");
    }
}
