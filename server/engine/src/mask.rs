//! Hides secrets in everything that a log keeps or shows (R-LOG-1).
//!
//! A program prints its secrets in more than one shape, so each value is looked for as it is, line by line (a key in PEM
//! form is printed over many lines), in the base64 alphabets at each of the three offsets it can have inside a longer
//! text, percent-encoded, as JSON writes it, and in hexadecimal. Lines pass through whole; text in chunks goes through
//! [`MaskedChunks`], which holds back only what may be the beginning of a secret.

mod chunks;
mod shapes;

use std::borrow::Cow;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

pub use chunks::MaskedChunks;

/// What stands where a secret was.
pub const MASK: &[u8] = b"\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2";

/// Values shorter than this are not secrets that can be hidden: their letters are everywhere.
pub const SHORTEST: usize = 6;

/// Finds a set of secrets, in every shape, in one pass over a line.
#[derive(Clone, Default)]
pub struct Masker {
    finder: Option<Arc<AhoCorasick>>,
    longest: usize,
}

impl Masker {
    /// A masker of these values; those that are too short are left out.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut patterns: Vec<Vec<u8>> = secrets.into_iter().flat_map(|s| shapes::of(s.as_ref())).collect();
        patterns.sort();
        patterns.dedup();
        if patterns.is_empty() {
            return Self::default();
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
        let build =
            |kind| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).kind(kind).build(&patterns);
        // A set too large for the fast automaton still fits the compact one.
        let finder = build(None).or_else(|_| build(Some(AhoCorasickKind::NoncontiguousNFA))).ok();
        Self { finder: finder.map(Arc::new), longest }
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// The line with every secret replaced; borrowed when there was none, which is nearly always.
    pub fn mask<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(finder) = &self.finder else {
            return Cow::Borrowed(line);
        };
        let mut found = finder.find_iter(line).peekable();
        if found.peek().is_none() {
            return Cow::Borrowed(line);
        }
        let mut out = Vec::with_capacity(line.len());
        let mut done = 0;
        for hit in found {
            out.extend_from_slice(&line[done..hit.start()]);
            out.extend_from_slice(MASK);
            done = hit.end();
        }
        out.extend_from_slice(&line[done..]);
        Cow::Owned(out)
    }

    /// The text with every secret replaced.
    pub fn mask_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.mask(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// A masker for text that comes in chunks cut anywhere.
    pub fn chunks(&self) -> MaskedChunks {
        MaskedChunks::new(self.clone())
    }
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker(..)")
    }
}

#[cfg(test)]
#[path = "mask/tests.rs"]
mod tests;
