use super::*;
use futures::StreamExt;
use std::time::{Duration, Instant};

mod model;

fn service(number: u128) -> Stream {
    Stream::Service(ServiceId(uuid::Uuid::from_u128(number)))
}

fn line(second: i64, text: &str) -> NewLine {
    NewLine {
        at: DateTime::from_timestamp(second, 0).unwrap(),
        stream: LogStream::Out,
        origin: "web-1".into(),
        text: Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn budget(bytes: u64) -> LogBudget {
    LogBudget::new(bytes, 30)
}

fn logs() -> (tempfile::TempDir, Logs) {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::open(folder.path(), budget(256 << 20)).unwrap();
    (folder, logs)
}

fn texts(page: &LogPage) -> Vec<&str> {
    page.lines.iter().map(|line| line.text.as_str()).collect()
}

fn only_file(folder: &tempfile::TempDir, stream: Stream) -> PathBuf {
    fs::read_dir(folder.path().join(stream.folder())).unwrap().next().unwrap().unwrap().path()
}

#[tokio::test]
async fn pages_go_both_ways_without_gap_or_double() {
    let (_folder, logs) = logs();
    let lines: Vec<_> = (0..10).map(|i| line(i, &format!("line {i}"))).collect();
    logs.append(service(1), &lines).await.unwrap();
    let newest = logs.page(service(1), &LogQuery { limit: Some(3), ..LogQuery::default() }).await.unwrap();
    assert_eq!(texts(&newest), ["line 7", "line 8", "line 9"]);
    let older = LogQuery { before: newest.before, limit: Some(100), ..LogQuery::default() };
    let older = logs.page(service(1), &older).await.unwrap();
    assert_eq!((older.lines.len(), older.before), (7, None));
    let next = LogQuery { after: Some(older.lines[6].cursor), limit: Some(2), ..LogQuery::default() };
    let next = logs.page(service(1), &next).await.unwrap();
    assert_eq!(texts(&next), ["line 7", "line 8"]);
    assert_eq!(next.after, next.lines[1].cursor);
    let empty = logs.page(service(2), &LogQuery::default()).await.unwrap();
    assert_eq!((empty.lines.len(), empty.after, empty.trimmed), (0, 0, false));
}

#[tokio::test]
async fn conditions_choose_lines() {
    let (_folder, logs) = logs();
    let mut lines: Vec<_> = (0..100).map(|i| line(i, &format!("GET /ÄPFEL/{i}"))).collect();
    lines[40].stream = LogStream::Err;
    lines[41].origin = "web-2".into();
    logs.append(service(1), &lines).await.unwrap();
    let at = |second| DateTime::from_timestamp(second, 0);
    let none = LogQuery::default();
    let cases = [
        (LogQuery { search: Some("äpfel/9".into()), ..none.clone() }, 11),
        (LogQuery { search: Some("get /.*".into()), ..none.clone() }, 0),
        (LogQuery { since: at(10), until: at(20), ..none.clone() }, 10),
        (LogQuery { stream: Some(LogStream::Err), ..none.clone() }, 1),
        (LogQuery { origin: Some("web-2".into()), ..none.clone() }, 1),
        (LogQuery { origin: Some("web".into()), ..none }, 0),
    ];
    for (query, count) in cases {
        assert_eq!(logs.page(service(1), &query).await.unwrap().lines.len(), count, "{query:?}");
        let forward = LogQuery { after: Some(0), ..query };
        assert_eq!(logs.page(service(1), &forward).await.unwrap().lines.len(), count, "{forward:?}");
    }
    let long = LogQuery { search: Some("x".repeat(501)), ..LogQuery::default() };
    assert!(matches!(logs.page(service(1), &long).await, Err(Error::Problem(_))));
}

#[tokio::test]
async fn what_is_not_utf8_is_replaced_and_what_is_long_is_split() {
    let (_folder, logs) = logs();
    let long = "ä".repeat(50_000);
    let bytes = NewLine { text: Bytes::from_static(b"a\xffb"), ..line(0, "") };
    logs.append(service(1), &[bytes, line(1, &long), line(2, "")]).await.unwrap();
    let page = logs.page(service(1), &LogQuery::default()).await.unwrap();
    assert_eq!(page.lines[0].text, "a\u{fffd}b");
    assert_eq!(page.lines[3].text, "");
    assert_eq!(format!("{}{}", page.lines[1].text, page.lines[2].text), long);
    assert!(page.lines[1].text.len() <= record::MAX_TEXT);
}

#[tokio::test]
async fn a_record_torn_by_a_crash_is_cut_off() {
    let (folder, logs) = logs();
    let whole = logs.append(service(1), &[line(0, "one"), line(1, "two")]).await.unwrap();
    logs.append(service(1), &[line(2, "three, which is torn")]).await.unwrap();
    let file = only_file(&folder, service(1));
    let bytes = fs::read(&file).unwrap();
    for cut in whole as usize..bytes.len() {
        let mut torn = bytes[..cut].to_vec();
        torn.resize(bytes.len() + 100, 0xff);
        for torn in [&torn, &bytes[..cut].to_vec()] {
            fs::write(&file, torn).unwrap();
            let logs = Logs::open(folder.path(), budget(1 << 20)).unwrap();
            assert_eq!(logs.end(service(1)).await.unwrap(), whole);
            logs.append(service(1), &[line(3, "four")]).await.unwrap();
            let page = logs.page(service(1), &LogQuery::default()).await.unwrap();
            assert_eq!(texts(&page), ["one", "two", "four"]);
        }
    }
}

#[tokio::test]
async fn any_cursor_is_answered_with_whole_lines() {
    let (_folder, logs) = logs();
    let lines: Vec<_> = (0..20).map(|i| line(i, &format!("line {i}"))).collect();
    let end = logs.append(service(1), &lines).await.unwrap();
    for cursor in (0..end + 50).chain([u64::MAX]) {
        let query = LogQuery { after: Some(cursor), ..LogQuery::default() };
        let page = logs.page(service(1), &query).await.unwrap();
        assert!(page.lines.iter().all(|line| line.text.starts_with("line ")));
        assert!(page.lines.iter().all(|line| line.cursor > cursor) && page.after <= end);
        let query = LogQuery { before: Some(cursor), ..LogQuery::default() };
        let page = logs.page(service(1), &query).await.unwrap();
        assert!(page.lines.iter().all(|line| line.text.starts_with("line ")));
    }
}

#[tokio::test]
async fn a_page_of_long_lines_stays_small() {
    let (_folder, logs) = logs();
    let lines: Vec<_> = (0..200).map(|i| line(i, &"x".repeat(60_000))).collect();
    logs.append(service(1), &lines).await.unwrap();
    let mut query = LogQuery { after: Some(0), limit: Some(5_000), ..LogQuery::default() };
    let first = logs.page(service(1), &query).await.unwrap();
    assert!((60..80).contains(&first.lines.len()));
    query.after = Some(first.after);
    assert_eq!(
        logs.page(service(1), &query).await.unwrap().lines[0].at.timestamp(),
        first.lines.len() as i64
    );
    let newest = LogQuery { limit: Some(5_000), ..LogQuery::default() };
    let newest = logs.page(service(1), &newest).await.unwrap();
    assert!((60..80).contains(&newest.lines.len()) && newest.before.is_some());
}

#[tokio::test]
async fn the_size_budget_is_kept_while_writing() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::open(folder.path(), budget(64 << 10)).unwrap();
    for i in 0..2_000 {
        logs.append(service(1), &[line(i, &format!("{i} {}", "x".repeat(100)))]).await.unwrap();
    }
    let files = fs::read_dir(folder.path().join(service(1).folder())).unwrap();
    let size: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!((32 << 10..80 << 10).contains(&size), "{size}");
    let query = LogQuery { after: Some(0), limit: Some(5_000), ..LogQuery::default() };
    let page = logs.page(service(1), &query).await.unwrap();
    assert!(page.trimmed && page.lines.len() > 300);
    assert!(page.lines.last().unwrap().text.starts_with("1999 "));
    let again = Logs::open(folder.path(), budget(64 << 10)).unwrap();
    assert_eq!(again.page(service(1), &query).await.unwrap(), page);
}

#[tokio::test]
async fn old_lines_go_and_cursors_go_on() {
    let (folder, logs) = logs();
    let end = logs.append(service(1), &[line(1_000, "old")]).await.unwrap();
    let later = DateTime::from_timestamp(1_000, 0).unwrap() + TimeDelta::days(31);
    logs.trim_all(later - TimeDelta::days(2)).await.unwrap();
    assert_eq!(logs.page(service(1), &LogQuery::default()).await.unwrap().lines.len(), 1);
    logs.trim_all(later).await.unwrap();
    let page = logs.page(service(1), &LogQuery::default()).await.unwrap();
    assert_eq!((page.lines.len(), page.trimmed, page.after), (0, true, end));
    let logs = Logs::open(folder.path(), budget(1 << 20)).unwrap();
    assert!(logs.append(service(1), &[line(2_000, "new")]).await.unwrap() > end);
}

#[tokio::test]
async fn removing_a_log_ends_its_followers() {
    let (folder, logs) = logs();
    logs.append(service(1), &[line(0, "one")]).await.unwrap();
    let mut follow = logs.follow(service(1), &LogQuery::default()).await.unwrap();
    logs.remove(service(1)).await.unwrap();
    assert!(follow.next().await.is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    logs.append(service(1), &[line(1, "two")]).await.unwrap();
    assert_eq!(texts(&logs.page(service(1), &LogQuery::default()).await.unwrap()), ["two"]);
    assert_eq!(logs.streams().await.unwrap(), [service(1)]);
}

#[tokio::test]
async fn a_follower_sees_what_was_there_and_what_comes() {
    let (_folder, logs) = logs();
    logs.append(service(1), &[line(0, "one"), line(1, "two")]).await.unwrap();
    let query = LogQuery { after: Some(0), search: Some("O".into()), ..LogQuery::default() };
    let mut follow = logs.follow(service(1), &query).await.unwrap();
    assert_eq!(follow.next().await.unwrap().len(), 2);
    let mut live = logs.follow(service(1), &LogQuery::default()).await.unwrap();
    logs.append(service(1), &[line(2, "three"), line(3, "four")]).await.unwrap();
    let batch = follow.next().await.unwrap();
    assert_eq!((batch.len(), batch[0].text.as_str()), (1, "four"));
    assert_eq!(live.next().await.unwrap().len(), 2);
}

#[tokio::test]
async fn idle_logs_hold_no_files_open() {
    let (_folder, logs) = logs();
    for number in 0..KEPT as u128 * 3 {
        logs.append(service(number), &[line(0, "one")]).await.unwrap();
    }
    assert!(logs.inner.journals.lock().unwrap().open.len() <= KEPT);
    assert_eq!(logs.end(service(0)).await.unwrap(), logs.end(service(1)).await.unwrap());
}

/// Writes as fast as it can while one reader follows; not one line may be lost, doubled or out of order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_of_a_fast_log_misses_nothing() {
    const LINES: usize = 300_000;
    let (_folder, logs) = logs();
    let mut follow = logs.follow(service(1), &LogQuery::default()).await.unwrap();
    let writer = logs.clone();
    let started = Instant::now();
    let write = async move {
        for batch in 0..LINES / 500 {
            let lines: Vec<_> = (0..500)
                .map(|i| line(0, &format!("request {:08} GET / 200 in 1 ms", batch * 500 + i)))
                .collect();
            writer.append(service(1), &lines).await.unwrap();
        }
    };
    let read = async move {
        let (mut seen, mut cursor) = (0, 0);
        while seen < LINES {
            for line in follow.next().await.unwrap() {
                assert_eq!(line.text[8..16].parse::<usize>().unwrap(), seen);
                assert!(line.cursor > cursor);
                (seen, cursor) = (seen + 1, line.cursor);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), async { tokio::join!(write, read) }).await.unwrap();
    let rate = LINES as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0} lines/s written and followed, none lost");
}
