//! Masking of text that comes in chunks cut anywhere.

use super::Masker;

/// Holds back the end of a chunk that may be the beginning of a secret.
pub struct MaskedChunks {
    masker: Masker,
    held: Vec<u8>,
}

impl MaskedChunks {
    pub(super) fn new(masker: Masker) -> Self {
        Self { masker, held: Vec::new() }
    }

    /// Takes a chunk and gives what can be shown of it and of what was held back.
    pub fn take(&mut self, chunk: &[u8]) -> Vec<u8> {
        if self.masker.is_empty() {
            return chunk.to_vec();
        }
        self.held.extend_from_slice(chunk);
        let safe = self.safe_end();
        let rest = self.held.split_off(safe);
        let shown = self.masker.mask(&self.held).into_owned();
        self.held = rest;
        shown
    }

    /// Gives what is left at the end.
    pub fn finish(&mut self) -> Vec<u8> {
        self.masker.mask(&std::mem::take(&mut self.held)).into_owned()
    }

    /// Where the text can be cut so that no secret is cut, whatever comes next: before the last bytes that could begin
    /// the longest one, but after a secret that is whole, and after the last line's end (no shape contains one).
    fn safe_end(&self) -> usize {
        let length = self.held.len();
        let mut safe = length.saturating_sub(self.masker.longest - 1);
        if let Some(newline) = memchr::memrchr(b'\n', &self.held) {
            safe = safe.max(newline + 1);
        }
        let Some(finder) = &self.masker.finder else { return length };
        for hit in finder.find_iter(&self.held) {
            // A hit over the cut may become a longer one: keep it whole for the next chunk.
            if hit.start() < safe && hit.end() > safe {
                safe = hit.start();
            }
        }
        safe
    }
}
