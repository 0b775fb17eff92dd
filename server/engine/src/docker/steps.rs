//! BuildKit's account of a build, put into lines a person can follow.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog, VertexStatus};
use bytes::{Bytes, BytesMut};

use super::error::BuildFailure;
use super::progress::{BuildLine, BuildLineKind, LogStreamKind};

/// How many lines of a failed step are told with the error.
const LAST_LINES: usize = 50;
/// A line without end is given in pieces of this size.
const LONGEST_LINE: usize = 256 * 1024;

/// All steps seen so far.
#[derive(Default)]
pub(super) struct Steps {
    by_digest: HashMap<String, Step>,
    noted: HashSet<(String, String)>,
    failed: Option<String>,
}

#[derive(Default)]
struct Step {
    number: u32,
    name: String,
    started: bool,
    ended: bool,
    stdout: BytesMut,
    stderr: BytesMut,
    last: VecDeque<String>,
}

impl Steps {
    /// Takes one word of BuildKit's and gives the lines that it makes.
    pub fn take(&mut self, status: StatusResponse, lines: &mut dyn FnMut(BuildLine)) {
        for vertex in &status.vertexes {
            self.begin(vertex, lines);
        }
        for note in &status.statuses {
            self.note(note, lines);
        }
        for log in &status.logs {
            self.print(log, lines);
        }
        // Last, so that a step's own words stand before its end.
        for vertex in &status.vertexes {
            self.end(vertex, lines);
        }
    }

    /// The failure, with the step that BuildKit blamed.
    pub fn failure(&self, reason: String) -> BuildFailure {
        let step = self.failed.as_ref().and_then(|digest| self.by_digest.get(digest));
        BuildFailure {
            step: step.map(|step| step.name.clone()),
            reason,
            last_lines: step.map(|step| step.last.iter().cloned().collect()).unwrap_or_default(),
        }
    }

    fn step(&mut self, digest: &str) -> &mut Step {
        let next = u32::try_from(self.by_digest.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.by_digest.entry(digest.to_owned()).or_insert_with(|| Step { number: next, ..Default::default() })
    }

    fn begin(&mut self, vertex: &Vertex, lines: &mut dyn FnMut(BuildLine)) {
        let step = self.step(&vertex.digest);
        if step.name.is_empty() {
            step.name.clone_from(&vertex.name);
        }
        if vertex.started.is_some() && !step.started && !vertex.cached {
            step.started = true;
            lines(step.line(BuildLineKind::Started));
        }
    }

    fn end(&mut self, vertex: &Vertex, lines: &mut dyn FnMut(BuildLine)) {
        let (Some(started), Some(completed)) = (&vertex.started, &vertex.completed) else { return };
        let step = self.step(&vertex.digest);
        if step.ended {
            return;
        }
        step.ended = true;
        step.flush(lines);
        if !vertex.error.is_empty() {
            lines(step.line(BuildLineKind::Failed { error: vertex.error.clone() }));
            // When one step fails, BuildKit cancels the others: they are not why.
            if !vertex.error.contains("context canceled") && self.failed.is_none() {
                self.failed = Some(vertex.digest.clone());
            }
        } else if vertex.cached {
            lines(step.line(BuildLineKind::Cached));
        } else {
            let nanos = |t: (i64, i32)| i128::from(t.0) * 1_000_000_000 + i128::from(t.1);
            let took = nanos((completed.seconds, completed.nanos)) - nanos((started.seconds, started.nanos));
            let took = Duration::from_nanos(u64::try_from(took).unwrap_or_default());
            lines(step.line(BuildLineKind::Done { took }));
        }
    }

    /// Downloads and the like: told once, when they are done.
    fn note(&mut self, note: &VertexStatus, lines: &mut dyn FnMut(BuildLine)) {
        if note.completed.is_none() || !self.noted.insert((note.vertex.clone(), note.id.clone())) {
            return;
        }
        let what = if note.name.is_empty() { &note.id } else { &note.name };
        let text = if note.current > 0 { format!("{what} {}", size(note.current)) } else { what.clone() };
        let line = self.step(&note.vertex).line(BuildLineKind::Note(text));
        lines(line);
    }

    fn print(&mut self, log: &VertexLog, lines: &mut dyn FnMut(BuildLine)) {
        let stream = if log.stream == 2 { LogStreamKind::Stderr } else { LogStreamKind::Stdout };
        self.step(&log.vertex).print(stream, &log.msg, lines);
    }
}

impl Step {
    fn line(&self, kind: BuildLineKind) -> BuildLine {
        BuildLine { step: self.number, name: self.name.clone(), kind }
    }

    fn print(&mut self, stream: LogStreamKind, bytes: &[u8], lines: &mut dyn FnMut(BuildLine)) {
        for piece in bytes.split_inclusive(|&b| b == b'\n') {
            let unfinished = self.unfinished(stream);
            let (text, complete) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            unfinished.extend_from_slice(text);
            if complete || unfinished.len() >= LONGEST_LINE {
                let text = unfinished.split().freeze();
                self.say(stream, text, lines);
            }
        }
    }

    fn unfinished(&mut self, stream: LogStreamKind) -> &mut BytesMut {
        match stream {
            LogStreamKind::Stdout => &mut self.stdout,
            LogStreamKind::Stderr => &mut self.stderr,
        }
    }

    fn flush(&mut self, lines: &mut dyn FnMut(BuildLine)) {
        for stream in [LogStreamKind::Stdout, LogStreamKind::Stderr] {
            let text = self.unfinished(stream).split().freeze();
            if !text.is_empty() {
                self.say(stream, text, lines);
            }
        }
    }

    fn say(&mut self, stream: LogStreamKind, mut text: Bytes, lines: &mut dyn FnMut(BuildLine)) {
        if text.last() == Some(&b'\r') {
            text.truncate(text.len() - 1);
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(String::from_utf8_lossy(&text).into_owned());
        lines(self.line(BuildLineKind::Output { stream, text }));
    }
}

#[allow(clippy::cast_precision_loss)]
fn size(bytes: i64) -> String {
    const UNITS: [(&str, f64); 3] = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let bytes = bytes as f64;
    let unit = UNITS.iter().find(|(_, factor)| bytes >= *factor);
    unit.map_or_else(|| format!("{bytes} B"), |(unit, factor)| format!("{:.1} {unit}", bytes / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex(digest: &str, name: &str, cached: bool, error: &str) -> Vertex {
        Vertex {
            digest: digest.into(),
            name: name.into(),
            cached,
            started: Some(Default::default()),
            completed: Some(Default::default()),
            error: error.into(),
            ..Default::default()
        }
    }

    fn log(digest: &str, text: &str) -> VertexLog {
        VertexLog { vertex: digest.into(), stream: 1, msg: text.as_bytes().to_vec(), ..Default::default() }
    }

    fn taken(steps: &mut Steps, vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> Vec<String> {
        let mut lines = Vec::new();
        let status = StatusResponse { vertexes, logs, ..Default::default() };
        steps.take(status, &mut |line: BuildLine| lines.push(format!("{} {:?}", line.step, line.kind)));
        lines
    }

    #[test]
    fn a_step_is_told_from_its_start_to_its_end_and_in_whole_lines() {
        let mut steps = Steps::default();
        let running = Vertex { completed: None, ..vertex("a", "RUN make", false, "") };
        assert_eq!(taken(&mut steps, vec![running], vec![log("a", "one\ntw")]).len(), 2);
        let lines = taken(&mut steps, vec![vertex("a", "RUN make", false, "")], vec![log("a", "o")]);
        assert_eq!(lines, ["1 Output { stream: Stdout, text: b\"two\" }", "1 Done { took: 0ns }"]);
        assert!(taken(&mut steps, vec![vertex("a", "RUN make", false, "")], vec![]).is_empty(), "told once");
    }

    #[test]
    fn a_cached_step_is_marked() {
        assert_eq!(
            taken(&mut Steps::default(), vec![vertex("a", "RUN make", true, "")], vec![]),
            ["1 Cached"]
        );
    }

    #[test]
    fn the_failure_names_the_step_that_failed_and_not_the_ones_it_took_with_it() {
        let mut steps = Steps::default();
        taken(
            &mut steps,
            vec![
                vertex("b", "RUN other", false, "context canceled"),
                vertex("a", "[2/3] RUN make", false, "exit code: 2"),
            ],
            vec![log("a", "no rule\n")],
        );
        let failure = steps.failure("exit code: 2".into());
        assert_eq!(failure.step.as_deref(), Some("[2/3] RUN make"));
        assert_eq!(failure.last_lines, ["no rule"]);
        assert_eq!(
            failure.to_string(),
            "the build failed in step `[2/3] RUN make`: exit code: 2. Its last line was: no rule"
        );
    }
}
