//! A service's route file: a pure function of its routes.

use berth_domain::domain_name::PathPrefix;
use berth_domain::domain_settings::Upstream;

use super::SECURE;
use super::error::ProxyError;
use super::middlewares::{self, Kind, Step};
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
    if !routes.ports.is_empty() {
        return super::render_ports::port_file(routes);
    }
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
    for (index, route) in routes.routes.iter().enumerate() {
        for kind in kinds(routes, route) {
            file.head(2, &router_name(routes, index, kind)).entry(3, "rule", &rule_of(routes, route, kind));
            let above = 2 * usize::from(kind.behind) + usize::from(kind.reads);
            if above > 0 {
                // Above the ordinary router of this route, and below those of longer paths.
                file.line(3, &format!("priority: {}", self::rule(route).len() + above));
            }
            if kind.secure {
                file.line(3, "tls: {}");
            }
            let mut steps = step_names(routes, index, middlewares::steps(route, kind));
            if routes.waits_for.is_some() {
                // Who asks for the confirmation asks again by itself.
                steps.push(waiting_room::PATIENCE.to_owned());
            }
            let secure = [SECURE.to_owned()];
            let points = if kind.secure { &secure[..] } else { &routes.entry_points[..] };
            lead(file, routes, (route, points), steps);
        }
        // It leads past those who keep visitors out: whether the instances answer is asked.
        let rule = rule(route);
        let confirm = format!("{rule} && Header(`{CONFIRM_HEADER}`, `{}`)", routes.confirmation.nonce);
        file.head(2, &confirm_router(routes, index)).entry(3, "rule", &confirm);
        file.line(3, &format!("priority: {}", CONFIRM_PRIORITY + rule.len()));
        let steps = step_names(routes, index, middlewares::path_steps(route));
        let steps = std::iter::once(confirm_name(routes)).chain(steps).collect();
        lead(file, routes, (route, &routes.entry_points), steps);
    }
}

/// The kinds of requests of a route that have a router.
fn kinds(routes: &ServiceRoutes, route: &Route) -> Vec<Kind> {
    if routes.trial { Vec::new() } else { middlewares::kinds(route, &routes.trusted) }
}

/// The rest of a router: where its requests come in, what is done with them, and who answers.
fn lead(
    file: &mut Document,
    routes: &ServiceRoutes,
    (route, entry_points): (&Route, &[String]),
    mut middlewares: Vec<String>,
) {
    file.list(3, "entryPoints", entry_points.iter().map(String::as_str));
    file.entry(3, "service", &answering_name(routes, route));
    if routes.waits_for.is_some() {
        middlewares.extend([waiting_room::NAME.to_owned(), wait_name(routes)]);
    }
    if !middlewares.is_empty() {
        file.list(3, "middlewares", middlewares.iter().map(String::as_str));
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
    for (index, route) in routes.routes.iter().enumerate() {
        let kinds = kinds(routes, route).into_iter();
        let steps =
            kinds.flat_map(|kind| middlewares::steps(route, kind)).chain(middlewares::path_steps(route));
        let mut written: Vec<Step> = Vec::new();
        for step in steps {
            if !written.contains(&step) {
                let name = step_name(routes, index, step);
                middlewares::write(file, &name, step, route, &routes.trusted);
                written.push(step);
            }
        }
    }
}

fn services(file: &mut Document, routes: &ServiceRoutes) {
    if routes.backends.is_empty() {
        return;
    }
    file.line(1, "services:");
    let mut written: Vec<Manner> = Vec::new();
    for manner in routes.routes.iter().map(Manner::of) {
        if !written.contains(&manner) {
            manner.services(file, routes);
            written.push(manner);
        }
    }
}

/// How the proxy speaks to the instances: the domains of a service that differ in it have services of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Manner {
    h2c: bool,
    sticky: bool,
}

impl Manner {
    fn of(route: &Route) -> Self {
        Self { h2c: route.settings.upstream == Upstream::H2c, sticky: route.settings.sticky }
    }

    /// The first part of its services' names; the counters know them by it.
    fn key(self, routes: &ServiceRoutes) -> String {
        let key = &routes.service;
        match (self.h2c, self.sticky) {
            (false, false) => key.clone(),
            (true, false) => format!("{key}-h2c"),
            (false, true) => format!("{key}-sticky"),
            (true, true) => format!("{key}-h2c-sticky"),
        }
    }

    fn live_name(self, routes: &ServiceRoutes) -> String {
        format!("{}-live", self.key(routes))
    }

    fn backend_name(self, routes: &ServiceRoutes, backend: &Backend) -> String {
        format!("{}-at-{}", self.key(routes), backend.deployment)
    }

    fn services(self, file: &mut Document, routes: &ServiceRoutes) {
        file.head(2, &self.live_name(routes)).line(3, "weighted:");
        self.cookie(file, "berth_release");
        file.line(4, "services:");
        for backend in &routes.backends {
            file.entry(5, "- name", &self.backend_name(routes, backend));
            file.line(6, &format!("weight: {}", backend.weight));
        }
        let scheme = if self.h2c { "h2c" } else { "http" };
        for backend in &routes.backends {
            file.head(2, &self.backend_name(routes, backend)).line(3, "loadBalancer:");
            self.cookie(file, "berth_instance");
            file.line(4, "passHostHeader: true").line(4, "responseForwarding:");
            file.entry(5, "flushInterval", &format!("{}ms", routes.flush.as_millis().max(1)));
            file.line(4, "servers:");
            for server in &backend.servers {
                file.entry(5, "- url", &format!("{scheme}://{}:{}", server.container, server.port));
            }
        }
    }

    fn cookie(self, file: &mut Document, name: &str) {
        if self.sticky {
            file.line(4, "sticky:").line(5, "cookie:").entry(6, "name", name);
            file.line(6, "httpOnly: true").entry(6, "sameSite", "lax");
        }
    }
}

fn rule_of(routes: &ServiceRoutes, route: &Route, kind: Kind) -> String {
    let mut rule = rule(route);
    if kind.behind {
        let proxies: Vec<_> = routes.trusted.iter().map(|range| format!("ClientIP(`{range}`)")).collect();
        rule.push_str(&format!(" && ({})", proxies.join(" || ")));
    }
    if kind.reads {
        rule.push_str(" && (Method(`GET`) || Method(`HEAD`))");
    }
    rule
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

fn answering_name(routes: &ServiceRoutes, route: &Route) -> String {
    match routes.waits_for {
        Some(_) => waiting_room::NAME.to_owned(),
        None => Manner::of(route).live_name(routes),
    }
}

fn wait_name(routes: &ServiceRoutes) -> String {
    format!("{}-wait", routes.service)
}

fn confirm_name(routes: &ServiceRoutes) -> String {
    format!("{}-confirm", routes.service)
}

fn step_names(routes: &ServiceRoutes, index: usize, steps: Vec<Step>) -> Vec<String> {
    steps.into_iter().map(|step| step_name(routes, index, step)).collect()
}

fn step_name(routes: &ServiceRoutes, index: usize, step: Step) -> String {
    format!("{}-{index}-{}", routes.service, step.word())
}

fn router_name(routes: &ServiceRoutes, index: usize, kind: Kind) -> String {
    let behind = if kind.behind { "-behind" } else { "" };
    let reads = if kind.reads { "-reads" } else { "" };
    let secure = if kind.secure { "-tls" } else { "" };
    format!("{}-{index}{behind}{reads}{secure}", routes.service)
}

/// The routers of a route, which Traefik's API is asked for.
pub(super) fn router_names(routes: &ServiceRoutes, index: usize) -> Vec<String> {
    let Some(route) = routes.routes.get(index) else { return Vec::new() };
    let kinds = kinds(routes, route).into_iter();
    kinds.map(|kind| router_name(routes, index, kind)).chain([confirm_router(routes, index)]).collect()
}

fn confirm_router(routes: &ServiceRoutes, index: usize) -> String {
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
    check_backends(routes)
}

/// Refuses deployments that are nobody or no instances.
pub(super) fn check_backends(routes: &ServiceRoutes) -> Result<(), ProxyError> {
    let refuse = |reason: String| Err(ProxyError::Invalid { service: routes.service.clone(), reason });
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

#[cfg(test)]
#[path = "settings_tests.rs"]
mod settings_tests;
