//! How often somebody may try to sign in.

use crate::Result;
use berth_domain::problem::{Problem, ProblemKind};
use dashmap::DashMap;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
};

const PER_ADDRESS: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
const PER_STRANGER: NonZeroU32 = NonZeroU32::new(1).expect("not zero");
const PER_FAMILIAR: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const MOST_FAMILIAR: usize = 10_000;
const TIDY_EVERY: usize = 1_000;

/// An account and the address that tries it.
type Pair = (String, String);

/// Ten attempts a minute per address, five per account. An account under attack stays open to everybody else: an
/// address that has not tried it within the last minute always has one attempt, and one that has signed in to it
/// before is limited for itself.
pub(super) struct Limits {
    addresses: DefaultKeyedRateLimiter<String>,
    accounts: DefaultKeyedRateLimiter<String>,
    strangers: DefaultKeyedRateLimiter<Pair>,
    familiars: DefaultKeyedRateLimiter<Pair>,
    familiar: DashMap<Pair, ()>,
    count: AtomicUsize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            addresses: RateLimiter::keyed(Quota::per_minute(PER_ADDRESS)),
            accounts: RateLimiter::keyed(Quota::per_minute(PER_ACCOUNT)),
            strangers: RateLimiter::keyed(Quota::per_minute(PER_STRANGER)),
            familiars: RateLimiter::keyed(Quota::per_minute(PER_FAMILIAR)),
            familiar: DashMap::new(),
            count: AtomicUsize::new(0),
        }
    }
}

impl Limits {
    /// Counts an attempt, and refuses it when there were too many.
    pub fn attempt(&self, address: Option<&str>, email: &str) -> Result<()> {
        self.tidy();
        let pair = (email.to_owned(), network(address));
        let is_familiar = self.familiar.contains_key(&pair);
        let within =
            if is_familiar { self.familiars.check_key(&pair) } else { self.addresses.check_key(&pair.1) };
        if within.is_err() {
            return Err(too_many("There were too many attempts to sign in from your address."));
        }
        if is_familiar {
            return Ok(());
        }
        let is_stranger = self.strangers.check_key(&pair).is_ok();
        if self.accounts.check_key(&email.to_owned()).is_err() && !is_stranger {
            return Err(too_many("There were too many attempts to sign in to this account."));
        }
        Ok(())
    }

    /// Remembers that somebody at this address knew the password of this account.
    pub fn succeeded(&self, address: Option<&str>, email: &str) {
        if self.familiar.len() >= MOST_FAMILIAR {
            self.familiar.clear();
        }
        self.familiar.insert((email.to_owned(), network(address)), ());
    }

    /// Forgets who has not tried for a while, so that attempts do not grow the memory.
    fn tidy(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.addresses.retain_recent();
            self.accounts.retain_recent();
            self.strangers.retain_recent();
            self.familiars.retain_recent();
        }
    }
}

fn too_many(message: &str) -> crate::Error {
    Problem::new(ProblemKind::TooMany, message).with_hint("Wait a minute, then try again.").into()
}

/// One IPv6 customer has 2^64 addresses: they count as one.
fn network(address: Option<&str>) -> String {
    match address.and_then(|address| address.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())) {
        Some(IpAddr::V6(ip)) => format!("{:x?}", &ip.segments()[..4]),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_ten_attempts() {
        let limits = Limits::default();
        let attempt = |i: usize| limits.attempt(Some("10.0.0.1"), &format!("{i}@example.org"));
        assert!((0..10).all(|i| attempt(i).is_ok()));
        assert!(attempt(10).is_err());
        assert!(limits.attempt(Some("10.0.0.2"), "0@example.org").is_ok());
    }

    #[test]
    fn an_attacked_account_stays_open_to_other_addresses() {
        let limits = Limits::default();
        let attempt = |address: &str| limits.attempt(Some(address), "owner@example.org");
        assert!((0..5).all(|_| attempt("10.0.0.1").is_ok()));
        assert!(attempt("10.0.0.1").is_err());
        assert!(attempt("10.0.0.2").is_ok(), "somebody else may still come in");
        assert!(attempt("10.0.0.2").is_err());
    }

    #[test]
    fn where_somebody_has_signed_in_they_may_do_so_again() {
        let limits = Limits::default();
        let attempt = |address: &str| limits.attempt(Some(address), "owner@example.org");
        limits.succeeded(Some("10.0.0.1"), "owner@example.org");
        assert!((0..5).all(|_| attempt("10.0.0.2").is_ok()));
        assert!((0..20).all(|_| attempt("10.0.0.1").is_ok()));
        assert!(attempt("10.0.0.1").is_err(), "but not for ever");
    }

    #[test]
    fn a_network_is_one_address() {
        assert_eq!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:2:ffff::9")));
        assert_ne!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:3::1")));
        assert_eq!(network(Some("::ffff:10.0.0.1")), network(Some("10.0.0.1")));
        assert_eq!(network(Some("[nonsense")), network(None));
    }
}
