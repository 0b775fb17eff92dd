//! What a probe saw, in words that name the port, what listens, and what to do.

use std::fmt;
use std::time::Duration;

use super::Probe;
use crate::docker::{Exit, ListeningPort};

/// How the reason ends when the program listens on another port than the one that was tried.
pub(crate) const LISTENS_ELSEWHERE: &str = "instead: set the service's port to that.";

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// What was wrong; `None` when it was healthy.
    pub error: Option<String>,
    /// How long the answer took.
    pub latency: Duration,
}

impl Attempt {
    /// Whether it was healthy.
    pub fn is_good(&self) -> bool {
        self.error.is_none()
    }

    pub(super) fn failed(error: String, latency: Duration) -> Self {
        Self { status: None, error: Some(error), latency }
    }

    pub(super) fn no_address() -> Self {
        Self::failed("the container has no address on its network yet".into(), Duration::ZERO)
    }
}

/// A probe that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// How long it took to become healthy.
    pub waited: Duration,
    /// The last try.
    pub last: Option<Attempt>,
    /// How often it was tried.
    pub tries: u32,
}

/// Why the wait ended without health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The instance ended.
    Exited(Exit),
    /// It runs, but did not become healthy in time.
    Unhealthy,
    /// Docker could not be asked about it.
    Docker(String),
}

/// A probe that failed. Its text is what the person reads first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ProbeFailure {
    /// The port that was tried.
    pub port: u16,
    /// What was asked.
    pub probe: Probe,
    /// Why the wait ended.
    pub reason: Reason,
    /// Where the instance listened then, where that could be seen.
    pub listening: Option<Vec<ListeningPort>>,
    /// How long it was waited for.
    pub waited: Duration,
    /// The last try.
    pub last: Option<Attempt>,
    /// How often it was tried.
    pub tries: u32,
}

impl fmt::Display for ProbeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Exited(exit) => {
                return write!(
                    f,
                    "the program {exit} after {}. Its last lines say why.",
                    seconds(self.waited)
                );
            }
            Reason::Docker(error) => return f.write_str(error),
            Reason::Unhealthy => {}
        }
        match &self.probe {
            Probe::Tcp => write!(f, "port {} did not accept a connection", self.port)?,
            Probe::Http(http) => write!(f, "GET {} on port {} was not healthy", http.path, self.port)?,
            Probe::Grpc(None) => write!(f, "the gRPC server on port {} was not healthy", self.port)?,
            Probe::Grpc(Some(name)) => {
                write!(f, "the gRPC service {name} on port {} was not healthy", self.port)?
            }
        }
        write!(f, " within {} ({} tries)", seconds(self.waited), self.tries)?;
        if let Some(Attempt { error: Some(error), latency, .. }) = &self.last {
            write!(f, "; the last one: {error}, after {} ms", latency.as_millis())?;
        }
        f.write_str(". ")?;
        self.advice(f)
    }
}

impl ProbeFailure {
    fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(listening) = &self.listening else {
            return f
                .write_str("Check that the program listens on that port and on all addresses (0.0.0.0).");
        };
        let at = listening.iter().find(|l| l.port == self.port);
        let open: Vec<_> =
            listening.iter().filter(|l| !l.loopback_only).map(|l| l.port.to_string()).collect();
        match at {
            Some(at) if at.loopback_only => {
                write!(
                    f,
                    "The program listens on port {} only on 127.0.0.1: make it listen on 0.0.0.0.",
                    self.port
                )
            }
            Some(_) => {
                f.write_str("The program listens on that port, so look at its log and at the health check.")
            }
            None if open.is_empty() => {
                f.write_str("The program does not listen on any port yet: look at its log.")
            }
            None => write!(
                f,
                "The program listens on {} {} {LISTENS_ELSEWHERE}",
                if open.len() == 1 { "port" } else { "ports" },
                open.join(", ")
            ),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
