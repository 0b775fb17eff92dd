//! The hook that git runs when a push has come in and nothing is moved yet: this program again, by another name. It
//! tells the server what was pushed, prints what the server says, and ends with its verdict.
//!
//! It runs in a process of its own, without the runtime: one socket, read line by line.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// The name that git runs it by.
pub(crate) const HOOK: &str = "pre-receive";
/// Names the socket of the server.
pub(super) const SOCKET_VARIABLE: &str = "BERTH_PUSH_SOCKET";
/// Holds the word that the server knows the push by.
pub(super) const TICKET_VARIABLE: &str = "BERTH_PUSH_TICKET";
/// More than a thousand refs in one push are not read.
const MOST_INPUT: u64 = 512 << 10;

/// What a push would move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Update {
    /// The commit before; zeros for none.
    pub old: String,
    /// The commit after; zeros for none.
    pub new: String,
    /// The full name of the ref.
    pub name: String,
}

/// What the hook tells the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pushed {
    pub ticket: String,
    /// Where git keeps the pushed objects until the push is accepted.
    pub quarantine: Option<String>,
    pub updates: Vec<Update>,
}

/// What the server answers, a line of JSON each.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// For the one who pushes.
    Line(String),
    /// The last word: whether the refs move.
    Verdict(bool),
}

impl Update {
    /// Reads a line of the hook's input.
    pub fn read(line: &str) -> Option<Self> {
        let (old, rest) = line.split_once(' ')?;
        let (new, name) = rest.split_once(' ')?;
        let update = Self { old: old.to_owned(), new: new.to_owned(), name: name.to_owned() };
        (super::is_commit_id(old) && super::is_commit_id(new)).then_some(update)
    }

    /// Whether the ref goes.
    pub fn is_deletion(&self) -> bool {
        self.new.bytes().all(|byte| byte == b'0')
    }
}

/// Becomes the hook when git has started this program as one; `None` otherwise, which is nearly always.
///
/// A program that hosts repositories calls this first thing in `main`, as [`super::run_as_ssh`].
pub fn run_as_hook() -> Option<ExitCode> {
    let name = std::env::args_os().next()?;
    if Path::new(&name).file_name()? != HOOK {
        return None;
    }
    let socket = std::env::var_os(SOCKET_VARIABLE)?;
    Some(match converse(Path::new(&socket)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("Berth cannot take this push now: {error}. Nothing was moved; push again."));
            ExitCode::FAILURE
        }
    })
}

fn converse(socket: &Path) -> std::io::Result<bool> {
    let mut stream = UnixStream::connect(socket)?;
    let mut input = String::new();
    std::io::stdin().take(MOST_INPUT).read_to_string(&mut input)?;
    let updates: Option<Vec<Update>> = input.lines().map(Update::read).collect();
    let bad = || std::io::Error::other("git told it in a way that is not known");
    let pushed = Pushed {
        ticket: std::env::var(TICKET_VARIABLE).unwrap_or_default(),
        quarantine: std::env::var("GIT_QUARANTINE_PATH").ok(),
        updates: updates.ok_or_else(bad)?,
    };
    let mut line = serde_json::to_vec(&pushed)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Said::Line(text) => say(&text),
            Said::Verdict(verdict) => return Ok(verdict),
        }
    }
    Err(std::io::Error::other("it was stopped"))
}

/// git shows it with `remote: ` before it. Where nobody listens any more, the verdict still counts.
fn say(text: &str) {
    _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_git_is_an_update() {
        let (one, none) = ("1".repeat(40), "0".repeat(40));
        let update = Update::read(&format!("{none} {one} refs/heads/a b")).unwrap();
        assert_eq!((update.name.as_str(), update.is_deletion()), ("refs/heads/a b", false));
        assert!(Update::read(&format!("{one} {none} refs/heads/a")).unwrap().is_deletion());
        for bad in ["", "x y z", "1 2", &format!("{one} x refs/heads/a")] {
            assert_eq!(Update::read(bad), None);
        }
    }
}
