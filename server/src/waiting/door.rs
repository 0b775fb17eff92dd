//! Where the waiting room listens: on the machine's address in the proxy's own network, bound to that network's bridge.
//! Nobody but the proxy is on it.

use crate::doors::listen;
use axum::serve::Listener;
use berth_engine::Engine;
use futures::future::{BoxFuture, FutureExt};
use nix::{ifaddrs::getifaddrs, net::if_::if_nametoindex};
use std::{
    future::pending,
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};
use tracing::{info, warn};

/// How often it is looked whether the network is still the same, and whether it is there at last.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const WAIT_EVERY: Duration = Duration::from_millis(500);

/// The proxy's network as the kernel has it: a bridge of the same name can come back with another number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    bridge: String,
    index: u32,
    address: Ipv4Addr,
}

/// The listening socket, once there is a place for it.
pub struct Door {
    engine: Engine,
    open: Option<(Place, TcpListener)>,
    looking: BoxFuture<'static, Option<Place>>,
}

impl Door {
    /// Looks for its place at once.
    pub fn new(engine: Engine) -> Self {
        let looking = look(engine.clone(), None, Duration::ZERO).boxed();
        Self { engine, open: None, looking }
    }

    /// Listens where the proxy's network is now.
    async fn arrange(&mut self, found: Option<Place>) {
        if self.open.as_ref().map(|(place, _)| place) == found.as_ref() {
            return;
        }
        self.open = None;
        let Some(place) = found else { return };
        match open_at(&self.engine, &place).await {
            Ok(listener) => self.open = Some((place, listener)),
            // It is tried again at the next look.
            Err(error) => warn!(%error, address = %place.address, "the waiting room cannot listen"),
        }
    }
}

async fn open_at(engine: &Engine, place: &Place) -> io::Result<TcpListener> {
    let wanted = engine.waiting_room_port().await;
    let listener = match bind(place, wanted) {
        // Somebody took the port while Berth was away; a port that was set is not given up.
        Err(error) if error.kind() == ErrorKind::AddrInUse && engine.config().waiting_port == 0 => {
            bind(place, 0)
        }
        bound => bound,
    }?;
    let at = listener.local_addr()?;
    engine.waiting_room_is_at(at).await.map_err(io::Error::other)?;
    info!(address = %at, bridge = place.bridge, "the waiting room listens");
    Ok(listener)
}

/// Bound to the bridge where the kernel allows that without privileges; the key keeps others out as well.
fn bind(place: &Place, port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::from((place.address, port));
    match listen(address, Some(&place.bridge)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => listen(address, None),
        listener => listener,
    }
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let found = tokio::select! {
                accepted = knock(self.open.as_mut()) => return accepted,
                found = &mut self.looking => found,
            };
            self.arrange(found).await;
            let known = self.open.as_ref().map(|(place, _)| place.clone());
            let after = if known.is_some() { LOOK_EVERY } else { WAIT_EVERY };
            self.looking = look(self.engine.clone(), known, after).boxed();
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        let open = self.open.as_ref().ok_or_else(|| io::Error::from(ErrorKind::NotConnected));
        open?.1.local_addr()
    }
}

async fn knock(open: Option<&mut (Place, TcpListener)>) -> (TcpStream, SocketAddr) {
    match open {
        Some((_, listener)) => Listener::accept(listener).await,
        None => pending().await,
    }
}

/// Looks after a while where the network is. Docker is only asked when it is not where it was.
async fn look(engine: Engine, known: Option<Place>, after: Duration) -> Option<Place> {
    tokio::time::sleep(after).await;
    // A network that was made anew has another index; asking for addresses goes through every interface there is.
    if let Some(known) = known
        && if_nametoindex(known.bridge.as_str()).is_ok_and(|index| index == known.index)
    {
        return Some(known);
    }
    place_of(&engine.proxys_interface().await?)
}

fn place_of(bridge: &str) -> Option<Place> {
    let index = if_nametoindex(bridge).ok()?;
    let address = getifaddrs().ok()?.find_map(|interface| {
        let address = interface.address.filter(|_| interface.interface_name == bridge)?;
        Some(address.as_sockaddr_in()?.ip())
    })?;
    Some(Place { bridge: bridge.to_owned(), index, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_interface_is_its_own_address() {
        let place = place_of("lo").expect("every machine has it");
        assert!(place.address.is_loopback() && place.index > 0, "{place:?}");
        assert_eq!(place_of("br-000000000000"), None);
    }
}
