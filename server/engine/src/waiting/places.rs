//! The places of the waiting room: so many may wait, and no more memory than that do they take.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use berth_domain::ids::ServiceId;

/// The most requests that wait for one service, and for all together: each keeps its connection and its head.
const MOST_OF_ONE: usize = 1_000;
const MOST_OF_ALL: usize = 2_000;
/// The most bytes of heads that wait for one service.
const BYTES_OF_ONE: usize = 8 << 20;

/// Who waits, by service.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<ServiceId, Taken>>);

#[derive(Default, Clone, Copy)]
struct Taken {
    count: usize,
    bytes: usize,
}

/// A place, until it is dropped.
pub(super) struct Place<'a> {
    of: &'a Places,
    service: ServiceId,
    size: usize,
}

impl Places {
    /// A place for a request of so many bytes; none when it is full.
    pub fn take(&self, service: ServiceId, size: usize) -> Option<Place<'_>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().map(|taken| taken.count).sum();
        let before = taken.get(&service).copied().unwrap_or_default();
        if all >= MOST_OF_ALL || before.count >= MOST_OF_ONE || before.bytes + size > BYTES_OF_ONE {
            return None;
        }
        taken.insert(service, Taken { count: before.count + 1, bytes: before.bytes + size });
        Some(Place { of: self, service, size })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(left) = taken.get_mut(&self.service) else { return };
        left.count = left.count.saturating_sub(1);
        left.bytes = left.bytes.saturating_sub(self.size);
        if left.count == 0 {
            taken.remove(&self.service);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn service(n: u128) -> ServiceId {
        ServiceId(Uuid::from_u128(n))
    }

    #[test]
    fn a_service_takes_its_places_and_not_those_of_all() {
        let places = Places::default();
        let first: Vec<_> = (0..MOST_OF_ONE).map(|_| places.take(service(1), 1).expect("a place")).collect();
        assert!(places.take(service(1), 1).is_none());
        let second: Vec<_> =
            (0..MOST_OF_ALL - MOST_OF_ONE).map(|_| places.take(service(2), 1).expect("a place")).collect();
        assert!(places.take(service(3), 1).is_none());
        drop(first);
        assert!(places.take(service(1), 1).is_some() && places.take(service(3), 1).is_some());
        drop(second);
        assert!(places.0.lock().expect("not poisoned").is_empty());
    }

    #[test]
    fn great_heads_fill_it_before_many_do() {
        let places = Places::default();
        let _kept = places.take(service(1), BYTES_OF_ONE).expect("a place");
        assert!(places.take(service(1), 1).is_none());
        assert!(places.take(service(2), BYTES_OF_ONE).is_some());
    }
}
