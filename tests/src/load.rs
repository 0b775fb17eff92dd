//! Open-loop load: requests leave by the clock, whether or not the former ones were answered, half of them on kept
//! and half on fresh connections; everything that is not a 2xx counts.

use crate::{
    http::{Connection, Response},
    wait::eventually,
};
use anyhow::{Result, ensure};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a request may take before it counts as lost.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Load that runs in the background until it is stopped.
pub struct Load {
    stop: CancellationToken,
    task: JoinSet<()>,
    seen: Arc<Mutex<Report>>,
}

/// What became of the requests.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub sent: u64,
    pub answered: u64,
    /// Every failure with its second and its reason.
    pub failures: Vec<String>,
    /// Answers by the second since the start.
    pub by_second: BTreeMap<u64, u64>,
    /// Answers by the value of `x-version`, in the order of their first appearance.
    pub versions: Vec<(String, u64)>,
    /// Milliseconds from the time at which the request was due.
    pub latencies: Vec<f32>,
}

struct Target {
    address: SocketAddr,
    host: String,
    path: String,
    kept: Mutex<Vec<Connection>>,
    started: Instant,
    seen: Arc<Mutex<Report>>,
}

impl Load {
    /// Sends `rate` requests per second to `host` through the proxy's port.
    pub fn on(port: u16, host: &str, path: &str, rate: u32) -> Self {
        let seen = Arc::new(Mutex::new(Report::default()));
        let target = Arc::new(Target {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            host: host.to_owned(),
            path: path.to_owned(),
            kept: Mutex::default(),
            started: Instant::now(),
            seen: seen.clone(),
        });
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(by_the_clock(target, rate, stop.clone()));
        Self { stop, task, seen }
    }

    /// What was seen so far.
    pub fn report(&self) -> Report {
        lock(&self.seen).clone()
    }

    /// Waits until so many requests were sent.
    pub async fn sent(&self, least: u64) -> Result<()> {
        let what = format!("{least} requests were sent");
        eventually(&what, || async {
            let sent = self.report().sent;
            ensure!(sent >= least, "only {sent}");
            Ok(())
        })
        .await
    }

    /// Stops sending, waits for the answers that are due, and reports.
    pub async fn stop(mut self) -> Report {
        self.stop.cancel();
        while self.task.join_next().await.is_some() {}
        self.report()
    }
}

async fn by_the_clock(target: Arc<Target>, rate: u32, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut requests = JoinSet::new();
    let mut number = 0u64;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {
                number += 1;
                lock(&target.seen).sent += 1;
                requests.spawn(one(target.clone(), number.is_multiple_of(2)));
                while requests.try_join_next().is_some() {}
            }
        }
    }
    while requests.join_next().await.is_some() {}
}

async fn one(target: Arc<Target>, keep: bool) {
    let due = Instant::now();
    let answer = tokio::time::timeout(TIME_LIMIT, ask(&target, keep)).await;
    let second = target.started.elapsed().as_secs();
    let outcome = match answer {
        Err(_) => Err("no answer in time".to_owned()),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Ok(Ok(response)) if !(200..300).contains(&response.status) => {
            Err(format!("{} {}", response.status, response.text().chars().take(80).collect::<String>()))
        }
        Ok(Ok(response)) => Ok(response),
    };
    lock(&target.seen).note(second, due.elapsed(), outcome, if keep { "kept" } else { "fresh" });
}

async fn ask(target: &Target, keep: bool) -> Result<Response> {
    let idle = if keep { lock(&target.kept).pop() } else { None };
    let mut connection = match idle {
        Some(connection) => connection,
        None => Connection::open(target.address).await?,
    };
    let response = connection.get(&target.host, &target.path, !keep).await?;
    if keep && response.header("connection") != "close" {
        lock(&target.kept).push(connection);
    }
    Ok(response)
}

impl Report {
    fn note(&mut self, second: u64, took: Duration, outcome: Result<Response, String>, kind: &str) {
        match outcome {
            Ok(response) => {
                self.answered += 1;
                *self.by_second.entry(second).or_default() += 1;
                self.latencies.push(took.as_secs_f32() * 1_000.0);
                let version = response.header("x-version").to_owned();
                match self.versions.iter_mut().find(|(known, _)| *known == version) {
                    Some((_, count)) => *count += 1,
                    None => self.versions.push((version, 1)),
                }
            }
            Err(why) => self.failures.push(format!("second {second}, {kind} connection: {why}")),
        }
    }

    /// Fails unless every request was answered with a 2xx, and there were at least `least` of them.
    pub fn lost_nothing(&self, least: u64) -> Result<()> {
        let shown = &self.failures[..self.failures.len().min(20)];
        ensure!(
            self.failures.is_empty() && self.answered == self.sent,
            "{} of {} requests failed: {shown:#?}",
            self.sent - self.answered,
            self.sent
        );
        ensure!(self.answered >= least, "only {} requests were sent, {least} are owed", self.answered);
        Ok(())
    }

    /// The latency below which this share of the answers stayed.
    pub fn percentile(&self, share: f64) -> f32 {
        let mut sorted = self.latencies.clone();
        sorted.sort_by(f32::total_cmp);
        let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }
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
        let _ = crate::wait::eventually("200 requests were sent", || async {
            ensure!(load.report().sent >= 200);
            Ok(())
        })
        .await;
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
        ensure!(report.failures.len() as u64 == report.sent, "{report:?}");
        Ok(())
    }
}
