//! The panel's own cookies, and the little of URL encoding that they need.

use axum::http::{HeaderMap, HeaderValue, header};

/// The theme that was chosen.
pub const THEME: &str = "berth_theme";
/// A form's problem on its way to the page that shows it.
pub const PROBLEM: &str = "berth_problem";
/// A value that is shown once.
pub const ONCE: &str = "berth_once";

/// The value of a cookie of the request.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Takes a cookie back.
pub fn ended(name: &'static str) -> HeaderValue {
    let text = match name {
        PROBLEM => "berth_problem=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
        _ => "berth_once=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
    };
    HeaderValue::from_static(text)
}

/// The first value of a key in a query string.
pub fn query_value(query: &str, key: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(k, _)| *k == key)
        .map(|(_, value)| decode(value))
}

/// Percent-encodes everything that could mean something in a query.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits: Option<String> =
                    bytes.next().zip(bytes.next()).map(|(a, b)| [a as char, b as char].iter().collect());
                out.extend(digits.and_then(|digits| u8::from_str_radix(&digits, 16).ok()));
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        let path = "/projects?search=a b&x=\u{e9}%";
        assert_eq!(query_value(&format!("x=1&next={}", encode(path)), "next").as_deref(), Some(path));
    }

    #[test]
    fn only_paths_of_the_panel_are_followed_after_signing_in() {
        for bad in ["//evil.example", "https://evil.example", "/\\evil", "", "/panel/sign-out", "/a\nb"] {
            assert_eq!(crate::ssr::local_path(bad), "/projects", "{bad:?}");
        }
        assert_eq!(crate::ssr::local_path("/projects/shop?x=1"), "/projects/shop?x=1");
    }
}
