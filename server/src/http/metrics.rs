//! `/metrics`: counters for Prometheus.

use super::{App, Refusal, peers::is_passed_on};
use axum::{
    extract::{ConnectInfo, Extension, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use berth_domain::{
    deployment::Status,
    permission::Permission,
    problem::{Problem, ProblemKind},
};
use berth_engine::{Actor, Error, figures::Figures};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: Arc<str>,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    route: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    status: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Timed, Histogram>,
    deployments: Family<Standing, Gauge>,
    log_lines: Counter,
    last_look: Gauge<f64, AtomicU64>,
    resident: Gauge,
    cpu: Gauge<f64, AtomicU64>,
}

const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("berth");
        let requests = Family::<Answered, Counter>::default();
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (deployments, log_lines) = (Family::<Standing, Gauge>::default(), Counter::<u64>::default());
        let (resident, cpu) = (Gauge::default(), Gauge::<f64, AtomicU64>::default());
        registry.register("http_requests", "Requests by route and status", requests.clone());
        registry.register_with_unit("http_duration", "Time to the answer", Unit::Seconds, durations.clone());
        let help = "Deployments by how they stand; the queued ones are the queue";
        registry.register("deployments", help, deployments.clone());
        registry.register("log_lines", "Log lines written since the start", log_lines.clone());
        let last_look = Gauge::<f64, AtomicU64>::default();
        let help = "Time of the last look at everything that runs";
        registry.register_with_unit("last_look", help, Unit::Seconds, last_look.clone());
        registry.register_with_unit(
            "process_resident",
            "Memory of the server",
            Unit::Bytes,
            resident.clone(),
        );
        registry.register_with_unit("process_cpu", "CPU time of the server", Unit::Seconds, cpu.clone());
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The build that runs", version);
        Self { registry, requests, durations, deployments, log_lines, last_look, resident, cpu }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, method: &Method, route: &Arc<str>, status: StatusCode, took: Duration) {
        let method = known_method(method).to_owned();
        let labels = Answered { method, route: route.clone(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&Timed { route: route.clone() }).observe(took.as_secs_f64());
    }

    fn text(&self, figures: &Figures) -> Result<String, std::fmt::Error> {
        for status in Status::ALL {
            let count =
                figures.deployments.iter().find(|(counted, _)| counted == status).map_or(0, |(_, n)| *n);
            let gauge = self.deployments.get_or_create(&Standing { status: status.as_str() });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.log_lines.inner().store(figures.log_lines, Ordering::Relaxed);
        self.last_look.set(figures.last_look.as_secs_f64());
        let (resident, cpu) = process();
        self.resident.set(resident);
        self.cpu.set(cpu);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// A client may invent methods; the label may not grow with them.
fn known_method(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}

/// Resident bytes and CPU seconds of this process, as Linux counts them; zeros elsewhere.
fn process() -> (i64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<i64>().ok())
        .map_or(0, |kib| kib * 1024);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields count from behind the program's name, which may hold spaces; ticks are hundredths on Linux.
    let fields: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (resident, (ticks(11) + ticks(12)) / 100.0)
}

/// For programs on this machine, and for who may read.
pub async fn metrics(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(actor): Extension<Option<Actor>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let allowed = actor.is_some_and(|actor| actor.may(Permission::Read));
    // A proxy on this machine also comes from the loopback, with requests of who knows whom.
    let local = peer.ip().to_canonical().is_loopback() && !is_passed_on(&headers);
    if !allowed && !local {
        let problem = Problem::new(ProblemKind::Unauthenticated, "Metrics are for who is signed in.")
            .with_hint("Use an API token (Authorization: Bearer), or ask from this machine.");
        return Err(problem.into());
    }
    let figures = app.engine.figures().await?;
    let text = app.metrics.text(&figures).map_err(|error| Error::internal("write the metrics", error))?;
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media_type)], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_route_and_status() {
        let metrics = Metrics::default();
        let route: Arc<str> = "/health".into();
        metrics.answered(&Method::GET, &route, StatusCode::OK, Duration::from_millis(3));
        metrics.answered(
            &Method::from_bytes(b"FOO").unwrap(),
            &route,
            StatusCode::OK,
            Duration::from_millis(3),
        );
        let figures = Figures { deployments: vec![(Status::Queued, 2)], log_lines: 7, ..Figures::default() };
        let text = metrics.text(&figures).unwrap();
        assert!(text.contains("berth_deployments{status=\"queued\"} 2\n"), "{text}");
        assert!(text.contains("berth_log_lines_total 7\n"));
        assert!(
            text.contains(r#"berth_http_requests_total{method="GET",route="/health",status="200"} 1"#),
            "{text}"
        );
        assert!(text.contains(r#"method="other""#));
        assert!(text.contains("berth_http_duration_seconds_bucket"));
        assert!(process().0 > 0);
    }
}
