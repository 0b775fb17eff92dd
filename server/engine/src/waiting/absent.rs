//! Who should answer and is known not to: all instances have ended, or none listens on the port of a domain.
//!
//! The proxy would answer those requests itself, with a bare 502; so it sends them here. Only what was seen for a while
//! counts: an instance that Docker starts again at once keeps its route, which then does not depend on Berth.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use berth_domain::{ids::ServiceId, traffic::Traffic};

use super::Closed;
use crate::{Engine, probe::LISTENS_ELSEWHERE, store::Standing};

/// For how long all instances must have been seen ended.
const SURE_AFTER: Duration = Duration::from_secs(4);

/// How often a visit makes somebody look whether a port is listened on by now.
const WONDER_EVERY: Duration = Duration::from_secs(1);

/// What is known of whose instances.
#[derive(Default)]
pub(crate) struct Absent(Mutex<HashMap<ServiceId, Known>>);

#[derive(Default)]
struct Known {
    /// Instances that were seen ended, and since when it is all of them.
    ended: BTreeSet<String>,
    since: Option<Instant>,
    /// The routes follow what is known.
    told: bool,
    /// Ports of domains on which no instance listens.
    silent: BTreeSet<u16>,
    /// When it was last wondered whether one does by now.
    wondered: Option<Instant>,
}

/// What a look at the instances has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    /// All have ended; it is not sure yet.
    Began,
    /// What was known is so no longer.
    Over,
}

impl Known {
    fn is_nothing(&self) -> bool {
        self.since.is_none() && self.silent.is_empty()
    }

    fn is_sure(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.duration_since(since) >= SURE_AFTER)
    }

    fn note_ended(&mut self, ended: Option<BTreeSet<String>>) -> Change {
        if ended.as_ref() == Some(&self.ended) && self.since.is_some() {
            return Change::Nothing;
        }
        let was_told = std::mem::take(&mut self.told);
        self.since = ended.is_some().then(Instant::now);
        self.ended = ended.unwrap_or_default();
        match (was_told, self.since) {
            (true, _) => Change::Over,
            (false, Some(_)) => Change::Began,
            (false, None) => Change::Nothing,
        }
    }
}

impl Absent {
    /// Notes which instances have ended, when those are all that should answer.
    fn note_ended(&self, service: ServiceId, ended: Option<BTreeSet<String>>) -> Change {
        let mut known = self.lock();
        let entry = known.entry(service).or_default();
        let change = entry.note_ended(ended);
        if entry.is_nothing() {
            known.remove(&service);
        }
        change
    }

    /// Services of which it has just become sure that all have ended, and how long it is until it is of the next one.
    pub(super) fn newly_sure(&self) -> (Vec<ServiceId>, Option<Duration>) {
        let (mut sure, mut next, now) = (Vec::new(), None::<Duration>, Instant::now());
        for (service, known) in self.lock().iter_mut().filter(|(_, known)| !known.told) {
            let Some(since) = known.since else { continue };
            let left = SURE_AFTER.saturating_sub(now.duration_since(since));
            if left.is_zero() {
                known.told = true;
                sure.push(*service);
            } else {
                next = Some(next.map_or(left, |next| next.min(left)));
            }
        }
        (sure, next)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ServiceId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the ports of a service's domains on which nobody listens.
    pub fn note_silent(&self, service: ServiceId, silent: BTreeSet<u16>) {
        let mut known = self.lock();
        let entry = known.entry(service).or_default();
        entry.silent = silent;
        if entry.is_nothing() {
            known.remove(&service);
        }
    }

    /// Whether all who get the traffic are known to have ended.
    pub fn all_ended(&self, service: ServiceId, traffic: &Traffic) -> bool {
        let known = self.lock();
        let Some(known) = known.get(&service).filter(|known| known.is_sure(Instant::now())) else {
            return false;
        };
        let mut names = traffic.shares.iter().flat_map(|share| &share.instances).peekable();
        names.peek().is_some() && names.all(|name| known.ended.contains(name))
    }

    /// Whether it is time to look again whether somebody listens on the port that somebody asked for.
    pub(super) fn wonders(&self, service: ServiceId) -> bool {
        let (mut known, now) = (self.lock(), Instant::now());
        let Some(known) = known.get_mut(&service) else { return false };
        let due = known.wondered.is_none_or(|at| now.duration_since(at) >= WONDER_EVERY);
        if due {
            known.wondered = Some(now);
        }
        due
    }

    /// Whether nobody listens on that port.
    pub fn is_silent(&self, service: ServiceId, port: u16) -> bool {
        let known = self.lock();
        known.get(&service).is_some_and(|known| known.silent.contains(&port))
    }

    /// What a visitor is told when it is known that nobody answers.
    pub(super) fn of(&self, standing: &Standing, port: Option<u16>) -> Option<Closed> {
        if self.all_ended(standing.service, &standing.traffic) {
            return Some(Closed::Down);
        }
        port.filter(|port| self.is_silent(standing.service, *port)).map(|_| Closed::WrongPort)
    }
}

/// Whether the reason of a failed deployment is that the program listens on another port than the one that is set.
pub(super) fn names_another_port(reason: &str) -> bool {
    reason.contains(LISTENS_ELSEWHERE)
}

impl Engine {
    /// Keeps that all instances of a service that should answer were seen ended, or that they were not.
    pub(crate) fn seen_ended(&self, service: ServiceId, ended: Option<BTreeSet<String>>) {
        match self.parts.waiting.absent.note_ended(service, ended) {
            Change::Nothing => {}
            Change::Began => self.parts.waiting.signal.notify_one(),
            Change::Over => {
                self.routes_changed(service);
                self.parts.waiting.signal.notify_one();
            }
        }
    }

    /// Which of these ports of domains no instance listens on, as far as Docker says.
    pub(crate) async fn silent_ports(&self, traffic: &Traffic, ports: BTreeSet<u16>) -> BTreeSet<u16> {
        if ports.is_empty() || traffic.shares.is_empty() {
            return BTreeSet::new();
        }
        let Ok(docker) = self.docker().await else { return BTreeSet::new() };
        let mut silent = ports;
        for instance in traffic.shares.iter().flat_map(|share| &share.instances) {
            // Of whom that cannot be seen, nothing is known.
            let Ok(Some(open)) = docker.listening_ports(instance).await else { return BTreeSet::new() };
            silent.retain(|port| !open.iter().any(|open| open.port == *port && !open.loopback_only));
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::{ids::DeploymentId, traffic::Share};
    use uuid::Uuid;

    fn traffic(names: &[&str]) -> Traffic {
        let instances = names.iter().map(|name| (*name).to_owned()).collect();
        let deployment = DeploymentId(Uuid::nil());
        Traffic::to(vec![Share { deployment, number: 1, percent: 100, port: Some(80), instances }])
    }

    fn names(names: &[&str]) -> Option<BTreeSet<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// As if it had been noted long enough ago.
    fn long_ago(absent: &Absent, service: ServiceId) {
        let mut known = absent.0.lock().expect("not poisoned");
        let entry = known.get_mut(&service).expect("it is known");
        entry.since = entry.since.and_then(|since| since.checked_sub(SURE_AFTER));
    }

    #[test]
    fn only_what_has_ended_for_a_while_and_gets_the_traffic_is_down() {
        let (absent, service) = (Absent::default(), ServiceId(Uuid::nil()));
        assert_eq!(absent.note_ended(service, names(&["a", "b"])), Change::Began);
        assert_eq!(absent.note_ended(service, names(&["a", "b"])), Change::Nothing);
        let (sure, next) = absent.newly_sure();
        assert!(sure.is_empty() && next.is_some_and(|next| next <= SURE_AFTER), "{sure:?} {next:?}");
        assert!(!absent.all_ended(service, &traffic(&["a"])), "it was only just seen");
        long_ago(&absent, service);
        assert_eq!(absent.newly_sure(), (vec![service], None));
        assert_eq!(absent.newly_sure(), (vec![], None), "it was told");
        let all_ended = |instances: &[&str]| absent.all_ended(service, &traffic(instances));
        assert!(all_ended(&["a"]) && all_ended(&["a", "b"]));
        assert!(!all_ended(&["a", "new"]), "another one answers");
        assert!(!absent.all_ended(service, &Traffic::default()), "nobody should answer");
        assert_eq!(absent.note_ended(service, None), Change::Over);
        assert!(!absent.all_ended(service, &traffic(&["a"])) && absent.lock().is_empty());
        assert_eq!(absent.note_ended(service, None), Change::Nothing);
    }

    #[test]
    fn others_who_end_are_watched_for_as_long() {
        let (absent, service) = (Absent::default(), ServiceId(Uuid::nil()));
        absent.note_ended(service, names(&["a"]));
        long_ago(&absent, service);
        absent.newly_sure();
        assert_eq!(absent.note_ended(service, names(&["b"])), Change::Over);
        assert!(!absent.all_ended(service, &traffic(&["b"])));
        long_ago(&absent, service);
        assert_eq!(absent.newly_sure().0, [service]);
    }

    #[test]
    fn a_port_is_silent_until_it_is_noted_otherwise() {
        let (absent, service) = (Absent::default(), ServiceId(Uuid::nil()));
        absent.note_silent(service, [9000].into());
        assert!(absent.is_silent(service, 9000) && !absent.is_silent(service, 80));
        assert!(absent.wonders(service) && !absent.wonders(service));
        absent.note_silent(service, BTreeSet::new());
        assert!(!absent.is_silent(service, 9000));
    }
}
