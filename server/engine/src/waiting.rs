//! The waiting room: where the proxy sends requests that no instance is to get now.
//!
//! A request is for a service that is in maintenance, is paused, stops before it starts, or does not run; or for nobody.
//! What becomes of it is judged from what is written down ([`verdict`]), without a question to Docker: it is told what is
//! so, or it waits, and goes to an instance when the waiting is over. HTTP itself is spoken by the program's listener.

mod absent;
mod places;
mod resume;
mod verdict;

pub use verdict::Closed;

pub(crate) use absent::Absent;
pub(crate) use resume::run;

use std::{net::SocketAddr, str::FromStr, time::Duration};

use berth_domain::{
    ids::{EnvironmentId, ServiceId},
    waiting::LONGEST_WAIT_S,
};
use dashmap::DashMap;
use rand::Rng;
use tokio::{
    sync::{Mutex, Notify, watch},
    time::Instant,
};
use tracing::warn;
use uuid::Uuid;

use crate::{Engine, Result, glance::Glance, proxy::CONFIRM_HEADER, store::Standing};
use places::{Place, Places};
use verdict::{Verdict, judge};

/// How long the address of an instance is believed: an instance that ends gives its address to the next container.
const ADDRESS_HOLDS: Duration = Duration::from_millis(100);

/// How many characters a service's id has as text.
const ID_LENGTH: usize = 32;

/// Who waits, and what is known of those who are waited for.
pub(crate) struct WaitingRoom {
    standings: Glance<ServiceId, Option<Standing>>,
    /// One reader of a standing, and one who asks for an address, is enough.
    reading: Mutex<()>,
    asking: Mutex<()>,
    addresses: DashMap<String, (Instant, SocketAddr)>,
    places: Places,
    /// Moves when something about those who wait may have changed.
    stirred: watch::Sender<u64>,
    pub(crate) absent: Absent,
    /// Wakes who waits for the next end of a pause.
    pub(crate) signal: Notify,
    visits: DashMap<ServiceId, Visits>,
}

impl Default for WaitingRoom {
    fn default() -> Self {
        Self {
            standings: Glance::default(),
            reading: Mutex::default(),
            asking: Mutex::default(),
            addresses: DashMap::new(),
            places: Places::default(),
            stirred: watch::Sender::new(0),
            absent: Absent::default(),
            signal: Notify::new(),
            visits: DashMap::new(),
        }
    }
}

/// How many that had waited were answered, in good and in bad, since Berth started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Visits {
    pub served: u64,
    pub failed: u64,
}

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitTo {
    service: ServiceId,
    /// The port of a domain that has its own.
    port: Option<u16>,
}

impl VisitTo {
    /// As it is written into the routes: `<id>` or `<id>-<port>`.
    pub(crate) fn word(service: ServiceId, port: Option<u16>) -> String {
        port.map_or_else(|| service.to_string(), |port| format!("{service}-{port}"))
    }
}

impl FromStr for VisitTo {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let (id, rest) = text.split_at_checked(ID_LENGTH).ok_or(())?;
        let service = id.parse::<Uuid>().map_err(|_| ())?.into();
        let port = match rest {
            "" => None,
            rest => Some(rest.strip_prefix('-').and_then(|port| port.parse().ok()).ok_or(())?),
        };
        Ok(Self { service, port })
    }
}

/// A request in the waiting room.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// Nobody, when no domain is like the one that was asked.
    pub to: Option<VisitTo>,
    /// The bytes of its head, which are kept while it waits.
    pub size: usize,
    /// It can be sent on later.
    pub may_wait: bool,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attended {
    /// It is told this.
    Closed(Closed),
    /// It goes to an instance.
    Instance(SocketAddr),
}

impl Engine {
    /// Whom a request is for when the proxy sent it; `None` when somebody else did.
    pub fn visit_of<'a>(&self, header: impl Fn(&str) -> Option<&'a str>) -> Option<Option<VisitTo>> {
        let sent = self.parts.proxy.sent(header)?;
        Some(sent.and_then(|to| to.parse().ok()))
    }

    /// Whether a request only asks who answers.
    pub fn is_confirmation<'a>(header: impl Fn(&str) -> Option<&'a str>) -> bool {
        header(CONFIRM_HEADER).is_some()
    }

    /// Decides what becomes of a request: at once, or when its waiting is over.
    pub async fn attend(&self, visit: Visit) -> Attended {
        let Some(to) = visit.to else { return Attended::Closed(Closed::NoSuchDomain) };
        let longest = Instant::now() + Duration::from_secs(LONGEST_WAIT_S.into());
        let mut stirred = self.parts.waiting.stirred.subscribe();
        let mut place: Option<Place<'_>> = None;
        let mut missed = None;
        loop {
            stirred.mark_unchanged();
            let (until, waited) = match self.verdict(to).await {
                Verdict::Closed(closed) => return Attended::Closed(closed),
                Verdict::Open { environment, instance, port } => {
                    if let Some(address) = self.instance_address(environment, &instance, port).await {
                        return Attended::Instance(address);
                    }
                    if missed.as_ref() == Some(&instance) {
                        return Attended::Closed(Closed::Down);
                    }
                    // It has ended since it was judged, perhaps for another one: that was written down before.
                    missed = Some(instance);
                    continue;
                }
                Verdict::Waits(wait) => (Instant::now() + wait, place.is_some()),
            };
            if !waited && visit.may_wait {
                place = self.parts.waiting.places.take(to.service, visit.size);
            }
            if place.is_none() || Instant::now() >= longest {
                self.visited(to, false);
                return Attended::Closed(Closed::Busy);
            }
            tokio::select! {
                _ = stirred.changed() => {}
                () = tokio::time::sleep_until(until.min(longest)) => {}
            }
        }
    }

    /// What visitors of a host read instead of Berth's words, when its people wrote something.
    pub async fn own_page(&self, to: VisitTo, host: &str) -> Option<String> {
        let standing = self.standing(to.service).await.ok()??;
        let name = host.split(':').next().unwrap_or_default();
        let mut pages = standing.pages.into_iter();
        pages.find(|(of, _)| of.as_str().eq_ignore_ascii_case(name)).map(|(_, page)| page)
    }

    /// Counts an answer to a request that was sent on from here.
    pub fn visited(&self, to: VisitTo, served: bool) {
        let mut visits = self.parts.waiting.visits.entry(to.service).or_default();
        match served {
            true => visits.served += 1,
            false => visits.failed += 1,
        }
    }

    /// The answers so far to requests for a service that had waited.
    pub(crate) fn visits(&self, service: ServiceId) -> Visits {
        self.parts.waiting.visits.get(&service).map(|visits| *visits).unwrap_or_default()
    }

    /// Has everybody who waits look again.
    pub(crate) fn stir(&self) {
        self.parts.waiting.stirred.send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn verdict(&self, to: VisitTo) -> Verdict {
        let standing = match self.standing(to.service).await {
            Ok(standing) => standing,
            Err(error) => {
                warn!(%error, "could not look a service up for its visitors");
                return Verdict::Closed(Closed::Busy);
            }
        };
        let Some(standing) = standing else { return Verdict::Closed(Closed::NoSuchDomain) };
        let absent = self.parts.waiting.absent.of(&standing, to.port);
        if absent == Some(Closed::WrongPort) && self.parts.waiting.absent.wonders(to.service) {
            self.routes_changed(to.service);
        }
        judge(&standing, to.port, absent, self.now(), rand::rng().random())
    }

    /// How a service stands: read once after each change, by one for all.
    async fn standing(&self, service: ServiceId) -> Result<Option<Standing>> {
        let (room, store) = (&self.parts.waiting, &self.parts.store);
        if let Some(seen) = room.standings.seen(&service, store.generation()) {
            return Ok(seen);
        }
        let _alone = room.reading.lock().await;
        let before = store.generation();
        if let Some(seen) = room.standings.seen(&service, before) {
            return Ok(seen);
        }
        let standing = store.standing(service).await?;
        room.standings.remember(service, &standing, before, store.generation());
        Ok(standing)
    }

    /// Where an instance is now: Docker is asked, once for all who want to know in one moment.
    async fn instance_address(
        &self,
        environment: EnvironmentId,
        instance: &str,
        port: u16,
    ) -> Option<SocketAddr> {
        let room = &self.parts.waiting;
        let known = || {
            let entry = room.addresses.get(instance)?;
            let (at, address) = *entry;
            (at.elapsed() < ADDRESS_HOLDS).then(|| SocketAddr::new(address.ip(), port))
        };
        if let Some(address) = known() {
            return Some(address);
        }
        let _alone = room.asking.lock().await;
        if let Some(address) = known() {
            return Some(address);
        }
        room.addresses.retain(|_, (at, _)| at.elapsed() < ADDRESS_HOLDS);
        let docker = self.docker().await.ok()?;
        let seen = docker.inspect_instance(instance).await.ok().flatten().filter(|seen| seen.running)?;
        let network = self.parts.naming.network(environment);
        let address = SocketAddr::new(*seen.addresses.get(&network)?, port);
        room.addresses.insert(instance.to_owned(), (Instant::now(), address));
        Some(address)
    }

    /// The interface of this machine behind which only the proxy is, once its network is there.
    pub async fn proxys_interface(&self) -> Option<String> {
        let docker = self.docker().await.ok()?;
        let name = self.parts.proxy.config().network_name();
        let networks = docker.networks(&self.parts.naming.ours()).await.ok()?;
        let network = networks.into_iter().find(|network| network.name == name)?;
        Some(crate::bridges::bridge_of(&network.id))
    }

    /// The port on which the waiting room is to listen; 0 for any.
    pub async fn waiting_room_port(&self) -> u16 {
        match self.config().waiting_port {
            0 => self.parts.proxy.waiting_room().await.map_or(0, |at| at.port()),
            port => port,
        }
    }

    /// Tells the proxy where the waiting room listens.
    pub async fn waiting_room_is_at(&self, at: SocketAddr) -> Result<()> {
        Ok(self.parts.proxy.waiting_room_is_at(at).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_request_is_for_comes_back_as_it_was_written() {
        let service = ServiceId(Uuid::from_u128(7));
        for port in [None, Some(1), Some(65_535)] {
            assert_eq!(VisitTo::word(service, port).parse(), Ok(VisitTo { service, port }));
        }
        for wrong in ["", "x", &format!("{service}-"), &format!("{service}-0x1"), &format!("{service}9")] {
            assert_eq!(wrong.parse::<VisitTo>(), Err(()), "{wrong}");
        }
    }
}
