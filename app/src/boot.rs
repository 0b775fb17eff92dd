//! What the server tells the browser beside the page: who is signed in, the theme, the clock, a problem to show.
//!
//! Both sides render from the same values, so that hydration finds the page it expects.

use berth_domain::{Timestamp, permission::Role};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The one who looks at the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Viewer {
    pub email: String,
    pub role: Role,
}

/// Light, dark, or as the system has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The word in the cookie and in `data-theme`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the cookie's word; anything else is the system's choice.
    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// A form's problem that has to survive a redirect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormProblem {
    /// The path of the server function that refused.
    pub path: String,
    /// The encoded error.
    pub error: String,
}

/// A value that is shown exactly once, on the page after the form that made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Once {
    /// What it is: `token`, `webhook-secret`.
    pub kind: String,
    pub value: String,
}

/// The values that both sides render from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    pub now: Timestamp,
    pub viewer: Option<Viewer>,
    pub theme: Theme,
    pub problem: Option<FormProblem>,
    pub once: Option<Once>,
    /// The page stays as the server rendered it.
    pub still: bool,
}

/// Whether the page at a path stays as the server rendered it: the browser's part does not have it, which keeps what a
/// first visit transfers small. These are looked at now and then, and every form on them is an ordinary POST.
pub fn is_still(path: &str) -> bool {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    matches!(
        parts[..],
        // The gallery is only in builds for people who work on Berth.
        ["components" | "certificates" | "registries" | "account" | "setup" | "sign-in"]
            | ["git-hosts", ..]
            | ["projects", _, "settings"]
            | ["projects", _, _, "new"]
            | ["projects", _, _, _, "previews" | "proxy" | "settings"]
            | ["projects", _, _, _, "domains" | "rollback", _]
    )
}

impl Boot {
    /// What the server handed over with this page.
    pub fn current() -> Self {
        use_context::<Self>().unwrap_or(Self {
            now: Timestamp::UNIX_EPOCH,
            viewer: None,
            theme: Theme::System,
            problem: None,
            once: None,
            still: false,
        })
    }

    /// The value shown once, if there is one of this kind.
    pub fn once(kind: &str) -> Option<String> {
        Self::current().once.filter(|once| once.kind == kind).map(|once| once.value)
    }

    /// Reads what the server wrote into the page.
    #[cfg(feature = "hydrate")]
    pub fn from_document() -> Option<Self> {
        let text = document().get_element_by_id("berth-boot")?.text_content()?;
        serde_json::from_str(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::is_still;

    #[test]
    fn what_is_looked_at_now_and_then_stays_as_it_came() {
        for path in [
            "/sign-in",
            "/account",
            "/projects/a/settings",
            "/git-hosts/1/repository",
            "/projects/a/b/c/proxy",
            "/projects/a/b/c/domains/1",
        ] {
            assert!(is_still(path), "{path}");
        }
        for path in [
            "/",
            "/projects",
            "/projects/a/b/settings",
            "/projects/a/b/c/domains",
            "/projects/proxy/b/c/logs",
        ] {
            assert!(!is_still(path), "{path}");
        }
    }
}
