//! A log that a flood of visitors does not fill.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So many lines in each second.
const LINES: u32 = 20;

/// Counts the lines of this second.
#[derive(Default)]
pub struct Quiet(Mutex<Option<(Instant, u32)>>);

impl Quiet {
    /// Whether there is room for another line.
    pub fn may_write(&self) -> bool {
        self.may_write_at(Instant::now())
    }

    fn may_write_at(&self, now: Instant) -> bool {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = match *second {
            Some((since, count)) if now.duration_since(since) < Duration::from_secs(1) => (since, count + 1),
            _ => (now, 1),
        };
        *second = Some((since, count));
        count <= LINES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_some_lines_in_each_second() {
        let (quiet, start) = (Quiet::default(), Instant::now());
        let written = |at: Instant| (0..1_000).filter(|_| quiet.may_write_at(at)).count();
        assert_eq!(written(start), LINES as usize);
        assert_eq!(written(start + Duration::from_secs(1)), LINES as usize);
    }
}
