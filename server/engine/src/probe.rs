//! Probes an instance from outside its container, over its network (R-HC-1): no tool is needed in the image.

mod ask;
mod grpc;
mod report;

use std::future::Future;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use berth_domain::service::{ProbeKind, ProbeSettings};
use tokio::time::Instant;

use crate::docker::{DockerError, Exit, ListeningPort};

pub(crate) use report::LISTENS_ELSEWHERE;
pub use report::{Attempt, ProbeFailure, ProbeReport, Reason};

/// What counts as healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A TCP connection is accepted.
    Tcp,
    /// An HTTP request is answered as expected.
    Http(HttpProbe),
    /// The gRPC health service says SERVING of this service, or of the whole server.
    Grpc(Option<String>),
}

impl From<&ProbeKind> for Probe {
    fn from(kind: &ProbeKind) -> Self {
        match kind {
            ProbeKind::Tcp => Self::Tcp,
            ProbeKind::Grpc { service } => Self::Grpc(service.clone()),
            ProbeKind::Http { path, status_from, status_to, headers, body_contains } => {
                let is_host = |name: &str| name.eq_ignore_ascii_case("host");
                Self::Http(HttpProbe {
                    path: path.clone(),
                    host: headers.iter().find(|(name, _)| is_host(name)).map(|(_, value)| value.clone()),
                    headers: headers.clone().into_iter().filter(|(name, _)| !is_host(name)).collect(),
                    expected: *status_from..=*status_to,
                    body_contains: body_contains.clone(),
                })
            }
        }
    }
}

/// What is asked over HTTP, and what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProbe {
    /// Path and query, for example `/health`.
    pub path: String,
    /// The Host header; the container's address when absent.
    pub host: Option<String>,
    /// Further request headers.
    pub headers: Vec<(String, String)>,
    /// Status codes that are healthy.
    pub expected: RangeInclusive<u16>,
    /// What the body must contain, within its first 64 KiB.
    pub body_contains: Option<String>,
}

impl HttpProbe {
    /// `GET path`, healthy on 200-399.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), host: None, headers: Vec::new(), expected: 200..=399, body_contains: None }
    }
}

/// A probe with its patience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSpec {
    /// What is asked.
    pub probe: Probe,
    /// The container's port.
    pub port: u16,
    /// How long failures mean "not yet".
    pub start_period: Duration,
    /// How often it is asked.
    pub interval: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How many successes in a row are needed.
    pub successes: u32,
    /// How many failures in a row after the start period are too many.
    pub failures: u32,
}

/// How many bad answers in a row end the wait once the start period is over.
const FAILURES: u32 = 3;

impl ProbeSpec {
    /// What a service's settings ask for, at the port that it has.
    pub fn of(settings: &ProbeSettings, port: u16) -> Self {
        let milliseconds = |ms: u32| Duration::from_millis(ms.into());
        Self {
            probe: Probe::from(&settings.kind),
            port,
            start_period: milliseconds(settings.start_period_ms),
            interval: milliseconds(settings.interval_ms),
            timeout: milliseconds(settings.timeout_ms),
            successes: settings.threshold.into(),
            failures: FAILURES,
        }
    }

    /// A TCP probe with the default patience: a minute to start, asked four times a second.
    pub fn tcp(port: u16) -> Self {
        Self {
            probe: Probe::Tcp,
            port,
            start_period: Duration::from_secs(60),
            interval: Duration::from_millis(250),
            timeout: Duration::from_secs(3),
            successes: 2,
            failures: FAILURES,
        }
    }

    /// An HTTP probe with the same patience.
    pub fn http(port: u16, path: impl Into<String>) -> Self {
        Self { probe: Probe::Http(HttpProbe::new(path)), ..Self::tcp(port) }
    }
}

/// The instance under probe: where it is now, and what can be seen of it from outside.
#[async_trait::async_trait]
pub trait Target: Send + Sync {
    /// Its address on the network that requests will come from; `None` while it has none. Asked before each attempt,
    /// since Docker gives another one at each start.
    async fn address(&self) -> Result<Option<IpAddr>, DockerError>;
    /// Resolves when it ends.
    async fn exited(&self) -> Result<Exit, DockerError>;
    /// Where it listens, for the message; `None` when that cannot be seen.
    async fn listening(&self) -> Option<Vec<ListeningPort>>;
}

/// Asks until it is healthy. Ends at once when the instance ends, and says what was seen.
pub async fn await_healthy(target: &dyn Target, spec: &ProbeSpec) -> Result<ProbeReport, ProbeFailure> {
    let started = Instant::now();
    let mut attempts = Attempts::new(spec, started);
    let ended = target.exited();
    let reason = tokio::select! {
        // The instance's end is looked at first: a port that refuses is no news of a program that is gone.
        biased;
        ended = ended => match ended {
            Ok(exit) => Reason::Exited(exit),
            Err(error) => Reason::Docker(error.to_string()),
        },
        reason = ask_until(target, spec, &mut attempts) => match reason {
            None => return Ok(ProbeReport { waited: started.elapsed(), last: attempts.last, tries: attempts.tries }),
            Some(reason) => reason,
        },
    };
    Err(ProbeFailure {
        port: spec.port,
        probe: spec.probe.clone(),
        reason,
        listening: target.listening().await,
        waited: started.elapsed(),
        last: attempts.last,
        tries: attempts.tries,
    })
}

/// One attempt, for health that is shown while a service is live (R-HC-3).
pub async fn ask_once(address: IpAddr, spec: &ProbeSpec) -> Attempt {
    ask::attempt(address, spec).await
}

/// What has been tried so far.
struct Attempts {
    last: Option<Attempt>,
    tries: u32,
    good: u32,
    bad: u32,
    patience_ends: Instant,
}

impl Attempts {
    fn new(spec: &ProbeSpec, started: Instant) -> Self {
        Self { last: None, tries: 0, good: 0, bad: 0, patience_ends: started + spec.start_period }
    }

    /// Counts an attempt; `Some(true)` is healthy, `Some(false)` is given up. Having been well once ends the start period.
    fn count(&mut self, attempt: Attempt, spec: &ProbeSpec) -> Option<bool> {
        let good = attempt.is_good();
        self.tries += 1;
        self.last = Some(attempt);
        if good {
            (self.good, self.bad) = (self.good + 1, 0);
            return (self.good >= spec.successes.max(1)).then_some(true);
        }
        self.good = 0;
        if Instant::now() < self.patience_ends {
            return None;
        }
        self.bad += 1;
        (self.bad >= spec.failures.max(1)).then_some(false)
    }
}

/// `None` when healthy, else why it was given up.
async fn ask_until(target: &dyn Target, spec: &ProbeSpec, attempts: &mut Attempts) -> Option<Reason> {
    loop {
        let asked_at = Instant::now();
        let attempt = match target.address().await {
            Ok(Some(address)) => ask::attempt(address, spec).await,
            Ok(None) => Attempt::no_address(),
            Err(error) if error.is_transient() => Attempt::failed(error.to_string(), asked_at.elapsed()),
            Err(error) => return Some(Reason::Docker(error.to_string())),
        };
        match attempts.count(attempt, spec) {
            Some(true) => return None,
            Some(false) => return Some(Reason::Unhealthy),
            None => tokio::time::sleep_until(asked_at + spec.interval).await,
        }
    }
}

/// A bound on any future, in one place for the attempts.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} ms", limit.as_millis())),
    }
}

#[cfg(test)]
#[path = "probe/tests.rs"]
mod tests;
