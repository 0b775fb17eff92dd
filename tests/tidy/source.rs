//! The files of the repository, as git knows them.

use anyhow::{Context, Result};
use berth_tests::process::{command, run};
use std::path::{Path, PathBuf};

/// A file with its path from the root.
pub struct SourceFile {
    pub path: String,
    pub text: String,
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The path of every tracked or new file.
pub fn paths() -> Result<Vec<String>> {
    let mut git = command("git");
    git.current_dir(root()).args(["-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"]);
    Ok(run(git)?.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect())
}

/// Every tracked or new file whose name ends with one of these.
pub fn files(endings: &[&str]) -> Result<Vec<SourceFile>> {
    let wanted = paths()?.into_iter().filter(|path| endings.iter().any(|ending| path.ends_with(ending)));
    wanted
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).with_context(|| path.clone())?;
            Ok(SourceFile { path, text })
        })
        .collect()
}

/// All Rust files.
pub fn rust() -> Result<Vec<SourceFile>> {
    files(&[".rs"])
}

impl SourceFile {
    /// The lines of code with their numbers, without those that are only a comment.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether the file is one of these, or below one of these folders, given without `.rs`.
    pub fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| {
            self.path == format!("{place}.rs")
                || self.path.starts_with(&format!("{place}/"))
                || self.path == *place
        })
    }
}

/// Fails with a list when there is anything in it.
pub fn none(what: &str, found: Vec<String>) -> Result<()> {
    anyhow::ensure!(found.is_empty(), "{what} ({}):\n  {}", found.len(), found.join("\n  "));
    Ok(())
}

/// Whether `word` stands in `line` with no letter, digit or underscore beside it.
pub fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(part) && !line[at + word.len()..].starts_with(part))
}
