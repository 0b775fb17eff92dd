use crate::live::use_clock;
use berth_domain::Timestamp;
use leptos::prelude::*;

/// A moment, as seen from now: `3 minutes ago`, with the exact time as its title.
#[component]
pub fn Time(at: Timestamp) -> impl IntoView {
    let now = use_clock();
    let exact = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let title = exact.replace('T', " ").replace('Z', " UTC");
    view! { <time datetime=exact title=title>{move || relative(at, now.get())}</time> }
}

/// The time between two moments; counts on while the end is open.
#[component]
pub fn Duration(from: Timestamp, #[prop(optional_no_strip)] to: Option<Timestamp>) -> impl IntoView {
    let now = use_clock();
    view! {
        <span class="duration">{move || length((to.unwrap_or_else(|| now.get()) - from).num_milliseconds())}</span>
    }
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = (now - at).num_seconds();
    let (seconds, future) = (seconds.unsigned_abs(), seconds < 0);
    let (count, unit) = match seconds {
        0..45 => return if future { "in a moment".into() } else { "just now".into() },
        45..5_400 => ((seconds + 30) / 60, "minute"),
        5_400..129_600 => ((seconds + 1_800) / 3_600, "hour"),
        129_600..3_888_000 => ((seconds + 43_200) / 86_400, "day"),
        3_888_000..47_304_000 => ((seconds + 1_296_000) / 2_592_000, "month"),
        _ => ((seconds + 15_768_000) / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if future { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

fn length(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    let seconds = milliseconds / 1_000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..10 => format!("{}.{} s", seconds, milliseconds % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(seconds: i64) -> String {
        let now = Timestamp::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
        relative(now - chrono::TimeDelta::seconds(seconds), now)
    }

    #[test]
    fn moments_read_as_people_say_them() {
        let got = [3, 60, 200, 7_200, 86_400 * 3, 86_400 * 60, 86_400 * 800, -120].map(ago);
        let want = [
            "just now",
            "1 minute ago",
            "3 minutes ago",
            "2 hours ago",
            "3 days ago",
            "2 months ago",
            "2 years ago",
            "in 2 minutes",
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn lengths_keep_the_precision_that_matters() {
        assert_eq!(
            [140, 2_340, 41_000, 125_000, 7_500_000].map(length),
            ["140 ms", "2.3 s", "41 s", "2 min 05 s", "2 h 05 min"]
        );
    }
}
