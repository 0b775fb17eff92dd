//! How the log of a deployment looks in a terminal that pushes.

use berth_domain::{ansi, deployment::Phase, log::LogLine, log::LogStream};

/// The longest line.
const LONGEST: usize = 400;

/// Lines for people, one after the other; a heading for each phase.
#[derive(Debug, Default)]
pub(super) struct Told {
    phase: Option<Phase>,
    step: String,
}

impl Told {
    /// What is shown of a line, which may be several lines, or nothing.
    pub fn of(&mut self, line: &LogLine) -> Vec<String> {
        let text = plain(&line.text);
        if let Ok(phase) = line.origin.parse::<Phase>() {
            let mut shown = self.heading(phase);
            self.step.clear();
            shown.push(format!("   {text}"));
            return shown;
        }
        let mut shown = self.heading(Phase::Build);
        let step = plain(&line.origin);
        match (line.stream, text.as_str()) {
            (LogStream::Berth, "started") => {}
            (LogStream::Berth, "CACHED") => {
                self.step = step.clone();
                shown.push(format!("   {step} (cached)"));
            }
            (LogStream::Berth, done) if done.starts_with("DONE ") => {}
            _ => {
                if self.step != step {
                    shown.push(format!("   {step}"));
                    self.step = step;
                }
                shown.push(format!("     {text}"));
            }
        }
        shown
    }

    fn heading(&mut self, phase: Phase) -> Vec<String> {
        if self.phase.is_some_and(|before| before >= phase) {
            return Vec::new();
        }
        self.phase = Some(phase);
        vec![format!("-> {phase}")]
    }
}

/// Without colours and without what could take over a terminal.
fn plain(text: &str) -> String {
    let text = ansi::strip(text);
    text.chars()
        .filter(|c| !c.is_control() || *c == '\t')
        .take(LONGEST)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stream: LogStream, origin: &str, text: &str) -> LogLine {
        LogLine {
            cursor: 0,
            at: chrono::DateTime::UNIX_EPOCH,
            stream,
            origin: origin.into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_build_reads_as_steps_under_its_phase() {
        let mut told = Told::default();
        let lines = [
            line(LogStream::Berth, "build", "Commit abc First by A"),
            line(LogStream::Berth, "[1/2] FROM base", "CACHED"),
            line(LogStream::Berth, "[2/2] RUN make", "started"),
            line(LogStream::Out, "[2/2] RUN make", "\u{1b}[31mcc\u{1b}[0m x.c\u{7}"),
            line(LogStream::Err, "[2/2] RUN make", "warning"),
            line(LogStream::Berth, "[2/2] RUN make", "DONE 1.0 s"),
            line(LogStream::Berth, "start", "Started web"),
        ];
        let shown: Vec<String> = lines.iter().flat_map(|line| told.of(line)).collect();
        let wanted = [
            "-> build",
            "   Commit abc First by A",
            "   [1/2] FROM base (cached)",
            "   [2/2] RUN make",
            "     cc x.c",
            "     warning",
            "-> start",
            "   Started web",
        ];
        assert_eq!(shown, wanted);
    }
}
