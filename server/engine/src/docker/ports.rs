//! Where a container listens, read from the kernel's tables: no tool is needed in the image.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::observed::ListeningPort;

/// The state `LISTEN` in the kernel's table.
const LISTEN: &str = "0A";
/// Docker's own DNS server inside each container.
const DOCKER_DNS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);

/// The ports of the network that process `pid` lives in, or `None` when this machine's /proc is not ours to read.
pub(super) async fn of_process(pid: u32) -> Option<Vec<ListeningPort>> {
    let four = tokio::fs::read_to_string(format!("/proc/{pid}/net/tcp")).await.ok()?;
    let six = tokio::fs::read_to_string(format!("/proc/{pid}/net/tcp6")).await.unwrap_or_default();
    Some(listening(&four, &six))
}

/// What listens according to the two tables; a port is loopback-only when no wider address has it.
fn listening(four: &str, six: &str) -> Vec<ListeningPort> {
    let mut ports: BTreeMap<u16, bool> = BTreeMap::new();
    for (loopback, port) in rows(four, v4).chain(rows(six, v6)) {
        ports.entry(port).and_modify(|only| *only &= loopback).or_insert(loopback);
    }
    ports.into_iter().map(|(port, loopback_only)| ListeningPort { port, loopback_only }).collect()
}

/// One table's listening rows, with `address` saying whether an address is the loopback, or `None` to skip it.
fn rows(table: &str, address: fn(&str) -> Option<bool>) -> impl Iterator<Item = (bool, u16)> + '_ {
    table.lines().skip(1).filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, _remote, state) = (fields.next()?, fields.next()?, fields.next()?);
        let (host, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        if state == LISTEN { Some((address(host)?, port)) } else { None }
    })
}

fn v4(hex: &str) -> Option<bool> {
    // The kernel prints the address as a number in the machine's byte order.
    let address = Ipv4Addr::from(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes());
    (address != DOCKER_DNS).then_some(address.is_loopback())
}

fn v6(hex: &str) -> Option<bool> {
    let mut bytes = [0u8; 16];
    for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
        let word = u32::from_str_radix(hex.get(index * 8..index * 8 + 8)?, 16).ok()?;
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    let address = Ipv6Addr::from(bytes);
    let mapped_loopback = address.to_ipv4_mapped().is_some_and(|four| four.is_loopback());
    Some(address.is_loopback() || mapped_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B00007F:9C6D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 26433 1 0 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 26434 1 0 100 0 0 10 0
   2: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 26435 1 0 100 0 0 10 0
   3: 020011AC:1F90 010011AC:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 26436 1 0 100 0 0 10 0
";
    const SIX: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 00000000:00000000
   3: 00000000000000000000000000000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000
";

    #[test]
    fn listening_sockets_are_found_and_the_rest_is_not() {
        let found: Vec<_> = listening(FOUR, SIX).into_iter().map(|p| (p.port, p.loopback_only)).collect();
        assert_eq!(found, [(80, false), (81, true), (82, true), (5432, false), (8080, false)]);
    }

    #[test]
    fn dockers_own_name_server_is_not_the_programs() {
        assert!(listening(FOUR, "").iter().all(|p| p.port != 0x9C6D));
    }

    #[test]
    fn nonsense_is_nothing() {
        assert!(listening("", "x\ny z\n 0: zz:zz 0:0 0A").is_empty());
    }
}
