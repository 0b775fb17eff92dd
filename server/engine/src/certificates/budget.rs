//! How often an authority is asked: below its own limits, and more and more seldom for what fails.

use std::{collections::VecDeque, sync::Mutex, sync::PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// New orders in a window. Let's Encrypt allows 300 in three hours.
const MOST_ORDERS: usize = 200;
const WINDOW: TimeDelta = TimeDelta::hours(3);

/// What kind of fault an attempt ended with: each is tried again at its own pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// The authority was not asked, or did not answer: it costs nothing to look again.
    Free,
    /// The authority said no. Let's Encrypt allows five failures an hour for a name.
    Counted,
    /// The authority gives no more for now.
    Limited,
}

/// The orders that were begun, by time.
#[derive(Default)]
pub(super) struct Budget(Mutex<VecDeque<DateTime<Utc>>>);

impl Budget {
    /// Takes one order out of the budget; says when there is one again when it is used up.
    pub fn take(&self, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while begun.front().is_some_and(|at| *at + WINDOW <= now) {
            begun.pop_front();
        }
        if begun.len() >= MOST_ORDERS {
            return Err(begun.front().map_or(now, |at| *at + WINDOW));
        }
        begun.push_back(now);
        Ok(())
    }

    /// Counts an order that an earlier process began.
    pub fn remember(&self, at: DateTime<Utc>) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = begun.partition_point(|earlier| *earlier <= at);
        begun.insert(place, at);
    }
}

/// How long until the next attempt after so many failures in a row; `chance` is between 0 and 1.
pub(super) fn pause(pace: Pace, failures: u32, chance: f64) -> TimeDelta {
    let (first, longest) = match pace {
        Pace::Free => (TimeDelta::minutes(1), TimeDelta::hours(1)),
        Pace::Counted => (TimeDelta::minutes(15), TimeDelta::hours(24)),
        Pace::Limited => (TimeDelta::hours(1), TimeDelta::hours(24)),
    };
    let doubled = first * 2_i32.pow(failures.saturating_sub(1).min(12));
    let pause = doubled.min(longest).num_milliseconds() as f64;
    // Many that fail together do not come back together.
    TimeDelta::milliseconds((pause * (1.0 + 0.25 * chance.clamp(0.0, 1.0))) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-TLS-3: below five refusals an hour for a name, and more and more seldom.
    #[test]
    fn r_tls_3_what_fails_is_tried_more_and_more_seldom() {
        let minutes = |pace, failures| pause(pace, failures, 0.0).num_minutes();
        assert_eq!([1, 2, 3, 30].map(|failures| minutes(Pace::Counted, failures)), [15, 30, 60, 1_440]);
        assert_eq!([1, 2, 9].map(|failures| minutes(Pace::Free, failures)), [1, 2, 60]);
        assert!(pause(Pace::Free, 1, 1.0) > pause(Pace::Free, 1, 0.0));
    }

    #[test]
    fn r_tls_3_the_budget_is_below_the_authoritys_limit_and_comes_back() {
        let (budget, start) = (Budget::default(), DateTime::<Utc>::UNIX_EPOCH);
        budget.remember(start);
        for _ in 1..MOST_ORDERS {
            assert_eq!(budget.take(start + TimeDelta::minutes(1)), Ok(()));
        }
        assert_eq!(budget.take(start + TimeDelta::minutes(2)), Err(start + WINDOW));
        assert_eq!(budget.take(start + WINDOW), Ok(()));
    }
}
