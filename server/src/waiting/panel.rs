//! The panel behind the proxy, at its own host: the same router as at its port, with what the proxy says of who asks.

use crate::http::{Network, Secured, behind};
use axum::{
    Router,
    extract::{ConnectInfo, Request},
    response::{IntoResponse, Response},
};
use berth_domain::domain_settings::IpRange;
use berth_engine::proxy::OWN_HEADERS;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tower::ServiceExt;

/// What says who asks, and is gone once it is known. `X-Forwarded-Host` stays: what is only for programs of the machine
/// itself is kept from requests that have it.
const OF_THE_CLIENT: [&str; 3] = ["x-forwarded-for", "x-real-ip", "forwarded"];

/// The panel; cheap to clone.
#[derive(Clone)]
pub struct Panel {
    router: Router,
    /// The proxies in front of ours that are believed.
    edge: Arc<[Network]>,
}

impl Panel {
    /// Behind our proxy, with those in front of it.
    pub fn new(router: Router, edge: &[IpRange]) -> Self {
        let edge = edge.iter().filter_map(|range| range.as_str().parse().ok()).collect();
        Self { router, edge }
    }

    /// Answers a request that our proxy has sent: its word counts, and nobody else's gets here.
    pub async fn answer(&self, mut request: Request) -> Response {
        let headers = request.headers_mut();
        let client = behind(IpAddr::V4(Ipv4Addr::UNSPECIFIED), headers, &self.edge);
        let is_secure = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        for name in OWN_HEADERS.into_iter().chain(OF_THE_CLIENT) {
            headers.remove(name);
        }
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(SocketAddr::new(client, 0)));
        if is_secure {
            extensions.insert(Secured);
        }
        self.router.clone().oneshot(request).await.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::HeaderMap, routing::get};

    async fn told(
        headers: HeaderMap,
        ConnectInfo(peer): ConnectInfo<SocketAddr>,
        request: Request,
    ) -> String {
        let secure = request.extensions().get::<Secured>().is_some();
        let left = headers.keys().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
        format!("{} {secure} {left}", peer.ip())
    }

    #[tokio::test]
    async fn r_sec_7_the_panel_learns_from_the_proxy_alone_who_asks() {
        let edge: Vec<IpRange> = vec!["10.0.0.0/8".parse().expect("a network")];
        let panel = Panel::new(Router::new().route("/", get(told)), &edge);
        for (forwarded, scheme, wanted) in [
            ("192.0.2.7", "https", "192.0.2.7 true x-forwarded-proto"),
            ("6.6.6.6, 192.0.2.7", "http", "192.0.2.7 false x-forwarded-proto"),
            ("192.0.2.7, 10.0.0.1", "https", "192.0.2.7 true x-forwarded-proto"),
        ] {
            let request = Request::get("/").header("x-forwarded-for", forwarded);
            let request = request.header("x-forwarded-proto", scheme).header("x-berth-waiting", "the key");
            let request = request.header("x-berth-for", "panel").body(Body::empty()).expect("a request");
            let answer = panel.answer(request).await;
            let body = axum::body::to_bytes(answer.into_body(), 1_000).await.expect("a body");
            assert_eq!(String::from_utf8_lossy(&body), wanted);
        }
    }
}
