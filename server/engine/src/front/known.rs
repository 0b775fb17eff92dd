//! Who is known: sessions and tokens that were looked up a moment ago.

use crate::Actor;
use berth_domain::account::Me;
use berth_domain::ids::{OrganisationId, UserId};
use chrono::{DateTime, Utc};
use dashmap::DashMap;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// How long a look-up is believed. What this process ends is forgotten at once; this bounds what `berth admin` ends
/// from another process.
const BELIEVED: Duration = Duration::from_secs(5);
const MOST: usize = 10_000;

/// An actor that was authenticated, and until when that may be so.
#[derive(Clone)]
pub(super) struct Known {
    pub actor: Actor,
    pub expires_at: Option<DateTime<Utc>>,
    /// When its use was last written down.
    pub seen_at: Option<DateTime<Utc>>,
}

/// The cache. Ending anything forgets everything: that is rare, and looking up again is cheap.
#[derive(Default)]
pub(super) struct KnownActors {
    actors: DashMap<String, (Instant, Known)>,
    people: DashMap<(UserId, OrganisationId), (Instant, Me)>,
    forgotten: AtomicU64,
}

impl KnownActors {
    /// What to hand to [`Self::remember`]; taken before the store is asked.
    pub fn before(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// The actor behind the hash of a secret.
    pub fn find(&self, hash: &str) -> Option<Known> {
        let entry = self.actors.get(hash)?;
        (entry.0.elapsed() < BELIEVED).then(|| entry.1.clone())
    }

    /// Remembers a look-up, unless something was forgotten since it began: it may have seen what is no more.
    pub fn remember(&self, before: u64, hash: &str, known: Known) {
        if self.actors.len() >= MOST {
            self.actors.clear();
        }
        self.actors.insert(hash.to_owned(), (Instant::now(), known));
        if self.before() != before {
            self.actors.remove(hash);
        }
    }

    /// Who an actor is, as it was looked up a moment ago.
    pub fn person(&self, actor: &Actor) -> Option<Me> {
        let entry = self.people.get(&(actor.user()?, actor.organisation))?;
        (entry.0.elapsed() < BELIEVED).then(|| entry.1.clone())
    }

    /// Remembers who somebody is, as [`Self::remember`] does.
    pub fn remember_person(&self, before: u64, organisation: OrganisationId, me: Me) {
        if self.people.len() >= MOST {
            self.people.clear();
        }
        let key = (me.id, organisation);
        self.people.insert(key, (Instant::now(), me));
        if self.before() != before {
            self.people.remove(&key);
        }
    }

    /// Whether the use of a session or token is to be written down now: once a minute, by one of many requests.
    pub fn is_to_note(&self, hash: &str, known: &Known, now: DateTime<Utc>) -> bool {
        let is_old = |seen: Option<DateTime<Utc>>| seen.is_none_or(|seen| (now - seen).num_seconds() >= 60);
        if !is_old(known.seen_at) {
            return false;
        }
        let Some(mut entry) = self.actors.get_mut(hash) else { return true };
        let is_first = is_old(entry.1.seen_at);
        entry.1.seen_at = Some(now);
        is_first
    }

    /// Forgets everybody; called after something was ended and committed.
    pub fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.actors.clear();
        self.people.clear();
    }
}

impl Known {
    /// The actor with the address of this request.
    pub fn at(mut self, address: Option<String>) -> Actor {
        self.actor.address = address;
        self.actor
    }

    /// Whether it has run out.
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}
