//! What Traefik answers: whether it lives, and whether it routes as the files say.

use std::time::Duration;

use berth_domain::domain_settings::Upstream;
use berth_domain::published_port::PublishedPort;
use serde::Deserialize;
use tokio::time::Instant;

use super::Proxy;
use super::error::ProxyError;
use super::render::{CONFIRM_HEADER, DEPLOYMENT_HEADER, router_names};
use super::render_ports::router_name as port_router;
use super::routes::{Route, ServiceRoutes};

/// How often Traefik is asked while waiting for it: its own throttle is 50 ms.
const ASK_EVERY: Duration = Duration::from_millis(10);

pub(super) async fn ping(proxy: &Proxy) -> Result<(), ProxyError> {
    proxy.internal("/ping").await.map(|_| ())
}

/// The body of a successful answer.
pub(super) async fn text(request: reqwest::RequestBuilder, url: &str) -> Result<String, ProxyError> {
    let failed = |error: reqwest::Error| ProxyError::Unreachable {
        what: url.to_owned(),
        reason: reason(error.without_url()),
    };
    let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    answer.text().await.map_err(failed)
}

fn reason(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}

pub(super) async fn confirm(
    proxy: &Proxy,
    routes: &ServiceRoutes,
    only: &(dyn Fn(&Route) -> bool + Sync),
    deadline: Duration,
) -> Result<Duration, ProxyError> {
    let started = Instant::now();
    for (index, route) in routes.routes.iter().enumerate().filter(|(_, route)| only(route)) {
        loop {
            let Err(reason) = answers_as_written(proxy, routes, index, route).await else { break };
            if started.elapsed() >= deadline {
                let deployment = routes.confirmation.deployment.clone();
                return Err(ProxyError::NotConfirmed { deployment, after: started.elapsed(), reason });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
    for port in &routes.ports {
        loop {
            let Err(reason) = has_port(proxy, routes, port).await else { break };
            if started.elapsed() >= deadline {
                let deployment = routes.confirmation.deployment.clone();
                return Err(ProxyError::NotConfirmed { deployment, after: started.elapsed(), reason });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
    Ok(started.elapsed())
}

/// Traefik's own word that a port leads where the file says: its API is switched together with its entry points. Who
/// answers there cannot be asked without knowing the protocol.
async fn has_port(proxy: &Proxy, routes: &ServiceRoutes, port: &PublishedPort) -> Result<(), String> {
    let router = port_router(routes, port);
    enabled(proxy, port.protocol.as_str(), &router).await.map_err(|why| {
        format!("port {} leads where it led before, or its entry point is not there: {why}", port.address())
    })
}

/// First the public way, then Traefik's own word on it: the answer proves that requests go there, and the API that
/// Traefik finds no fault in the router.
async fn answers_as_written(
    proxy: &Proxy,
    routes: &ServiceRoutes,
    index: usize,
    route: &Route,
) -> Result<(), String> {
    answers_publicly(proxy, routes, route).await?;
    for router in router_names(routes, index) {
        enabled(proxy, "http", &router).await?;
    }
    Ok(())
}

/// Whether Traefik has a router and finds no fault in it.
async fn enabled(proxy: &Proxy, kind: &str, router: &str) -> Result<(), String> {
    let path = format!("/api/{kind}/routers/{router}@file");
    let answer = proxy.internal(&path).await.map_err(|e| e.to_string())?;
    let seen: Router =
        serde_json::from_str(&answer).map_err(|e| format!("Traefik's API answered otherwise: {e}"))?;
    if seen.status == "enabled" {
        return Ok(());
    }
    let faults = seen.error.join("; ");
    Err(format!("Traefik has the router {router} as `{}`: {faults}", seen.status))
}

#[derive(Deserialize)]
struct Router {
    status: String,
    #[serde(default)]
    error: Vec<String>,
}

/// Whether a status says that no instance answered. Of one that does not speak its protocol the proxy says 500, as
/// programs do of themselves.
fn is_none(status: u16, strict: bool) -> bool {
    matches!(status, 502 | 504) || (strict && status >= 500)
}

async fn answers_publicly(proxy: &Proxy, routes: &ServiceRoutes, route: &Route) -> Result<(), String> {
    let address = std::net::SocketAddr::new(proxy.config.reach, proxy.config.http_port);
    let url = format!("http://{address}{}", route.path.as_str());
    // HEAD: what the program answers is of no interest, only who answered.
    let request = proxy
        .client
        .head(&url)
        .header(reqwest::header::HOST, route.host.as_str())
        .header(CONFIRM_HEADER, &routes.confirmation.nonce);
    let answer = request.send().await.map_err(|e| format!("{} at {address}", reason(e.without_url())))?;
    let strict = routes.trial || route.settings.upstream == Upstream::H2c;
    let who = answer.headers().get(DEPLOYMENT_HEADER).and_then(|value| value.to_str().ok());
    let at = format!("{}{}", route.host.as_str(), route.path.as_str());
    match (who, answer.status().as_u16()) {
        (Some(who), status) if who == routes.confirmation.deployment && is_none(status, strict) => {
            Err(format!("{at} leads to it, but the proxy gets no answer from it (status {status})"))
        }
        (Some(who), _) if who == routes.confirmation.deployment => Ok(()),
        (_, status) => Err(format!("{at} is still answered by the earlier routes (status {status})")),
    }
}
