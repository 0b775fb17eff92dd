//! Open-loop load: requests leave by the clock, whether or not the former ones were answered; everything that is not
//! a 2xx counts, and so does every stream that is cut.

mod report;
mod streams;

pub use report::{Count, Failure, Report};

use crate::{
    http::{Connection, Response},
    wait::eventually,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a request may take before it counts as lost.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long the program takes for a slow request.
pub const SLOW: Duration = Duration::from_secs(5);

/// What kind of request: each counts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// On a connection that is used again.
    Kept,
    /// On a connection of its own.
    Fresh,
    /// Under way for [`SLOW`].
    Slow,
    /// A WebSocket that says something, hears it back, and closes in good order.
    WebSocket,
    /// A stream of events that has an end.
    Events,
}

impl Kind {
    /// The word for it in a report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Fresh => "fresh",
            Self::Slow => "slow",
            Self::WebSocket => "WebSocket",
            Self::Events => "event stream",
        }
    }
}

/// How much of each kind.
#[derive(Debug, Clone, Default)]
pub struct Mix {
    /// Requests per second on kept connections.
    pub kept: u32,
    /// Requests per second on fresh connections.
    pub fresh: u32,
    /// Requests per second that take [`SLOW`].
    pub slow: u32,
    /// One WebSocket and one stream of events at a time, opened again when they have ended.
    pub streams: bool,
}

/// Load that runs in the background until it is stopped.
pub struct Load {
    target: Arc<Target>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

struct Target {
    address: SocketAddr,
    host: String,
    path: String,
    kept: Mutex<Vec<Connection>>,
    started: Instant,
    seen: Mutex<Report>,
}

impl Load {
    /// Sends `rate` requests per second to `host` through the proxy's port, half of them on kept connections.
    pub fn on(port: u16, host: &str, path: &str, rate: u32) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], port)), host, path, rate)
    }

    /// The same at any address.
    pub fn at(address: SocketAddr, host: &str, path: &str, rate: u32) -> Self {
        let mix = Mix { kept: rate / 2, fresh: rate - rate / 2, ..Mix::default() };
        Self::begin(address, host, path, &mix)
    }

    /// Sends some of every kind to the test program, through the proxy's port.
    pub fn mixed(port: u16, host: &str, mix: &Mix) -> Self {
        Self::begin(SocketAddr::from(([127, 0, 0, 1], port)), host, "/", mix)
    }

    fn begin(address: SocketAddr, host: &str, path: &str, mix: &Mix) -> Self {
        let target = Arc::new(Target {
            address,
            host: host.to_owned(),
            path: path.to_owned(),
            kept: Mutex::default(),
            started: Instant::now(),
            seen: Mutex::default(),
        });
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        for (kind, rate) in [(Kind::Kept, mix.kept), (Kind::Fresh, mix.fresh), (Kind::Slow, mix.slow)] {
            if rate > 0 {
                tasks.spawn(by_the_clock(target.clone(), kind, rate, stop.clone()));
            }
        }
        if mix.streams {
            tasks.spawn(one_after_another(target.clone(), Kind::WebSocket, stop.clone()));
            tasks.spawn(one_after_another(target.clone(), Kind::Events, stop.clone()));
        }
        Self { target, stop, tasks }
    }

    /// What was seen so far.
    pub fn report(&self) -> Report {
        lock(&self.target.seen).clone()
    }

    /// Waits until so many requests were sent.
    pub async fn sent(&self, least: u64) -> Result<()> {
        eventually(&format!("{least} requests were sent"), || async {
            let sent = self.report().requests();
            ensure!(sent >= least, "only {sent}");
            Ok(())
        })
        .await
    }

    /// How long it has been going on: the clock of [`Failure`].
    pub fn elapsed(&self) -> Duration {
        self.target.started.elapsed()
    }

    /// Stops sending, waits for the answers that are due, and reports.
    pub async fn stop(mut self) -> Report {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.report()
    }
}

async fn by_the_clock(target: Arc<Target>, kind: Kind, rate: u32, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut requests = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {
                requests.spawn(one(target.clone(), kind));
                while requests.try_join_next().is_some() {}
            }
        }
    }
    while requests.join_next().await.is_some() {}
}

async fn one_after_another(target: Arc<Target>, kind: Kind, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let before = Instant::now();
        one(target.clone(), kind).await;
        // A service that refuses at once is not asked a thousand times a second.
        tokio::time::sleep_until((before + Duration::from_millis(100)).into()).await;
    }
}

async fn one(target: Arc<Target>, kind: Kind) {
    let began = target.started.elapsed();
    lock(&target.seen).sent(kind);
    let limit = TIME_LIMIT + if kind == Kind::Slow { SLOW } else { Duration::ZERO };
    let answer = match tokio::time::timeout(limit, ask(&target, kind)).await {
        Err(_) => Err("no answer in time".to_owned()),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Ok(Ok(version)) => Ok(version),
    };
    lock(&target.seen).note(kind, began, target.started.elapsed(), answer);
}

/// Asks and gives the version that answered.
async fn ask(target: &Target, kind: Kind) -> Result<String> {
    let (to, host) = (target.address, target.host.as_str());
    match kind {
        Kind::Kept => on_a_kept_connection(target).await,
        Kind::Fresh => version(Connection::open(to).await?.get(host, &target.path, true).await?),
        Kind::Slow => {
            let path = format!("/slow?ms={}", SLOW.as_millis());
            version(Connection::open(to).await?.get(host, &path, true).await?)
        }
        Kind::WebSocket => streams::web_socket(Connection::open(to).await?, host).await,
        Kind::Events => streams::events(Connection::open(to).await?, host).await,
    }
}

async fn on_a_kept_connection(target: &Target) -> Result<String> {
    let idle = idle(&target.kept);
    let (mut connection, used) = match idle {
        Some(connection) => (connection, "used"),
        None => (Connection::open(target.address).await?, "new"),
    };
    let answer = connection.get(&target.host, &target.path, false).await;
    let response = answer.with_context(|| format!("a {used} connection"))?;
    if response.header("connection") != "close" {
        lock(&target.kept).push(connection);
    }
    version(response)
}

/// The connection that was used last and is still open, as every client chooses it.
fn idle(kept: &Mutex<Vec<Connection>>) -> Option<Connection> {
    let mut kept = lock(kept);
    while let Some(connection) = kept.pop() {
        if !connection.is_closed() {
            return Some(connection);
        }
    }
    None
}

fn version(response: Response) -> Result<String> {
    if !(200..300).contains(&response.status) {
        bail!("{} {}", response.status, response.text().chars().take(80).collect::<String>());
    }
    Ok(response.header("x-version").to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, routing::get};

    async fn serve(status: u16) -> Result<(u16, JoinSet<()>)> {
        let status = axum::http::StatusCode::from_u16(status)?;
        let router =
            Router::new().route("/", get(move || async move { (status, [("x-version", "one")], "hello") }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok((port, task))
    }

    async fn load_for_a_second(port: u16) -> Report {
        let load = Load::on(port, "example.localhost", "/", 200);
        let _ = load.sent(200).await;
        load.stop().await
    }

    #[tokio::test]
    async fn every_request_is_accounted_for() -> Result<()> {
        let (port, _server) = serve(200).await?;
        let report = load_for_a_second(port).await;
        report.lost_nothing(200)?;
        ensure!(report.versions.len() == 1 && report.versions[0].0 == "one", "{:?}", report.versions);
        Ok(())
    }

    #[tokio::test]
    async fn refusals_and_a_closed_port_are_failures() -> Result<()> {
        let (port, _server) = serve(502).await?;
        ensure!(load_for_a_second(port).await.lost_nothing(0).is_err());
        let [nobody] = crate::process::free_ports()?;
        let report = load_for_a_second(nobody).await;
        ensure!(report.failures.len() as u64 == report.requests(), "{report:?}");
        Ok(())
    }

    #[tokio::test]
    async fn a_stream_that_is_not_one_is_a_failure() -> Result<()> {
        let (port, _server) = serve(200).await?;
        let load = Load::mixed(port, "example.localhost", &Mix { streams: true, ..Mix::default() });
        eventually("both were tried", || async {
            let failures = load.report().failures;
            for kind in [Kind::WebSocket, Kind::Events] {
                ensure!(failures.iter().any(|failure| failure.kind == kind), "{failures:?}");
            }
            Ok(())
        })
        .await
    }
}
