//! What a domain's settings put between the entry point and the instances: a pure function of its route.

use berth_domain::domain_name::PathPrefix;
use berth_domain::domain_settings::{Header, IpRange};

use super::routes::Route;
use super::yaml::Document;

/// One thing that is done with a request, in the order of [`steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Headers,
    Allow,
    /// The same where trusted proxies say who asks.
    AllowBehind,
    Https,
    Redirect,
    Rate,
    RateBehind,
    Login,
    Body,
    Compress,
    Strip,
    Prefix,
}

/// Which of a route's requests a router takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kind {
    /// They come through a trusted proxy, which says who asks.
    pub behind: bool,
    /// They have no body to limit.
    pub reads: bool,
    /// They come by HTTPS.
    pub secure: bool,
}

impl Step {
    /// The last part of its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Allow => "allow",
            Self::AllowBehind => "allow-behind",
            Self::Https => "https",
            Self::Redirect => "redirect",
            Self::Rate => "rate",
            Self::RateBehind => "rate-behind",
            Self::Login => "login",
            Self::Body => "body",
            Self::Compress => "compress",
            Self::Strip => "strip",
            Self::Prefix => "prefix",
        }
    }
}

/// What happens to the requests of a route, outermost first. Who may come in is decided before anything costs much: a
/// password takes the proxy some milliseconds, so that the rate is limited before it.
pub(super) fn steps(route: &Route, kind: Kind) -> Vec<Step> {
    let settings = &route.settings;
    let headers = !settings.request_headers.is_empty() || !settings.response_headers.is_empty();
    let (allow, rate) = match kind.behind {
        true => (Step::AllowBehind, Step::RateBehind),
        false => (Step::Allow, Step::Rate),
    };
    let all = [
        (headers || settings.hsts.is_some(), Step::Headers),
        (!settings.allow.is_empty(), allow),
        (settings.https_redirect && !kind.secure && is_trusted(route), Step::Https),
        (settings.redirect.is_some(), Step::Redirect),
        (settings.rate_limit.is_some(), rate),
        (!settings.logins.is_empty(), Step::Login),
        (settings.max_body_bytes.is_some() && !kind.reads, Step::Body),
        (settings.compress, Step::Compress),
    ];
    let mut steps: Vec<_> = all.into_iter().filter(|(wanted, _)| *wanted).map(|(_, step)| step).collect();
    steps.extend(path_steps(route));
    steps
}

/// Whether browsers trust what answers by HTTPS: the certificates of `.localhost` are signed by Berth itself.
fn is_trusted(route: &Route) -> bool {
    route.https.is_some() && !route.host.as_str().ends_with(".localhost")
}

/// What happens to the path alone.
pub(super) fn path_steps(route: &Route) -> Vec<Step> {
    let Some(seen) = &route.settings.forwarded_path else { return Vec::new() };
    let mut steps = Vec::new();
    if route.path != PathPrefix::root() {
        steps.push(Step::Strip);
    }
    if *seen != PathPrefix::root() {
        steps.push(Step::Prefix);
    }
    steps
}

/// The kinds of requests that need a router of their own, the ordinary one first.
pub(super) fn kinds(route: &Route, trusted: &[IpRange]) -> Vec<Kind> {
    let by_address = !route.settings.allow.is_empty() || route.settings.rate_limit.is_some();
    let behind = by_address && !trusted.is_empty();
    let reads = route.settings.max_body_bytes.is_some();
    let secure = route.https.is_some();
    let all =
        (0..8_u8).map(|bits| Kind { secure: bits & 4 != 0, behind: bits & 2 != 0, reads: bits & 1 != 0 });
    all.filter(|kind| (secure || !kind.secure) && (behind || !kind.behind) && (reads || !kind.reads))
        .collect()
}

/// Writes a step below the name that it got.
pub(super) fn write(file: &mut Document, name: &str, step: Step, route: &Route, trusted: &[IpRange]) {
    file.head(2, name);
    match step {
        Step::Headers => headers(file, route),
        Step::Allow | Step::AllowBehind => {
            file.line(3, "ipAllowList:");
            file.list(4, "sourceRange", route.settings.allow.iter().map(IpRange::as_str));
            if step == Step::AllowBehind {
                asks_behind(file, 4, trusted);
            }
        }
        Step::Https => {
            file.line(3, "redirectScheme:").entry(4, "scheme", "https").line(4, "permanent: true");
            if let Some(port) = route.https.filter(|port| *port != 443) {
                file.entry(4, "port", &port.to_string());
            }
        }
        Step::Redirect => redirect(file, route),
        Step::Rate | Step::RateBehind => rate(file, route, step == Step::RateBehind, trusted),
        Step::Login => {
            file.line(3, "basicAuth:").entry(4, "realm", route.host.as_str()).line(4, "removeHeader: true");
            match route.logins.is_empty() {
                // Traefik drops a router without users, and a hash that is none lets nobody in.
                true => file.list(4, "users", ["nobody:*"]),
                false => file.list(4, "users", route.logins.iter().map(String::as_str)),
            };
        }
        Step::Body => body(file, route.settings.max_body_bytes.unwrap_or_default()),
        Step::Compress => {
            file.line(3, "compress:");
            // Events have to come one by one.
            file.list(4, "excludedContentTypes", ["text/event-stream", "application/grpc"]);
        }
        Step::Strip => {
            file.line(3, "stripPrefix:").list(4, "prefixes", [route.path.as_str()]);
        }
        Step::Prefix => {
            let seen = route.settings.forwarded_path.as_ref().map(PathPrefix::as_str);
            file.line(3, "addPrefix:").entry(4, "prefix", seen.unwrap_or("/"));
        }
    }
}

/// The first address from the right that is not a trusted proxy's asks.
fn asks_behind(file: &mut Document, depth: usize, trusted: &[IpRange]) {
    file.line(depth, "ipStrategy:");
    file.list(depth + 1, "excludedIPs", trusted.iter().map(IpRange::as_str));
}

fn headers(file: &mut Document, route: &Route) {
    let settings = &route.settings;
    file.line(3, "headers:");
    if let Some(hsts) = &settings.hsts {
        file.line(4, &format!("stsSeconds: {}", hsts.max_age_s));
        file.line(4, &format!("stsIncludeSubdomains: {}", hsts.include_subdomains));
        file.line(4, &format!("stsPreload: {}", hsts.preload));
        // Also where TLS ends at a trusted proxy; what a visitor claims is taken away at the entry point.
        file.line(4, "sslProxyHeaders:").entry(5, "X-Forwarded-Proto", "https");
    }
    let set = |file: &mut Document, kind: &str, headers: &[Header]| {
        if !headers.is_empty() {
            file.line(4, &format!("{kind}:"));
            for header in headers {
                file.named(5, &header.name, &header.value);
            }
        }
    };
    set(file, "customRequestHeaders", &settings.request_headers);
    set(file, "customResponseHeaders", &settings.response_headers);
}

fn redirect(file: &mut Document, route: &Route) {
    let Some(redirect) = &route.settings.redirect else { return };
    // In the replacement `$` names a group.
    let to = redirect.to.replace('$', "$$");
    let (regex, replacement) = match redirect.keep_path {
        true => ("^https?://[^/?]+/?(.*)$", format!("{}/${{1}}", to.trim_end_matches('/'))),
        false => ("^.*$", to),
    };
    file.line(3, "redirectRegex:").entry(4, "regex", regex).entry(4, "replacement", &replacement);
    file.line(4, &format!("permanent: {}", redirect.permanent));
}

fn rate(file: &mut Document, route: &Route, behind: bool, trusted: &[IpRange]) {
    let Some(limit) = &route.settings.rate_limit else { return };
    file.line(3, "rateLimit:").line(4, &format!("average: {}", limit.average));
    file.entry(4, "period", &format!("{}s", limit.period_s)).line(4, &format!("burst: {}", limit.burst));
    if behind {
        file.line(4, "sourceCriterion:");
        asks_behind(file, 5, trusted);
    }
}

/// More than this is kept in the proxy's folder for such things, not in its memory.
const IN_MEMORY: u64 = 1 << 20;

fn body(file: &mut Document, most: u64) {
    file.line(3, "buffering:").line(4, &format!("maxRequestBodyBytes: {most}"));
    file.line(4, &format!("memRequestBodyBytes: {IN_MEMORY}"));
    file.line(4, &format!("memResponseBodyBytes: {IN_MEMORY}"));
}
