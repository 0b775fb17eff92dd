//! What visitors read when nobody answers: plain words, and nothing that is not theirs to know.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use berth_engine::waiting::Closed;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// How a page without a program looks.
const STYLE: &str = include_str!("page.css");

/// Only its own style; nothing is loaded, sent or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// In what form a visitor reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Html,
    Json,
    Text,
}

impl Form {
    /// A browser asks for HTML and a program for JSON; whoever takes anything gets plain text.
    pub fn of(headers: &HeaderMap) -> Self {
        let accepts = |what: &str| {
            let all = headers.get_all(header::ACCEPT).iter();
            all.filter_map(|accept| accept.to_str().ok()).any(|accept| accept.contains(what))
        };
        match () {
            () if accepts("text/html") => Self::Html,
            () if accepts("json") => Self::Json,
            () => Self::Text,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// What is said about a reason.
struct Words<'a> {
    status: StatusCode,
    title: &'static str,
    detail: &'a str,
    /// When it is worth to ask again, in seconds.
    retry_after: Option<u32>,
}

/// The reason in one word, for programs and for the log.
pub fn word(closed: &Closed) -> &'static str {
    match closed {
        Closed::NoSuchDomain => "no_such_domain",
        Closed::NoCertificate => "no_certificate",
        Closed::NeverDeployed => "never_deployed",
        Closed::Unrouted => "unrouted",
        Closed::Starting => "starting",
        Closed::Stopped => "stopped",
        Closed::Down => "down",
        Closed::WrongPort => "wrong_port",
        Closed::Maintenance { .. } => "maintenance",
        Closed::Busy => "busy",
    }
}

fn words(closed: &Closed) -> Words<'_> {
    let missing = |title, detail| Words { status: StatusCode::NOT_FOUND, title, detail, retry_after: None };
    let later = |seconds, title, detail| Words {
        status: StatusCode::SERVICE_UNAVAILABLE,
        title,
        detail,
        retry_after: Some(seconds),
    };
    match closed {
        Closed::NoSuchDomain => {
            missing("Nothing is here", "No service answers at this address. See whether it is spelled right.")
        }
        Closed::NoCertificate => later(
            60,
            "No certificate yet",
            "This address has no certificate yet, so that nobody can vouch for it. Its people can see why.",
        ),
        Closed::Unrouted => missing("Nothing to see here", "What runs here answers no requests."),
        Closed::NeverDeployed => {
            later(60, "Not here yet", "This service was never started. Its people have yet to deploy it.")
        }
        Closed::Starting => {
            later(5, "Starting", "This service is about to start. Please try again in a moment.")
        }
        Closed::Stopped => later(300, "Stopped", "This service was stopped on purpose."),
        Closed::Down => {
            later(30, "Not running", "This service should run and does not. Its people can see why.")
        }
        Closed::WrongPort => later(
            30,
            "Nobody listens",
            "This service runs, but not on the port that requests for this address go to. Its people can set it right.",
        ),
        Closed::Maintenance { message } => {
            let own = "This service is being worked on. Please come back a little later.";
            later(120, "Maintenance", message.as_deref().unwrap_or(own))
        }
        Closed::Busy => later(
            5,
            "Too many are waiting",
            "This service could not take the request for now. Please try again in a moment.",
        ),
    }
}

/// An answer to a visitor.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    status: StatusCode,
    form: Form,
    retry_after: Option<u32>,
    id: String,
    body: String,
    /// The domain's people wrote it: what it loads is theirs to say.
    own: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    status: u16,
    kind: &'static str,
    title: &'static str,
    detail: &'a str,
    request_id: &'a str,
    time: DateTime<Utc>,
}

impl Page {
    /// The page for a reason.
    pub fn of(closed: &Closed, form: Form, id: &str, at: DateTime<Utc>) -> Self {
        let words = words(closed);
        let body = match form {
            Form::Html => html(&words, id, at),
            Form::Text => format!("{}\n\n{}\n\n{}\n", words.title, words.detail, signature(id, at)),
            Form::Json => json(&words, word(closed), id, at),
        };
        Self {
            status: words.status,
            form,
            retry_after: words.retry_after,
            id: id.to_owned(),
            body,
            own: false,
        }
    }

    /// The same with what the domain's people wrote, when they did.
    pub fn with_own(self, html: Option<String>) -> Self {
        match html {
            Some(body) => Self { body, own: true, ..self },
            None => self,
        }
    }
}

fn signature(id: &str, at: DateTime<Utc>) -> String {
    format!("{}, request {id}", at.format("%Y-%m-%d %H:%M:%S UTC"))
}

fn json(words: &Words<'_>, kind: &'static str, request_id: &str, time: DateTime<Utc>) -> String {
    let Words { status, title, detail, .. } = *words;
    let told = Told { status: status.as_u16(), kind, title, detail, request_id, time };
    // Text and numbers only, so this cannot fail.
    serde_json::to_string(&told).unwrap_or_default()
}

fn html(words: &Words<'_>, id: &str, at: DateTime<Utc>) -> String {
    let (title, detail, signature) = (words.title, escaped(words.detail), signature(id, at));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>\n<footer>{signature}</footer>\n</main>\n</body>\n</html>\n"
    )
}

/// A text inside an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.form.content_type()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if !self.own {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert("x-request-id", id);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Closed; 10] {
        [
            Closed::NoSuchDomain,
            Closed::NoCertificate,
            Closed::NeverDeployed,
            Closed::Unrouted,
            Closed::Starting,
            Closed::Stopped,
            Closed::Down,
            Closed::WrongPort,
            Closed::Maintenance { message: None },
            Closed::Busy,
        ]
    }

    fn page(closed: &Closed, form: Form) -> Page {
        Page::of(closed, form, "id-1", DateTime::from_timestamp(1_800_000_000, 0).expect("a time"))
    }

    #[test]
    fn r_trf_4_every_reason_has_its_own_words_time_and_id() {
        let mut seen = std::collections::BTreeSet::new();
        for closed in all() {
            let page = page(&closed, Form::Text);
            assert!(page.body.ends_with("2027-01-15 08:00:00 UTC, request id-1\n"), "{}", page.body);
            assert_eq!(page.status == 503, page.retry_after.is_some(), "{closed:?}");
            assert!(seen.insert(page.body) && seen.insert(word(&closed).to_owned()), "{closed:?}");
        }
    }

    #[test]
    fn a_message_is_text_in_every_form() {
        let message = "Back at <b>nine</b> & a \"half\".\nSorry!";
        let closed = Closed::Maintenance { message: Some(message.into()) };
        let html = page(&closed, Form::Html).body;
        assert!(html.contains("Back at &lt;b&gt;nine&lt;/b&gt; &amp; a \"half\".\nSorry!"), "{html}");
        let json: serde_json::Value = serde_json::from_str(&page(&closed, Form::Json).body).expect("JSON");
        assert_eq!((json["kind"].as_str(), json["detail"].as_str()), (Some("maintenance"), Some(message)));
        assert!(page(&closed, Form::Text).body.contains(message));
    }

    #[test]
    fn the_form_is_what_the_visitor_reads() {
        let form = |accept: &'static str| {
            let accept = HeaderValue::from_static(accept);
            Form::of(&[(header::ACCEPT, accept)].into_iter().collect())
        };
        assert_eq!(form("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Form::Html);
        assert_eq!(form("application/problem+json"), Form::Json);
        assert_eq!(form("*/*"), Form::Text);
        assert_eq!(Form::of(&HeaderMap::new()), Form::Text);
    }

    #[test]
    fn a_page_of_their_own_is_told_as_it_is() {
        let own = page(&Closed::Busy, Form::Html).with_own(Some("<b>{{ x }}</b>".into()));
        assert_eq!((own.body.as_str(), own.status.as_u16()), ("<b>{{ x }}</b>", 503));
        let response = own.into_response();
        assert!(!response.headers().contains_key("content-security-policy"));
        assert_eq!(page(&Closed::Busy, Form::Html).with_own(None), page(&Closed::Busy, Form::Html));
    }

    #[test]
    fn nobody_keeps_the_page() {
        let response = page(&Closed::Busy, Form::Html).into_response();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!((header("cache-control"), header("retry-after")), (Some("no-store"), Some("5")));
        assert_eq!(header("content-type"), Some("text/html; charset=utf-8"));
    }
}
