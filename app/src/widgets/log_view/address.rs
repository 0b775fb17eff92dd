//! Addresses: a log's stream and download, and the address of a line.

use berth_domain::{log::LogQuery, service::ServicePath};

/// The REST address of a service.
pub fn service_api(path: &ServicePath) -> String {
    format!("/api/v1/projects/{}/environments/{}/services/{}", path.project, path.environment, path.service)
}

/// An address with the filter of a query.
pub fn with_query(base: &str, query: &LogQuery) -> String {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let pairs = [
        ("after", query.after.map(|cursor| cursor.to_string())),
        ("before", query.before.map(|cursor| cursor.to_string())),
        ("search", query.search.clone()),
        ("since", query.since.map(moment)),
        ("until", query.until.map(moment)),
        ("stream", query.stream.map(|stream| stream.to_string())),
        ("origin", query.origin.clone()),
    ];
    let mut address = base.to_owned();
    let mut joint = '?';
    for (key, value) in pairs.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        address.push(joint);
        address.push_str(key);
        address.push('=');
        address.push_str(&encoded(&value));
        joint = '&';
    }
    address
}

/// Percent-encodes everything that is not unreserved (RFC 3986).
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Makes the page's address lead to a line, without a new entry in the history.
pub fn point_at(cursor: u64) {
    let window = leptos::prelude::window();
    let search = window.location().search().unwrap_or_default();
    let kept =
        search.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("at="));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.push(format!("at={cursor}"));
    let address = format!("?{}", pairs.join("&"));
    if let Ok(history) = window.history() {
        // Fails only for another origin, which "?..." never is.
        let _ = history.replace_state_with_url(&history.state().unwrap_or_default(), "", Some(&address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_becomes_a_query() {
        let query = LogQuery { after: Some(7), search: Some("a&b=ü".into()), ..LogQuery::default() };
        assert_eq!(with_query("/x", &query), "/x?after=7&search=a%26b%3D%C3%BC");
        assert_eq!(with_query("/x", &LogQuery::default()), "/x");
    }
}
