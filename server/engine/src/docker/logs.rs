//! A container's output, line by line.

use std::collections::VecDeque;

use bollard::container::LogOutput;
use bollard::errors::Error as Bollard;
use bollard::query_parameters::{LogsOptions, LogsOptionsBuilder};
use bytes::{Bytes, BytesMut};
use chrono::DateTime;
use futures::stream::{BoxStream, StreamExt};

use super::connection::Docker;
use super::error::{Asked, DockerError, ObjectKind};
use super::names::checked_name;
use super::observed::LogLine;
use super::progress::LogStreamKind;

/// A line longer than this is given in pieces, so that a program without line ends cannot fill our memory.
const LONGEST_LINE: usize = 256 * 1024;

/// What the stream needs to go on.
struct Following {
    docker: Docker,
    name: String,
    frames: BoxStream<'static, Result<LogOutput, Bollard>>,
    lines: LineJoiner,
    ready: VecDeque<LogLine>,
    /// What is older than this has been given, or is not wanted.
    from: Moments,
    /// The last moment given of each stream.
    given: Moments,
    /// Whether the past is limited, so that what was not given of it is not wanted.
    tailed: bool,
    reading: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As it comes, until the container stops.
    Following,
    /// What is there, to its end.
    ToTheEnd,
    /// Nothing more.
    Ended,
}

/// A moment of each stream, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct Moments {
    stdout: i64,
    stderr: i64,
}

impl Moments {
    fn both(at: i64) -> Self {
        Self { stdout: at, stderr: at }
    }

    fn of(&mut self, stream: LogStreamKind) -> &mut i64 {
        match stream {
            LogStreamKind::Stdout => &mut self.stdout,
            LogStreamKind::Stderr => &mut self.stderr,
        }
    }

    fn earlier(self) -> i64 {
        self.stdout.min(self.stderr)
    }
}

pub(super) fn follow(
    docker: &Docker,
    name: &str,
    since: Option<i64>,
    tail: Option<u32>,
) -> BoxStream<'static, Result<LogLine, DockerError>> {
    stream(docker, name, Reading::Following, since, tail)
}

pub(super) async fn last(docker: &Docker, name: &str, count: u32) -> Result<Vec<LogLine>, DockerError> {
    let lines: Vec<_> = stream(docker, name, Reading::ToTheEnd, None, Some(count)).collect().await;
    let mut lines: Vec<_> = lines.into_iter().collect::<Result<_, _>>()?;
    let surplus = lines.len().saturating_sub(count as usize);
    lines.drain(..surplus);
    Ok(lines)
}

fn options(reading: Reading, since: i64, tail: Option<u32>) -> LogsOptions {
    let tail = tail.map_or_else(|| "all".to_owned(), |n| n.to_string());
    // The API takes whole seconds; what is older within that second is dropped here.
    let since = i32::try_from(since.max(0) / 1_000_000_000).unwrap_or(0);
    let follow = reading == Reading::Following;
    LogsOptionsBuilder::default()
        .follow(follow)
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .since(since)
        .tail(&tail)
        .build()
}

fn stream(
    docker: &Docker,
    name: &str,
    reading: Reading,
    since: Option<i64>,
    tail: Option<u32>,
) -> BoxStream<'static, Result<LogLine, DockerError>> {
    if let Err(error) = checked_name("container name", name) {
        return futures::stream::once(async { Err(error) }).boxed();
    }
    let since = since.unwrap_or(i64::MIN);
    let following = Following {
        docker: docker.clone(),
        name: name.to_owned(),
        frames: docker.api.logs(name, Some(options(reading, since, tail))).boxed(),
        lines: LineJoiner::default(),
        ready: VecDeque::new(),
        from: Moments::both(since),
        given: Moments::both(since),
        tailed: tail.is_some(),
        reading,
    };
    futures::stream::unfold(following, |mut state| async move {
        let line = state.next_line().await?;
        Some((line, state))
    })
    .boxed()
}

impl Following {
    async fn next_line(&mut self) -> Option<Result<LogLine, DockerError>> {
        loop {
            while let Some(line) = self.ready.pop_front() {
                if line.at > *self.from.of(line.stream) {
                    self.gave(&line);
                    return Some(Ok(line));
                }
            }
            if self.reading == Reading::Ended {
                return None;
            }
            match self.frames.next().await {
                Some(Ok(frame)) => self.lines.take(frame, &mut self.ready),
                Some(Err(error)) => {
                    self.reading = Reading::Ended;
                    let asked = Asked::to("read the log of", ObjectKind::Container, &self.name);
                    return Some(Err(self.docker.failed(asked)(error)));
                }
                None => self.end().await,
            }
        }
    }

    fn gave(&mut self, line: &LogLine) {
        if self.tailed && self.given.earlier() == i64::MIN && self.reading == Reading::Following {
            // Of the other stream, nothing before this was wanted either.
            self.given = Moments::both(line.at - 1);
        }
        let last = self.given.of(line.stream);
        *last = line.at.max(*last);
    }

    /// Docker 20.10 may end a followed log before its last bytes when the container stops: those are read once more,
    /// with the rest of an unfinished line.
    async fn end(&mut self) {
        let rest = if self.reading == Reading::Following { self.rest().await } else { None };
        match rest {
            Some(frames) => {
                self.reading = Reading::ToTheEnd;
                self.from = self.given;
                self.frames = frames;
                self.lines = LineJoiner::default();
            }
            None => {
                self.reading = Reading::Ended;
                self.lines.finish(&mut self.ready);
            }
        }
    }

    /// What is still to be had, or `None` when the container is gone.
    async fn rest(&mut self) -> Option<BoxStream<'static, Result<LogOutput, Bollard>>> {
        self.docker.api.inspect_container(&self.name, None).await.ok()?;
        let options = options(Reading::ToTheEnd, self.given.earlier(), None);
        Some(self.docker.api.logs(&self.name, Some(options)).boxed())
    }
}

/// Puts Docker's frames together to lines. Docker cuts lines at 16 KiB and gives every piece its own time.
#[derive(Default)]
struct LineJoiner {
    stdout: Unfinished,
    stderr: Unfinished,
    clock: Clock,
}

#[derive(Default)]
struct Unfinished {
    at: i64,
    text: BytesMut,
}

impl LineJoiner {
    fn take(&mut self, frame: LogOutput, lines: &mut VecDeque<LogLine>) {
        let stream = match frame {
            LogOutput::StdErr { .. } => LogStreamKind::Stderr,
            _ => LogStreamKind::Stdout,
        };
        let bytes = frame.into_bytes();
        let Self { stdout, stderr, clock } = self;
        let unfinished = if stream == LogStreamKind::Stdout { stdout } else { stderr };
        for piece in bytes.split_inclusive(|&b| b == b'\n') {
            let (at, text) = clock.split(piece);
            if unfinished.text.is_empty() {
                unfinished.at = at.unwrap_or(unfinished.at);
            }
            let (text, complete) = match text.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (text, false),
            };
            unfinished.text.extend_from_slice(text);
            if complete || unfinished.text.len() >= LONGEST_LINE {
                lines.push_back(unfinished.line(stream));
            }
        }
    }

    fn finish(&mut self, lines: &mut VecDeque<LogLine>) {
        for stream in [LogStreamKind::Stdout, LogStreamKind::Stderr] {
            let unfinished = self.of(stream);
            if !unfinished.text.is_empty() {
                lines.push_back(unfinished.line(stream));
            }
        }
    }

    fn of(&mut self, stream: LogStreamKind) -> &mut Unfinished {
        match stream {
            LogStreamKind::Stdout => &mut self.stdout,
            LogStreamKind::Stderr => &mut self.stderr,
        }
    }
}

impl Unfinished {
    fn line(&mut self, stream: LogStreamKind) -> LogLine {
        let mut text = self.text.split().freeze();
        if text.last() == Some(&b'\r') {
            text.truncate(text.len() - 1);
        }
        LogLine { at: self.at, stream, text }
    }
}

/// Reads Docker's time stamps. Lines of one second share all but the last digits, and a flood has many a second.
#[derive(Default)]
struct Clock {
    second: Vec<u8>,
    nanos: i64,
}

/// `2026-11-20T15:07:50`
const SECOND: usize = 19;

impl Clock {
    /// The time stamp before a piece, and the rest of it.
    fn split<'a>(&mut self, piece: &'a [u8]) -> (Option<i64>, &'a [u8]) {
        let Some(space) = piece.iter().take(40).position(|&b| b == b' ') else {
            return (None, piece);
        };
        match self.read(&piece[..space]) {
            Some(at) => (Some(at), &piece[space + 1..]),
            None => (None, piece),
        }
    }

    fn read(&mut self, stamp: &[u8]) -> Option<i64> {
        let whole = |stamp: &[u8]| {
            let time = DateTime::parse_from_rfc3339(std::str::from_utf8(stamp).ok()?).ok()?;
            time.timestamp_nanos_opt()
        };
        let (Some(second), Some(fraction)) = (stamp.get(..SECOND), fraction(stamp)) else {
            return whole(stamp);
        };
        if self.second != second {
            self.nanos = whole(stamp)? - fraction;
            self.second = second.to_vec();
        }
        Some(self.nanos + fraction)
    }
}

/// The nanoseconds of `....123456789Z`, which is how Docker writes all of them.
fn fraction(stamp: &[u8]) -> Option<i64> {
    let digits = stamp.get(SECOND..)?.strip_prefix(b".")?.strip_suffix(b"Z")?;
    if digits.len() != 9 {
        return None;
    }
    digits.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

/// For tests and messages: a line's text, whatever its encoding.
impl LogLine {
    /// The text with anything that is not UTF-8 replaced.
    pub fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }

    /// A line from its parts.
    pub fn new(at: i64, stream: LogStreamKind, text: impl Into<Bytes>) -> Self {
        Self { at, stream, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &str) -> LogOutput {
        LogOutput::StdOut { message: Bytes::copy_from_slice(text.as_bytes()) }
    }

    fn err(text: &str) -> LogOutput {
        LogOutput::StdErr { message: Bytes::copy_from_slice(text.as_bytes()) }
    }

    fn joined(frames: Vec<LogOutput>) -> Vec<(i64, LogStreamKind, String)> {
        let mut joiner = LineJoiner::default();
        let mut lines = VecDeque::new();
        for frame in frames {
            joiner.take(frame, &mut lines);
        }
        joiner.finish(&mut lines);
        lines.into_iter().map(|l| (l.at, l.stream, l.lossy())).collect()
    }

    #[test]
    fn pieces_of_one_line_are_joined_and_keep_the_first_time() {
        let lines = joined(vec![
            out("1970-01-01T00:00:00.000000005Z one "),
            err("1970-01-01T00:00:00.000000006Z other\r\n"),
            out("1970-01-01T00:00:00.000000007Z two\n"),
        ]);
        assert_eq!(
            lines,
            [
                (6, LogStreamKind::Stderr, "other".to_owned()),
                (5, LogStreamKind::Stdout, "one two".to_owned())
            ]
        );
    }

    #[test]
    fn what_has_no_line_end_is_given_at_the_end() {
        assert_eq!(
            joined(vec![out("1970-01-01T00:00:00.000000005Z x")]),
            [(5, LogStreamKind::Stdout, "x".into())]
        );
    }

    #[test]
    fn every_form_of_a_time_is_read() {
        let mut clock = Clock::default();
        for (stamp, nanos) in [
            ("1970-01-01T00:00:01.000000005Z", 1_000_000_005),
            ("1970-01-01T00:00:01.999999999Z", 1_999_999_999),
            ("1970-01-01T00:00:02.5Z", 2_500_000_000),
            ("1970-01-01T00:00:02Z", 2_000_000_000),
            ("1970-01-01T01:00:03.000000001+01:00", 3_000_000_001),
            ("1970-01-01T00:00:03.000000001Z", 3_000_000_001),
        ] {
            assert_eq!(
                clock.split(format!("{stamp} x").as_bytes()),
                (Some(nanos), b"x".as_slice()),
                "{stamp}"
            );
        }
        assert_eq!(clock.split(b"no stamp"), (None, b"no stamp".as_slice()));
        assert_eq!(clock.split(b"1970-01-01T00:00:03.00000000xZ y").0, None);
    }

    #[test]
    fn an_empty_line_is_a_line() {
        assert_eq!(
            joined(vec![out("1970-01-01T00:00:00.000000005Z \n")]),
            [(5, LogStreamKind::Stdout, String::new())]
        );
    }

    #[test]
    fn a_line_without_end_is_given_in_pieces() {
        let long = format!("1970-01-01T00:00:00.000000005Z {}", "x".repeat(LONGEST_LINE));
        assert_eq!(joined(vec![out(&long), out(&long)]).len(), 2);
    }
}
