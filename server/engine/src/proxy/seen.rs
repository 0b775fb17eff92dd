//! What Traefik's API tells of a service, without what is nobody's to know: the confirming routers (their secret opens a
//! way past passwords), the way to the waiting room with its key, and the hashes of passwords.

use std::collections::BTreeMap;

use berth_domain::proxy_view::{ProxyView, SeenMiddleware, SeenRouter, SeenTarget};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::Proxy;
use super::error::ProxyError;

/// What Traefik gives at once: more than a service can have.
const AT_MOST: u32 = 100_000;
/// What our names carry behind them.
const PROVIDER: &str = "@file";

pub(super) async fn view(proxy: &Proxy, of: &(dyn Fn(&str) -> bool + Sync)) -> Result<ProxyView, ProxyError> {
    let (mut routers, mut services) = (Vec::<Router>::new(), Vec::<Service>::new());
    for kind in ["http", "tcp", "udp"] {
        routers.extend(ask::<Router>(proxy, kind, "routers").await?);
        services.extend(ask::<Service>(proxy, kind, "services").await?);
    }
    let middlewares: Vec<Middleware> = ask(proxy, "http", "middlewares").await?;
    let shown = |name: &str| of(name) && !is_own(name);
    Ok(ProxyView {
        routers: routers.into_iter().filter(|r| shown(&r.name)).map(Router::seen).collect(),
        services: services.into_iter().filter(|s| shown(&s.name)).map(Service::seen).collect(),
        middlewares: middlewares.into_iter().filter(|m| shown(&m.name)).map(Middleware::seen).collect(),
        ..ProxyView::default()
    })
}

/// Berth's own, which holds secrets.
fn is_own(name: &str) -> bool {
    let name = plain(name);
    name.ends_with("-confirm") || name.ends_with("-wait")
}

fn plain(name: &str) -> &str {
    name.strip_suffix(PROVIDER).unwrap_or(name)
}

async fn ask<T: DeserializeOwned>(proxy: &Proxy, kind: &str, what: &str) -> Result<Vec<T>, ProxyError> {
    let path = format!("/api/{kind}/{what}?per_page={AT_MOST}");
    let text = proxy.internal(&path).await?;
    serde_json::from_str(&text).map_err(|error| ProxyError::Unreachable {
        what: path,
        reason: format!("it answered otherwise: {error}"),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Router {
    name: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    entry_points: Vec<String>,
    #[serde(default)]
    service: String,
    #[serde(default)]
    middlewares: Vec<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    error: Vec<String>,
}

impl Router {
    fn seen(self) -> SeenRouter {
        SeenRouter {
            name: plain(&self.name).to_owned(),
            rule: self.rule,
            entry_points: self.entry_points,
            service: plain(&self.service).to_owned(),
            middlewares: self
                .middlewares
                .iter()
                .map(|name| plain(name).to_owned())
                .filter(|n| !is_own(n))
                .collect(),
            status: self.status,
            faults: self.error,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    weighted: Option<Value>,
    load_balancer: Option<Value>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    error: Vec<String>,
}

impl Service {
    fn seen(self) -> SeenTarget {
        let inner = self.weighted.as_ref().or(self.load_balancer.as_ref()).cloned().unwrap_or_default();
        let text = |value: &Value, key: &str| value[key].as_str().map(|text| plain(text).to_owned());
        let shares = inner["services"].as_array().into_iter().flatten();
        let shares = shares.filter_map(|s| Some(format!("{} ({})", text(s, "name")?, s["weight"])));
        // Over TCP and UDP there are addresses.
        let server = |s| text(s, "url").or_else(|| text(s, "address"));
        let servers = inner["servers"].as_array().into_iter().flatten().filter_map(server);
        SeenTarget {
            name: plain(&self.name).to_owned(),
            leads_to: shares.chain(servers).collect(),
            sticky: inner.get("sticky").is_some(),
            kind: self.kind,
            status: self.status,
            faults: self.error,
        }
    }
}

#[derive(Deserialize)]
struct Middleware {
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    error: Vec<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Middleware {
    fn seen(self) -> SeenMiddleware {
        let own = self.rest.into_iter().find(|(key, value)| value.is_object() && !key.is_empty());
        let mut settings = BTreeMap::new();
        if let Some((_, Value::Object(fields))) = own {
            fields.into_iter().for_each(|(key, value)| flatten(&key, value, &mut settings));
        }
        SeenMiddleware {
            name: plain(&self.name).to_owned(),
            kind: self.kind,
            settings,
            status: self.status,
            faults: self.error,
        }
    }
}

/// One line for each value.
fn flatten(key: &str, value: Value, into: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Object(fields) => {
            fields.into_iter().for_each(|(inner, value)| flatten(&format!("{key}.{inner}"), value, into));
            return;
        }
        Value::Array(items) => {
            let items =
                items.into_iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            // Of a user, only who it is.
            let items = items.map(|item| match (key, item.split_once(':')) {
                ("users", Some((name, _))) => name.to_owned(),
                _ => item,
            });
            items.collect::<Vec<_>>().join(", ")
        }
        Value::String(text) => text,
        other => other.to_string(),
    };
    into.insert(key.to_owned(), text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_sec_3_no_hash_and_no_secret_of_berths_is_shown() {
        let text = r#"{"name":"s-0-login@file","type":"basicauth","status":"enabled","usedBy":["a"],
            "basicAuth":{"users":["ann:$2y$08$abc"],"realm":"r"}}"#;
        let seen = serde_json::from_str::<Middleware>(text).expect("a middleware").seen();
        assert_eq!((seen.name.as_str(), seen.settings["users"].as_str()), ("s-0-login", "ann"));
        assert!(!format!("{seen:?}").contains("$2y$"), "{seen:?}");
        assert!(
            is_own("s-0-confirm@file")
                && is_own("s-confirm")
                && is_own("s-wait@file")
                && !is_own("s-0-strip")
        );
    }

    #[test]
    fn who_answers_is_read() {
        let text = r#"{"name":"s-live@file","type":"weighted","status":"enabled",
            "weighted":{"services":[{"name":"s-at-d1","weight":90}],"sticky":{"cookie":{"name":"c"}}}}"#;
        let seen = serde_json::from_str::<Service>(text).expect("a service").seen();
        assert_eq!((seen.leads_to, seen.sticky), (vec!["s-at-d1 (90)".to_owned()], true));
    }
}
