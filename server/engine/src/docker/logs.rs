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
    frames: BoxStream<'static, Result<LogOutput, Bollard>>,
    lines: LineJoiner,
    ready: VecDeque<LogLine>,
    since: i64,
    ended: bool,
    docker: Docker,
    name: String,
}

pub(super) fn follow(
    docker: &Docker,
    name: &str,
    since: Option<i64>,
    tail: Option<u32>,
) -> BoxStream<'static, Result<LogLine, DockerError>> {
    stream(docker, name, since, options(true, since, tail))
}

pub(super) async fn last(docker: &Docker, name: &str, count: u32) -> Result<Vec<LogLine>, DockerError> {
    let lines: Vec<_> = stream(docker, name, None, options(false, None, Some(count))).collect().await;
    let mut lines: Vec<_> = lines.into_iter().collect::<Result<_, _>>()?;
    let surplus = lines.len().saturating_sub(count as usize);
    lines.drain(..surplus);
    Ok(lines)
}

fn options(follow: bool, since: Option<i64>, tail: Option<u32>) -> LogsOptions {
    let tail = tail.map_or_else(|| "all".to_owned(), |n| n.to_string());
    // The API takes whole seconds; what is older within that second is dropped here.
    let since = since.and_then(|at| i32::try_from(at / 1_000_000_000).ok()).unwrap_or(0);
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
    since: Option<i64>,
    options: LogsOptions,
) -> BoxStream<'static, Result<LogLine, DockerError>> {
    if let Err(error) = checked_name("container name", name) {
        return futures::stream::once(async { Err(error) }).boxed();
    }
    let following = Following {
        frames: docker.api.logs(name, Some(options)).boxed(),
        lines: LineJoiner::default(),
        ready: VecDeque::new(),
        since: since.unwrap_or(i64::MIN),
        ended: false,
        docker: docker.clone(),
        name: name.to_owned(),
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
                if line.at > self.since {
                    return Some(Ok(line));
                }
            }
            if self.ended {
                return None;
            }
            match self.frames.next().await {
                Some(Ok(frame)) => self.lines.take(frame, &mut self.ready),
                Some(Err(error)) => {
                    self.ended = true;
                    let asked = Asked::to("read the log of", ObjectKind::Container, &self.name);
                    return Some(Err(self.docker.failed(asked)(error)));
                }
                None => {
                    self.ended = true;
                    self.lines.finish(&mut self.ready);
                }
            }
        }
    }
}

/// Puts Docker's frames together to lines. Docker cuts lines at 16 KiB and gives every piece its own time.
#[derive(Default)]
struct LineJoiner {
    stdout: Unfinished,
    stderr: Unfinished,
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
        let unfinished = self.of(stream);
        for piece in bytes.split_inclusive(|&b| b == b'\n') {
            let (at, text) = split_time(piece);
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

/// Docker's time stamp before each piece, and the rest.
fn split_time(piece: &[u8]) -> (Option<i64>, &[u8]) {
    let Some(space) = piece.iter().take(40).position(|&b| b == b' ') else {
        return (None, piece);
    };
    let time =
        std::str::from_utf8(&piece[..space]).ok().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    match time.and_then(|t| t.timestamp_nanos_opt()) {
        Some(at) => (Some(at), &piece[space + 1..]),
        None => (None, piece),
    }
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
