//! Where the panel is reached: over every interface of the machine but those behind which containers live.
//!
//! A service's container can send packets to any address of the machine. A listening socket for each interface, bound to
//! it, has the kernel refuse those that come over a service's bridge; this needs no firewall and no privilege.

use anyhow::{Context, Result};
use axum::serve::Listener;
use futures::future::{BoxFuture, FutureExt, select_all};
use nix::net::if_::if_nameindex;
use std::{
    collections::BTreeMap,
    future::pending,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tracing::{info, warn};

/// How often the machine's interfaces are looked at: a new one is listened on within this time.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How many connections may wait until they are accepted.
const BACKLOG: u32 = 1_024;

/// Says of each interface whether the panel may be asked over it. One that it leaves out is asked about again.
pub type MayAsk = Arc<dyn Fn(Vec<String>) -> BoxFuture<'static, BTreeMap<String, bool>> + Send + Sync>;

/// An interface as the kernel knows it: a name can come back with another number.
type Interface = (String, u32);

/// Interfaces with what was said of them.
type Verdicts = BTreeMap<Interface, bool>;

/// A listening socket, and the interface that it is bound to; all of them when there is none.
struct Door {
    interface: Option<Interface>,
    listener: TcpListener,
}

/// The listening sockets of one address.
pub struct Doors {
    address: SocketAddr,
    may_ask: MayAsk,
    open: Vec<Door>,
    looking: BoxFuture<'static, Verdicts>,
}

impl Doors {
    /// Listens: at once on the machine's loopback, soon on the other interfaces. An address of the loopback is out of
    /// every container's reach anyway.
    pub fn open(address: SocketAddr, may_ask: MayAsk) -> Result<Self> {
        let loopback = match address.ip().is_loopback() {
            true => None,
            false => loopback(),
        };
        let door = match Door::open(address, loopback) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Door::for_all(address),
            door => door,
        };
        let door = door.with_context(|| format!("cannot listen on {address}"))?;
        let looking = match door.interface {
            Some(_) => look(may_ask.clone(), Verdicts::new(), Duration::ZERO).boxed(),
            None => pending().boxed(),
        };
        let address = door.listener.local_addr().context("cannot tell the port")?;
        Ok(Self { address, may_ask, open: vec![door], looking })
    }

    /// Opens and closes doors, so that they are those of the interfaces over which the panel may be asked.
    fn arrange(&mut self, verdicts: &Verdicts) {
        let may = |interface: &Interface| verdicts.get(interface).copied().unwrap_or_default();
        self.open.retain(|door| door.interface.as_ref().is_none_or(may));
        for interface in verdicts.keys().filter(|interface| may(interface)) {
            if self.open.iter().any(|door| door.interface.as_ref() == Some(interface)) {
                continue;
            }
            match Door::open(self.address, Some(interface.clone())) {
                Ok(door) => {
                    info!(interface = interface.0, "the panel listens");
                    self.open.push(door);
                }
                // It is tried again at the next look: an interface may be on its way out.
                Err(error) => warn!(interface = interface.0, %error, "the panel cannot listen"),
            }
        }
    }
}

impl Listener for Doors {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let verdicts = tokio::select! {
                accepted = knock(&mut self.open) => return accepted,
                verdicts = &mut self.looking => verdicts,
            };
            self.arrange(&verdicts);
            self.looking = look(self.may_ask.clone(), verdicts, LOOK_EVERY).boxed();
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Door {
    fn open(address: SocketAddr, interface: Option<Interface>) -> io::Result<Self> {
        let listener = listen(address, interface.as_ref().map(|(name, _)| name.as_str()))?;
        Ok(Self { interface, listener })
    }

    /// The way out on a kernel before 5.7, where binding to an interface takes a privilege.
    fn for_all(address: SocketAddr) -> io::Result<Self> {
        let door = Self::open(address, None)?;
        warn!(
            "This kernel binds no socket to an interface without privileges: services can reach the panel."
        );
        Ok(door)
    }
}

/// Listens on an address, for what comes over one interface only when it is named.
pub(crate) fn listen(address: SocketAddr, interface: Option<&str>) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if let Some(name) = interface {
        socket.bind_device(Some(name.as_bytes()))?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The next connection at any door; each is the first to be looked at in its turn.
async fn knock(open: &mut [Door]) -> (TcpStream, SocketAddr) {
    if open.is_empty() {
        return pending().await;
    }
    open.rotate_left(1);
    let waiting = open.iter_mut().map(|door| Listener::accept(&mut door.listener).boxed());
    select_all(waiting).await.0
}

/// Looks at the machine's interfaces after a while. What was said of one stays as long as it is there.
async fn look(may_ask: MayAsk, known: Verdicts, after: Duration) -> Verdicts {
    tokio::time::sleep(after).await;
    let interfaces = match interfaces() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            warn!(%error, "cannot see the machine's interfaces");
            return known;
        }
    };
    let (old, new): (Vec<_>, Vec<_>) = interfaces.into_iter().partition(|there| known.contains_key(there));
    let mut verdicts: Verdicts = old.into_iter().map(|there| (there.clone(), known[&there])).collect();
    if !new.is_empty() {
        let said = may_ask(new.iter().map(|(name, _)| name.clone()).collect()).await;
        verdicts
            .extend(new.into_iter().filter_map(|there| said.get(&there.0).map(|may| (there.clone(), *may))));
    }
    verdicts
}

fn interfaces() -> io::Result<Vec<Interface>> {
    let all = if_nameindex()?;
    let named = |interface: &nix::net::if_::Interface| {
        Some((interface.name().to_str().ok()?.to_owned(), interface.index()))
    };
    // Each container has a veth; no packet for the machine itself comes over it.
    Ok(all.iter().filter_map(named).filter(|(name, _)| !name.starts_with("veth")).collect())
}

fn loopback() -> Option<Interface> {
    interfaces().ok()?.into_iter().find(|(name, _)| name == "lo")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::Ipv4Addr,
        sync::atomic::{AtomicBool, Ordering},
    };

    /// Doors on all addresses of the machine; `open` decides about all interfaces.
    fn doors(open: &Arc<AtomicBool>) -> Doors {
        let open = open.clone();
        let may_ask: MayAsk = Arc::new(move |names| {
            let open = open.load(Ordering::SeqCst);
            async move { names.into_iter().map(|name| (name, open)).collect() }.boxed()
        });
        Doors::open((Ipv4Addr::UNSPECIFIED, 0).into(), may_ask).expect("doors")
    }

    #[tokio::test]
    async fn an_interface_that_is_open_is_listened_on() {
        let mut doors = doors(&Arc::new(AtomicBool::new(true)));
        let port = doors.local_addr().expect("an address").port();
        let (connected, accepted) = tokio::join!(
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)),
            tokio::time::timeout(Duration::from_secs(5), doors.accept())
        );
        let (_, peer) = accepted.expect("a connection");
        assert_eq!(connected.expect("connected").local_addr().expect("an address"), peer);
    }

    #[tokio::test]
    async fn r_net_1_over_an_interface_that_is_closed_nobody_connects() {
        let mut doors = doors(&Arc::new(AtomicBool::new(false)));
        let port = doors.local_addr().expect("an address").port();
        let looked = tokio::time::timeout(Duration::from_millis(200), doors.accept()).await;
        assert!(looked.is_err() && doors.open.is_empty(), "it still listens");
        let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect_err("nobody listens");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told() {
        let taken = std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
        let address = taken.local_addr().expect("an address");
        let error = Doors::open(address, Arc::new(|_| pending().boxed())).err().expect("it is taken");
        assert!(format!("{error:#}").contains(&format!("cannot listen on {address}")), "{error:#}");
    }
}
