//! Random histories of a log against a vector of lines.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<NewLine>),
    Reopen,
    Page(LogQuery),
}

fn a_line() -> impl Strategy<Value = NewLine> {
    let stream = proptest::sample::select(LogStream::ALL.to_vec());
    let text = prop_oneof!["[a-cA-C é]{0,12}", Just("x".repeat(3_000))];
    (0..60i64, stream, "[ab]", text).prop_map(|(second, stream, origin, text)| NewLine {
        stream,
        origin: origin.into(),
        ..line(second, &text)
    })
}

/// Cursors are chosen as places in the history and made positions when they are used.
fn a_query() -> impl Strategy<Value = LogQuery> {
    let second = || proptest::option::weighted(0.3, 0..60i64);
    let place = || proptest::option::weighted(0.5, 0..2_000u64);
    let stream = proptest::option::weighted(0.2, proptest::sample::select(LogStream::ALL.to_vec()));
    let search = proptest::option::weighted(0.4, "[a-cÉ]{1,2}");
    (place(), place(), 1..40u16, search, second(), second(), stream).prop_map(
        |(after, before, limit, search, since, until, stream)| LogQuery {
            after,
            before,
            limit: Some(limit),
            search,
            since: since.and_then(|second| DateTime::from_timestamp(second, 0)),
            until: until.and_then(|second| DateTime::from_timestamp(second, 0)),
            stream,
            origin: None,
        },
    )
}

fn a_history() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => proptest::collection::vec(a_line(), 1..12).prop_map(Step::Append),
        1 => Just(Step::Reopen),
        6 => a_query().prop_map(Step::Page),
    ];
    proptest::collection::vec(step, 1..40)
}

/// Every line that was written, oldest first, with its cursor.
#[derive(Default)]
struct Model {
    lines: Vec<LogLine>,
    end: u64,
}

impl Model {
    fn append(&mut self, lines: &[NewLine]) {
        for line in lines {
            let mut bytes = Vec::new();
            record::encode(&mut bytes, line);
            self.end += bytes.len() as u64;
            self.lines.push(record::first(&bytes).unwrap().line(self.end));
        }
    }

    /// A place in the history as a cursor.
    fn cursor(&self, place: u64, oldest: u64) -> u64 {
        let cursors: Vec<u64> = std::iter::once(oldest)
            .chain(self.lines.iter().map(|l| l.cursor).filter(|c| *c > oldest))
            .collect();
        cursors[place as usize % cursors.len()]
    }

    fn expected(&self, query: &LogQuery, oldest: u64) -> Vec<LogLine> {
        let folded = query.search.as_ref().map(|search| search.to_lowercase());
        let fits = |line: &&LogLine| {
            line.cursor > oldest.max(query.after.unwrap_or(0))
                && line.cursor <= query.before.unwrap_or(u64::MAX)
                && folded.as_ref().is_none_or(|search| line.text.to_lowercase().contains(search))
                && query.since.is_none_or(|since| line.at >= since)
                && query.until.is_none_or(|until| line.at < until)
                && query.stream.is_none_or(|stream| line.stream == stream)
        };
        let all: Vec<LogLine> = self.lines.iter().filter(fits).cloned().collect();
        let skipped = if query.after.is_some() { 0 } else { all.len().saturating_sub(query.lines()) };
        all.into_iter().skip(skipped).take(query.lines()).collect()
    }
}

async fn oldest(logs: &Logs) -> u64 {
    let journal = logs.journal(service(1));
    blocking(move || Ok(journal.view()?.oldest())).await.unwrap()
}

/// Follows `after` (or `before`) to the end and compares with the model's whole answer.
async fn check_walk(logs: &Logs, model: &Model, query: &LogQuery, oldest: u64) {
    let whole = LogQuery { limit: Some(5_000), ..query.clone() };
    let mut collected: Vec<LogLine> = Vec::new();
    let mut query = query.clone();
    loop {
        let page = logs.page(service(1), &query).await.unwrap();
        let is_last = if query.after.is_some() {
            collected.extend(page.lines);
            let done = page.after == query.after.unwrap();
            query.after = Some(page.after);
            done
        } else {
            collected.splice(0..0, page.lines);
            query.before = page.before;
            page.before.is_none()
        };
        if is_last {
            break;
        }
    }
    assert_eq!(collected, model.expected(&whole, oldest));
}

async fn run(history: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let mut logs = Logs::open(folder.path(), budget(48 << 10)).unwrap();
    let mut model = Model::default();
    for step in history {
        match step {
            Step::Append(lines) => {
                model.append(&lines);
                assert_eq!(logs.append(service(1), &lines).await.unwrap(), model.end);
            }
            Step::Reopen => logs = Logs::open(folder.path(), budget(48 << 10)).unwrap(),
            Step::Page(mut query) => {
                let oldest = oldest(&logs).await;
                query.after = query.after.map(|place| model.cursor(place, oldest));
                query.before = query.before.map(|place| model.cursor(place, oldest));
                let page = logs.page(service(1), &query).await.unwrap();
                assert_eq!(page.lines, model.expected(&query, oldest), "{query:?}");
                assert_eq!(page.trimmed, oldest > 0);
                check_walk(&logs, &model, &query, oldest).await;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_a_log_equals_a_list_of_lines(history in a_history()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(history));
    }
}
