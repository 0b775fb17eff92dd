//! Which settings are acceptable.

use super::{
    ChangeDomain, DomainSettings, GREATEST_BODY, Header, Hsts, LONGEST_PAGE, LONGEST_PASSWORD, MOST_HEADERS,
    MOST_LOGINS, MOST_RANGES, RateLimit, Redirect, Upstream,
};
use crate::domain_name::{HostName, PathPrefix};
use std::collections::BTreeSet;

/// A field and why it is not acceptable.
type Wrong = (&'static str, String);

/// Ten years.
const LONGEST_HSTS: u32 = 315_360_000;
/// What the lists of browsers ask for.
const PRELOAD: u32 = 31_536_000;

/// These belong to the connection, or Berth and the proxy speak by them.
const NOT_TO_BE_SET: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "content-length",
];

impl DomainSettings {
    /// The first field that is not acceptable at a domain, and why.
    pub fn check(&self, host: &HostName, path: &PathPrefix) -> Result<(), Wrong> {
        self.hsts.as_ref().map_or(Ok(()), Hsts::check)?;
        if let Some(redirect) = &self.redirect {
            redirect.check(host, path)?;
        }
        self.check_access()?;
        self.rate_limit.as_ref().map_or(Ok(()), RateLimit::check)?;
        if self.max_body_bytes.is_some_and(|most| !(1..=GREATEST_BODY).contains(&most)) {
            return Err(("max_body_bytes", "The greatest body is from 1 byte to 10 GiB.".into()));
        }
        if self.max_body_bytes.is_some() && self.upstream == Upstream::H2c {
            let why =
                "A limit holds bodies back until they are complete, which the streams of HTTP/2 cannot have.";
            return Err(("max_body_bytes", why.into()));
        }
        check_headers("request_headers", &self.request_headers)?;
        check_headers("response_headers", &self.response_headers)?;
        if let Some(forwarded) = self.request_headers.iter().find(|header| is_forwarded(&header.name)) {
            let why = format!("{} says who asks; the proxy sets it.", forwarded.name);
            return Err(("request_headers", why));
        }
        match &self.page {
            Some(page) if page.trim().is_empty() => Err(("page", "The page is empty; leave it out.".into())),
            Some(page) if page.len() > LONGEST_PAGE => {
                Err(("page", format!("The page has at most {} KiB.", LONGEST_PAGE >> 10)))
            }
            _ => Ok(()),
        }
    }

    fn check_access(&self) -> Result<(), Wrong> {
        if self.logins.len() > MOST_LOGINS {
            return Err(("logins", format!("At most {MOST_LOGINS} users.")));
        }
        let mut seen = BTreeSet::new();
        for name in &self.logins {
            if name.is_empty() || name.len() > 100 || name.chars().any(|c| c.is_control() || c == ':') {
                let why = format!("{name:?} is no user name: 1 to 100 characters without a colon.");
                return Err(("logins", why));
            }
            if !seen.insert(name) {
                return Err(("logins", format!("{name} is there twice.")));
            }
        }
        if self.allow.len() > MOST_RANGES {
            return Err(("allow", format!("At most {MOST_RANGES} addresses and networks.")));
        }
        Ok(())
    }
}

impl ChangeDomain {
    /// The first field that is not acceptable by itself, and why.
    pub fn check(&self) -> Result<(), Wrong> {
        if self.port == Some(Some(0)) {
            return Err(("port", "A port is a number from 1 to 65535.".into()));
        }
        for login in self.logins.iter().flatten() {
            let Some(password) = &login.password else { continue };
            if password.is_empty() || password.len() > LONGEST_PASSWORD || password.contains('\0') {
                let why = format!("The password of {} has 1 to {LONGEST_PASSWORD} bytes.", login.name);
                return Err(("logins", why));
            }
        }
        Ok(())
    }
}

impl Hsts {
    fn check(&self) -> Result<(), Wrong> {
        if !(1..=LONGEST_HSTS).contains(&self.max_age_s) {
            return Err(("hsts.max_age_s", "From one second to ten years.".into()));
        }
        if self.preload && (!self.include_subdomains || self.max_age_s < PRELOAD) {
            let why = "Browsers only build in what holds for a year or more, with all subdomains.";
            return Err(("hsts.preload", why.into()));
        }
        Ok(())
    }
}

impl Redirect {
    fn check(&self, host: &HostName, path: &PathPrefix) -> Result<(), Wrong> {
        let field = "redirect.to";
        let wrong = || (field, "Write an address such as https://www.example.com.".to_owned());
        let rest = self.to.strip_prefix("https://").or_else(|| self.to.strip_prefix("http://"));
        let rest = rest.ok_or_else(wrong)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (authority, None),
        };
        let to: HostName = name.parse().map_err(|_| wrong())?;
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(wrong());
        }
        let safe = |c: char| {
            c.is_ascii_graphic() && !matches!(c, '{' | '}' | '"' | '\\' | '<' | '>' | '`' | '^' | '|')
        };
        if self.to.len() > 2_000 || !target.chars().all(safe) {
            return Err((field, "Blanks, braces, quotes and what is not ASCII have to be escaped.".into()));
        }
        if self.keep_path && target.contains(['?', '#']) {
            return Err((field, "The path of the request follows it, so that it ends with a path.".into()));
        }
        let below = target.is_empty() || *path == PathPrefix::root() || target.starts_with(path.as_str());
        if to == *host && port.is_none() && below {
            return Err((field, "That leads back here, for ever.".into()));
        }
        Ok(())
    }
}

impl RateLimit {
    fn check(&self) -> Result<(), Wrong> {
        let number = 1..=1_000_000;
        if !number.contains(&self.average) {
            return Err(("rate_limit.average", "From 1 to 1000000 requests.".into()));
        }
        if !(1..=3_600).contains(&self.period_s) {
            return Err(("rate_limit.period_s", "From a second to an hour.".into()));
        }
        if !number.contains(&self.burst) {
            return Err(("rate_limit.burst", "From 1 to 1000000 requests at once.".into()));
        }
        Ok(())
    }
}

fn check_headers(field: &'static str, headers: &[Header]) -> Result<(), Wrong> {
    if headers.len() > MOST_HEADERS {
        return Err((field, format!("At most {MOST_HEADERS} headers.")));
    }
    let mut seen = BTreeSet::new();
    for Header { name, value } in headers {
        let lower = name.to_ascii_lowercase();
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_|~".contains(c);
        if name.is_empty() || name.len() > 100 || !name.chars().all(token) {
            return Err((field, format!("{name:?} is no name of a header such as X-Frame-Options.")));
        }
        if NOT_TO_BE_SET.contains(&lower.as_str()) || lower.starts_with("x-berth-") {
            return Err((field, format!("{name} is set by the proxy and cannot be changed.")));
        }
        if value.len() > 4_096 || value.chars().any(|c| c.is_control() && c != '\t') {
            return Err((field, format!("The value of {name} is one line of at most 4096 bytes.")));
        }
        if !seen.insert(lower) {
            return Err((field, format!("{name} is there twice.")));
        }
    }
    Ok(())
}

fn is_forwarded(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(settings: &DomainSettings) -> Option<&'static str> {
        let (host, path) = ("shop.example.com".parse().unwrap(), "/api".parse().unwrap());
        settings.check(&host, &path).err().map(|(field, _)| field)
    }

    fn redirect(to: &str) -> DomainSettings {
        let redirect = Redirect { to: to.into(), permanent: true, keep_path: true };
        DomainSettings { redirect: Some(redirect), ..DomainSettings::default() }
    }

    fn header(name: &str, value: &str) -> DomainSettings {
        let header = Header { name: name.into(), value: value.into() };
        DomainSettings { request_headers: vec![header], ..DomainSettings::default() }
    }

    #[test]
    fn the_defaults_are_acceptable() {
        assert_eq!(at(&DomainSettings::default()), None);
    }

    #[test]
    fn a_redirect_leads_to_an_address_elsewhere() {
        for good in ["https://www.example.com", "http://a.b:8080/x/", "https://shop.example.com/other"] {
            assert_eq!(at(&redirect(good)), None, "{good}");
        }
        for bad in [
            "",
            "www.example.com",
            "https://",
            "https://a b",
            "https://a/{{x}}",
            "javascript:alert(1)",
            "https://a:0",
            "https://shop.example.com",
            "http://shop.example.com/api/x",
            "https://a/?q=1",
            "https://a/\n",
            "https://u:p@a/",
        ] {
            assert_eq!(at(&redirect(bad)), Some("redirect.to"), "{bad}");
        }
    }

    #[test]
    fn headers_are_lines_that_are_nobody_elses() {
        for (name, value) in
            [("X-Frame-Options", "DENY"), ("X-A", "{{ env }}"), ("X-Gone", ""), ("Host", "b")]
        {
            assert_eq!(at(&header(name, value)), None, "{name}");
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("X-Berth-For", "x"),
            ("connection", "close"),
            ("X-A", "a\r\nb: c"),
            ("X-Forwarded-For", "1.1.1.1"),
            ("x:y", "z"),
            ("{{x}}", "y"),
            ("`", "y"),
        ] {
            assert_eq!(at(&header(name, value)), Some("request_headers"), "{name}: {value}");
        }
    }

    #[test]
    fn numbers_have_their_limits() {
        let limit = |average, period_s, burst| DomainSettings {
            rate_limit: Some(RateLimit { average, period_s, burst }),
            ..DomainSettings::default()
        };
        assert_eq!(at(&limit(1, 1, 1)), None);
        assert_eq!(at(&limit(0, 1, 1)), Some("rate_limit.average"));
        assert_eq!(at(&limit(1, 0, 1)), Some("rate_limit.period_s"));
        assert_eq!(at(&limit(1, 1, 0)), Some("rate_limit.burst"));
        let body = |most, upstream| DomainSettings {
            max_body_bytes: Some(most),
            upstream,
            ..DomainSettings::default()
        };
        assert_eq!(at(&body(1, Upstream::Http)), None);
        assert_eq!(at(&body(0, Upstream::Http)), Some("max_body_bytes"));
        assert_eq!(at(&body(1, Upstream::H2c)), Some("max_body_bytes"));
    }
}
