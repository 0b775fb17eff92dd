//! Ports of this machine that lead to a service which speaks no HTTP: a database, a game server, MQTT.

use crate::ids::PortId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How many ports a Berth can give away: Docker keeps a process for each, each protocol and each kind of address.
pub const MOST_PORTS: usize = 100;

/// What is spoken at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tcp, Self::Udp];

    /// The word in addresses, names and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|protocol| protocol.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is neither tcp nor udp."))
    }
}

/// A port of this machine and the port of the instances that answers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedPort {
    pub protocol: Protocol,
    /// The port of this machine; one of those that `BERTH_PORTS` names.
    pub port: u16,
    /// The port that the program listens on.
    pub target: u16,
}

impl PublishedPort {
    /// Where it is reached: `tcp/20000`.
    pub fn address(&self) -> String {
        format!("{}/{}", self.protocol, self.port)
    }
}

/// A published port as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedPortView {
    pub id: PortId,
    pub protocol: Protocol,
    pub port: u16,
    pub target: u16,
    pub created_at: DateTime<Utc>,
}

/// The published ports of a service, and where others could be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedPortsView {
    pub ports: Vec<PublishedPortView>,
    /// The ports that this Berth can give away, in words: `20000-20009`; empty when there are none.
    pub range: String,
}

/// The ports in words such as `20000-20009, 5432`, in order and once each.
pub fn ports(text: &str) -> Result<Vec<u16>, String> {
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let port = |text: &str| match text.trim().parse::<u16>() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(format!("{part:?} is no port and no range such as 20000-20009")),
        };
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(format!("{part:?} ends before it begins"));
        }
        all.extend(first..=last);
    }
    all.sort_unstable();
    all.dedup();
    match all.len() {
        count if count > MOST_PORTS => Err(format!("{count} ports are too many: at most {MOST_PORTS}")),
        _ => Ok(all),
    }
}

/// Ports as [`ports`] reads them, shortest first to write.
pub fn in_words(ports: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for port in ports {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*port) => *last = *port,
            _ => runs.push((*port, *port)),
        }
    }
    let word = |(first, last): &(u16, u16)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_they_are_written() {
        let read = ports("20002-20004, 5432,20003").expect("ports");
        assert_eq!(read, [5432, 20002, 20003, 20004]);
        assert_eq!(in_words(&read), "5432, 20002-20004");
        assert_eq!(ports(&in_words(&read)), Ok(read));
        assert_eq!(ports(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_port_is_told() {
        for wrong in ["0", "70000", "a", "5-3", "20000-", "-", "1-1000"] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
    }
}
