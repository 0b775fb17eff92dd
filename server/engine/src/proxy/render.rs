//! A service's route file: a pure function of its routes.

use berth_domain::domain_name::PathPrefix;

use super::SECURE;
use super::error::ProxyError;
use super::routes::{Backend, Route, ServiceRoutes};
use super::waiting_room;
use super::yaml::Document;
use crate::docker::is_object_name;

/// The request header that asks for the confirmation, with the nonce as its value.
pub const CONFIRM_HEADER: &str = "X-Berth-Confirm";
/// The response header that gives it, with the deployment as its value.
pub(super) const DEPLOYMENT_HEADER: &str = "X-Berth-Deployment";
/// Above every rule, whose own priority is its length.
const CONFIRM_PRIORITY: usize = 1_000_000;

/// The file's text. Refuses what Traefik would refuse: one bad file in its folder would stop every later change.
pub fn route_file(routes: &ServiceRoutes) -> Result<String, ProxyError> {
    check(routes)?;
    let mut file = Document::default();
    file.line(0, "# Written by Berth, and written again at the next change: edits are lost.");
    file.line(0, "http:");
    routers(&mut file, routes);
    middlewares(&mut file, routes);
    services(&mut file, routes);
    Ok(file.finish())
}

fn routers(file: &mut Document, routes: &ServiceRoutes) {
    file.line(1, "routers:");
    let secure = [SECURE.to_owned()];
    for (index, route) in routes.routes.iter().enumerate() {
        let rule = rule(route);
        let strip = route.strip_path.then(|| strip_name(routes, index));
        let confirm = format!("{rule} && Header(`{CONFIRM_HEADER}`, `{}`)", routes.confirmation.nonce);
        let lead = |file: &mut Document, first: Option<&str>, points: &[String]| {
            file.list(3, "entryPoints", points.iter().map(String::as_str));
            file.entry(3, "service", &answering_name(routes));
            let wait = routes.waits_for.is_some().then(|| wait_name(routes));
            let room = wait.as_ref().map(|_| waiting_room::NAME);
            // Who asks for the confirmation asks again by itself.
            let patience = room.and(first.is_none().then_some(waiting_room::PATIENCE));
            let all = [first, strip.as_deref(), patience, room, wait.as_deref()];
            let all: Vec<_> = all.into_iter().flatten().collect();
            if !all.is_empty() {
                file.list(3, "middlewares", all);
            }
        };

        file.head(2, &format!("{}-{index}", routes.service)).entry(3, "rule", &rule);
        lead(file, None, &routes.entry_points);
        if route.https.is_some() {
            file.head(2, &format!("{}-{index}-tls", routes.service)).entry(3, "rule", &rule);
            file.line(3, "tls: {}");
            lead(file, None, &secure);
        }

        file.head(2, &confirm_router(routes, index)).entry(3, "rule", &confirm);
        file.line(3, &format!("priority: {}", CONFIRM_PRIORITY + rule.len()));
        lead(file, Some(&confirm_name(routes)), &routes.entry_points);
    }
}

fn middlewares(file: &mut Document, routes: &ServiceRoutes) {
    file.line(1, "middlewares:");
    file.head(2, &confirm_name(routes)).line(3, "headers:").line(4, "customResponseHeaders:");
    file.entry(5, DEPLOYMENT_HEADER, &routes.confirmation.deployment);
    if let Some(waits_for) = &routes.waits_for {
        file.head(2, &wait_name(routes)).line(3, "headers:").line(4, "customRequestHeaders:");
        file.entry(5, waiting_room::FOR_HEADER, waits_for);
    }
    for (index, route) in routes.routes.iter().enumerate().filter(|(_, route)| route.strip_path) {
        file.head(2, &strip_name(routes, index)).line(3, "stripPrefix:");
        file.list(4, "prefixes", [route.path.as_str()]);
    }
}

fn services(file: &mut Document, routes: &ServiceRoutes) {
    if routes.backends.is_empty() {
        return;
    }
    file.line(1, "services:");
    file.head(2, &live_name(routes)).line(3, "weighted:").line(4, "services:");
    for backend in &routes.backends {
        file.entry(5, "- name", &backend_name(routes, backend));
        file.line(6, &format!("weight: {}", backend.weight));
    }
    for backend in &routes.backends {
        file.head(2, &backend_name(routes, backend)).line(3, "loadBalancer:").line(4, "passHostHeader: true");
        file.line(4, "responseForwarding:");
        file.entry(5, "flushInterval", &format!("{}ms", routes.flush.as_millis().max(1)));
        file.line(4, "servers:");
        for server in &backend.servers {
            file.entry(5, "- url", &format!("http://{}:{}", server.container, server.port));
        }
    }
}

fn rule(route: &Route) -> String {
    let host = format!("Host(`{}`)", route.host.as_str());
    if route.path == PathPrefix::root() {
        return host;
    }
    // `PathPrefix(/a)` would also take `/ab`.
    let path = route.path.as_str();
    format!("{host} && (Path(`{path}`) || PathPrefix(`{path}/`))")
}

fn answering_name(routes: &ServiceRoutes) -> String {
    match routes.waits_for {
        Some(_) => waiting_room::NAME.to_owned(),
        None => live_name(routes),
    }
}

fn wait_name(routes: &ServiceRoutes) -> String {
    format!("{}-wait", routes.service)
}

fn live_name(routes: &ServiceRoutes) -> String {
    format!("{}-live", routes.service)
}

fn backend_name(routes: &ServiceRoutes, backend: &Backend) -> String {
    format!("{}-at-{}", routes.service, backend.deployment)
}

fn confirm_name(routes: &ServiceRoutes) -> String {
    format!("{}-confirm", routes.service)
}

fn strip_name(routes: &ServiceRoutes, index: usize) -> String {
    format!("{}-{index}-strip", routes.service)
}

/// The confirming router of a route, which Traefik's API is asked for.
pub(super) fn confirm_router(routes: &ServiceRoutes, index: usize) -> String {
    format!("{}-{index}-confirm", routes.service)
}

fn check(routes: &ServiceRoutes) -> Result<(), ProxyError> {
    let refuse = |reason: String| Err(ProxyError::Invalid { service: routes.service.clone(), reason });
    if !is_word(&routes.service) {
        return refuse("its key must be letters, digits and `-`".into());
    }
    if routes.routes.is_empty() || routes.entry_points.is_empty() {
        return refuse("it has no host name; remove the routes instead".into());
    }
    if !routes.entry_points.iter().all(|name| is_word(name)) {
        return refuse("an entry point's name must be letters, digits and `-`".into());
    }
    match &routes.waits_for {
        Some(of) if !is_word(of) => {
            return refuse("whom it waits for must be letters, digits and `-`".into());
        }
        Some(_) if !routes.backends.is_empty() => {
            return refuse("either the waiting room answers or instances do".into());
        }
        None if routes.backends.iter().all(|b| b.weight == 0) => {
            return refuse("no deployment would answer; lead it to the waiting room instead".into());
        }
        _ => {}
    }
    if !is_word(&routes.confirmation.deployment) || !is_word(&routes.confirmation.nonce) {
        return refuse("the confirmation must be letters, digits and `-`".into());
    }
    for (index, backend) in routes.backends.iter().enumerate() {
        if !is_word(&backend.deployment) {
            return refuse(format!(
                "the deployment's id `{}` must be letters, digits and `-`",
                backend.deployment
            ));
        }
        if routes.backends[..index].iter().any(|b| b.deployment == backend.deployment) {
            return refuse(format!("deployment `{}` is there twice", backend.deployment));
        }
        if backend.servers.is_empty() {
            return refuse(format!("deployment `{}` has no instance", backend.deployment));
        }
        if let Some(bad) = backend.servers.iter().find(|s| !is_object_name(&s.container) || s.port == 0) {
            return refuse(format!("`{}:{}` is no container and port", bad.container, bad.port));
        }
    }
    Ok(())
}

/// Letters, digits and hyphens: nothing that a rule, a header, a file name or Traefik's `@provider` could read differently.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
