//! How Berth asks an instance whether it is well.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The most request headers of a probe.
const HEADERS: usize = 20;

/// How Berth asks an instance whether it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ProbeKind {
    /// A TCP connection to the port is enough.
    Tcp,
    /// A GET of this path answers with a status in the range (200 to 399 unless told).
    Http {
        path: String,
        #[serde(default = "default_status_from")]
        status_from: u16,
        #[serde(default = "default_status_to")]
        status_to: u16,
        /// Sent with the request. Everybody who sees the service sees them: no place for a secret.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// What the first 64 KiB of the answer must contain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body_contains: Option<String>,
    },
    /// The gRPC health checking protocol, over HTTP/2 without TLS.
    Grpc {
        /// The service that is asked about; the whole server when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
}

fn default_status_from() -> u16 {
    200
}

fn default_status_to() -> u16 {
    399
}

impl ProbeKind {
    /// A GET of this path, with nothing else said.
    pub fn http(path: impl Into<String>) -> Self {
        Self::Http {
            path: path.into(),
            status_from: default_status_from(),
            status_to: default_status_to(),
            headers: BTreeMap::new(),
            body_contains: None,
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self::Tcp => Ok(()),
            Self::Http { path, status_from, status_to, headers, body_contains } => {
                check_path(path)?;
                if !(100..=599).contains(status_from) || !(*status_from..=599).contains(status_to) {
                    return Err(("probe_status", "A status is from 100 to 599.".into()));
                }
                check_headers(headers)?;
                match body_contains {
                    Some(text) if text.is_empty() || text.len() > 1_000 => {
                        Err(("probe_body", "The text in the answer has from 1 to 1000 bytes.".into()))
                    }
                    _ => Ok(()),
                }
            }
            Self::Grpc { service } => match service {
                Some(name) if name.is_empty() || name.len() > 200 || !name.chars().all(is_visible) => {
                    Err(("probe_service", "The name of a gRPC service is such as shop.v1.Orders.".into()))
                }
                _ => Ok(()),
            },
        }
    }
}

/// As a line of a comparison.
impl fmt::Display for ProbeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("TCP"),
            Self::Http { path, status_from, status_to, headers, body_contains } => {
                write!(f, "GET {path}, status {status_from} to {status_to}")?;
                for (name, value) in headers {
                    write!(f, ", with {name}: {value}")?;
                }
                match body_contains {
                    Some(text) => write!(f, ", containing {text:?}"),
                    None => Ok(()),
                }
            }
            Self::Grpc { service: None } => f.write_str("gRPC"),
            Self::Grpc { service: Some(name) } => write!(f, "gRPC, service {name}"),
        }
    }
}

fn is_visible(c: char) -> bool {
    c.is_ascii_graphic()
}

fn check_path(path: &str) -> Result<(), (&'static str, String)> {
    let safe = |c: char| is_visible(c) && c != '"' && c != '<' && c != '>';
    match path.starts_with('/') && path.chars().all(safe) {
        true => Ok(()),
        false => Err(("probe_path", "The path of a probe starts with a slash and has no spaces.".into())),
    }
}

fn check_headers(headers: &BTreeMap<String, String>) -> Result<(), (&'static str, String)> {
    if headers.len() > HEADERS {
        return Err(("probe_headers", format!("A probe sends {HEADERS} headers at the most.")));
    }
    // The characters of a token in RFC 9110.
    let in_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    for (name, value) in headers {
        if name.is_empty() || name.len() > 100 || !name.chars().all(in_name) {
            return Err(("probe_headers", format!("{name:?} is no name of a header.")));
        }
        if value.len() > 1_000 || !value.chars().all(|c| is_visible(c) || c == ' ') {
            return Err(("probe_headers", format!("The value of {name} is one line of ASCII.")));
        }
        // The connection's own headers would change what is asked, or how its answer is read.
        let own = ["connection", "content-length", "transfer-encoding", "upgrade"];
        if own.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(("probe_headers", format!("{name} is up to Berth.")));
        }
    }
    Ok(())
}

/// When and how often an instance is probed; all times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ProbeSettings {
    pub kind: ProbeKind,
    /// How long an instance may take until it first answers.
    pub start_period_ms: u32,
    /// The time between two probes.
    pub interval_ms: u32,
    /// How long one probe may take.
    pub timeout_ms: u32,
    /// How many answers in a row make it ready.
    pub threshold: u8,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            kind: ProbeKind::Tcp,
            start_period_ms: 60_000,
            interval_ms: 100,
            timeout_ms: 2_000,
            threshold: 2,
        }
    }
}

impl ProbeSettings {
    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        self.kind.check()?;
        if !(10..=60_000).contains(&self.interval_ms) || !(10..=60_000).contains(&self.timeout_ms) {
            return Err(("probe_interval", "Interval and time-out are from 10 ms to a minute.".into()));
        }
        if !(1..=20).contains(&self.threshold) {
            return Err(("probe_threshold", "The threshold is from 1 to 20 answers.".into()));
        }
        if !(100..=3_600_000).contains(&self.start_period_ms) {
            return Err(("probe_start_period", "The start period is from 100 ms to an hour.".into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: ProbeKind) -> Option<&'static str> {
        ProbeSettings { kind, ..ProbeSettings::default() }.check().err().map(|(field, _)| field)
    }

    fn with_header(name: &str, value: &str) -> ProbeKind {
        let ProbeKind::Http { path, status_from, status_to, body_contains, .. } = ProbeKind::http("/") else {
            unreachable!()
        };
        let headers = [(name.to_owned(), value.to_owned())].into();
        ProbeKind::Http { path, status_from, status_to, headers, body_contains }
    }

    #[test]
    fn what_was_saved_before_headers_were_there_is_read() {
        let read: ProbeKind = serde_json::from_str(r#"{"type":"http","path":"/up"}"#).unwrap();
        assert_eq!(read, ProbeKind::http("/up"));
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(written, r#"{"type":"http","path":"/up","status_from":200,"status_to":399}"#);
        let grpc: ProbeKind = serde_json::from_str(r#"{"type":"grpc"}"#).unwrap();
        assert_eq!(grpc, ProbeKind::Grpc { service: None });
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        assert_eq!(field(ProbeKind::http("up")), Some("probe_path"));
        assert_eq!(field(with_header("X-Who", "berth probe")), None);
        for (name, value) in [("X Who", "a"), ("", "a"), ("X-Who", "a\r\nb: c"), ("Content-Length", "1")] {
            assert_eq!(field(with_header(name, value)), Some("probe_headers"), "{name}: {value:?}");
        }
        assert_eq!(field(ProbeKind::Grpc { service: Some("shop.v1.Orders".into()) }), None);
        assert_eq!(field(ProbeKind::Grpc { service: Some("a b".into()) }), Some("probe_service"));
    }

    #[test]
    fn a_comparison_shows_everything_that_is_asked() {
        let shown = with_header("X-Who", "berth").to_string();
        assert_eq!(shown, "GET /, status 200 to 399, with X-Who: berth");
        assert_eq!(ProbeKind::Grpc { service: None }.to_string(), "gRPC");
    }
}
