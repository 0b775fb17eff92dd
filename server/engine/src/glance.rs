//! Views that many look at and few change, remembered until anything is written. Ten viewers of a page, or one that
//! reloads, cost one reading of the store.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Another program may write to the same PostgreSQL: nothing is remembered for longer.
const LONGEST: Duration = Duration::from_secs(2);
/// How many views of a kind are remembered.
const MOST: usize = 512;

/// Views by key, all of one generation of the store.
pub(crate) struct Glance<K, V> {
    views: Mutex<Views<K, V>>,
}

struct Views<K, V> {
    generation: u64,
    by_key: HashMap<K, (Instant, V)>,
}

impl<K, V> Default for Glance<K, V> {
    fn default() -> Self {
        Self { views: Mutex::new(Views { generation: 0, by_key: HashMap::new() }) }
    }
}

impl<K: Eq + Hash, V: Clone> Glance<K, V> {
    /// The view that was read in this generation, not long ago.
    pub fn seen(&self, key: &K, generation: u64) -> Option<V> {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, view) = views.by_key.get(key).filter(|_| views.generation == generation)?;
        (at.elapsed() < LONGEST).then(|| view.clone())
    }

    /// Remembers a view whose reading began in `before`; forgotten at once when somebody has written since.
    pub fn remember(&self, key: K, view: &V, before: u64, now: u64) {
        if before != now {
            return;
        }
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.generation > before {
            return;
        }
        if views.generation < before || views.by_key.len() >= MOST {
            views.by_key.clear();
            views.generation = before;
        }
        views.by_key.insert(key, (Instant::now(), view.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_forgotten_by_the_next_write() {
        let glance = Glance::default();
        glance.remember("a", &1, 5, 5);
        assert_eq!(glance.seen(&"a", 5), Some(1));
        assert_eq!(glance.seen(&"a", 6), None);
        glance.remember("a", &2, 6, 7);
        assert_eq!(glance.seen(&"a", 7), None, "it was read before the write");
        glance.remember("b", &3, 7, 7);
        glance.remember("a", &4, 5, 5);
        assert_eq!((glance.seen(&"a", 7), glance.seen(&"b", 7)), (None, Some(3)));
    }
}
