//! What a domain does with its requests before an instance gets them: everything that a person may set at a domain.

mod change;
mod checks;
mod range;

pub use change::{ChangeDomain, SetLogin};
pub use range::{CLOUDFLARE, IpRange, ranges};

use crate::domain_name::PathPrefix;
use crate::permission::text_enum;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The most users that a domain asks for a password.
pub const MOST_LOGINS: usize = 50;
/// The most bytes of a password: bcrypt reads no more.
pub const LONGEST_PASSWORD: usize = 72;
/// The most ranges that a domain lets in.
pub const MOST_RANGES: usize = 200;
/// The most headers of one kind.
pub const MOST_HEADERS: usize = 32;
/// The greatest body that a limit can allow, in bytes.
pub const GREATEST_BODY: u64 = 10 << 30;
/// The longest error page, in bytes.
pub const LONGEST_PAGE: usize = 65_536;

text_enum! {
    /// How the proxy speaks to the instances.
    Upstream {
        /// HTTP/1.1, with WebSockets; the default.
        Http = "http",
        /// HTTP/2 without TLS, as gRPC needs it.
        H2c = "h2c",
    }
}

/// Browsers are told to come by HTTPS only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hsts {
    /// For how many seconds they keep to it.
    pub max_age_s: u32,
    #[serde(default)]
    pub include_subdomains: bool,
    /// May be built into browsers: a year or more, with subdomains.
    #[serde(default)]
    pub preload: bool,
}

/// Every request is sent elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Redirect {
    /// The address, such as `https://www.example.com`.
    pub to: String,
    /// 301 or 308, which browsers remember; otherwise 302 or 307.
    #[serde(default)]
    pub permanent: bool,
    /// The path and the query of the request follow the address.
    #[serde(default = "yes")]
    pub keep_path: bool,
}

/// How many requests one address may make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateLimit {
    /// So many requests in a period, on average.
    pub average: u32,
    /// The period in seconds.
    #[serde(default = "one")]
    pub period_s: u32,
    /// So many at once.
    pub burst: u32,
}

/// A header that is set; one without a value is taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Header {
    pub name: String,
    #[serde(default)]
    pub value: String,
}

/// Everything that can be set at a domain. Effective at once, without a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct DomainSettings {
    /// Plain HTTP is sent to HTTPS, as soon as the domain has a certificate.
    pub https_redirect: bool,
    pub hsts: Option<Hsts>,
    pub redirect: Option<Redirect>,
    /// What the program sees in place of the domain's path: `/` takes it away; the path as it comes when absent.
    pub forwarded_path: Option<PathPrefix>,
    /// The users who may come in with their password; everybody when there are none.
    pub logins: Vec<String>,
    /// The addresses that may come in; all when there are none.
    pub allow: Vec<IpRange>,
    pub rate_limit: Option<RateLimit>,
    /// The greatest body of a request other than GET and HEAD, in bytes. Such requests and their answers are held until
    /// they are complete.
    pub max_body_bytes: Option<u64>,
    /// Answers are compressed for those who read that.
    pub compress: bool,
    /// What the program gets.
    pub request_headers: Vec<Header>,
    /// What visitors get.
    pub response_headers: Vec<Header>,
    /// A visitor stays with one instance, by a cookie.
    pub sticky: bool,
    pub upstream: Upstream,
    /// HTML that visitors read instead of Berth's words when nobody answers, and during maintenance.
    pub page: Option<String>,
}

impl Default for DomainSettings {
    fn default() -> Self {
        Self {
            https_redirect: true,
            hsts: None,
            redirect: None,
            forwarded_path: None,
            logins: Vec::new(),
            allow: Vec::new(),
            rate_limit: None,
            max_body_bytes: None,
            compress: false,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            sticky: false,
            upstream: Upstream::Http,
            page: None,
        }
    }
}

impl DomainSettings {
    /// What differs between two settings, in the words of the panel.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let all = [
            (self.https_redirect != other.https_redirect, "redirect to HTTPS"),
            (self.hsts != other.hsts, "HSTS"),
            (self.redirect != other.redirect, "redirect"),
            (self.forwarded_path != other.forwarded_path, "path"),
            (self.logins != other.logins, "users"),
            (self.allow != other.allow, "allowed addresses"),
            (self.rate_limit != other.rate_limit, "rate limit"),
            (self.max_body_bytes != other.max_body_bytes, "greatest body"),
            (self.compress != other.compress, "compression"),
            (self.request_headers != other.request_headers, "request headers"),
            (self.response_headers != other.response_headers, "response headers"),
            (self.sticky != other.sticky, "sticky sessions"),
            (self.upstream != other.upstream, "upstream"),
            (self.page != other.page, "page"),
        ];
        all.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what).collect()
    }
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}
