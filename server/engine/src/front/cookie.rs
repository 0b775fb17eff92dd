//! The session's cookie.

use super::{NewSession, Origin};
use crate::Engine;

/// Its names. The first is for HTTPS to the panel's own host: browsers keep one that begins so from being set by anything
/// else, and the other one works beside it at the panel's port, where that cookie could not be replaced.
pub const COOKIES: [&str; 2] = ["__Host-berth_session", "berth_session"];

impl Engine {
    /// The `Set-Cookie` of a fresh session, or of none to remove it.
    pub fn session_cookie(&self, session: Option<&NewSession>, origin: &Origin) -> String {
        text(session, origin.is_secure, self.config().public_url.starts_with("https://"))
    }
}

fn text(session: Option<&NewSession>, own_host: bool, by_https: bool) -> String {
    let (value, max_age) = session.map_or(("", 0), |session| (session.cookie.as_str(), session.max_age));
    let name = if own_host { COOKIES[0] } else { COOKIES[1] };
    let secure = if own_host || by_https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_kept_from_scripts_and_other_sites() {
        let session = NewSession { cookie: "v".into(), max_age: 60 };
        let all = "=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax";
        assert_eq!(text(Some(&session), false, false), format!("berth_session{all}"));
        assert_eq!(text(Some(&session), false, true), format!("berth_session{all}; Secure"));
        assert_eq!(text(Some(&session), true, false), format!("__Host-berth_session{all}; Secure"));
        assert!(text(None, true, false).contains("Max-Age=0"));
    }
}
