//! Names of projects, environments and services: short, lower case, safe in a URL, a host name and a container name.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest name, so that `service-environment-project` still fits a DNS label's neighbourhood.
pub const MAX_LENGTH: usize = 40;

/// A checked name: `a-z`, `0-9` and inner hyphens, at most [`MAX_LENGTH`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("A name is required.")]
    Empty,
    #[error("A name has at most {MAX_LENGTH} characters; this one has {0}.")]
    TooLong(usize),
    #[error("A name has lower-case letters, digits and hyphens only; {0:?} is not one of them.")]
    Character(char),
    #[error("A name starts and ends with a letter or a digit, not with a hyphen.")]
    Hyphen,
    #[error("\u{201c}{0}\u{201d} is reserved.")]
    Reserved(String),
}

/// Words that are pages of the panel below a project or an environment.
const RESERVED: [&str; 3] = ["new", "settings", "environments"];

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest name to a free text, as a suggestion in a form; `None` when nothing is left of it.
    pub fn suggest(text: &str) -> Option<Self> {
        let mut out = String::new();
        for character in text.chars().flat_map(char::to_lowercase) {
            match character {
                'a'..='z' | '0'..='9' => out.push(character),
                _ if !out.ends_with('-') && !out.is_empty() => out.push('-'),
                _ => {}
            }
        }
        out.truncate(MAX_LENGTH);
        out.trim_matches('-').parse().ok()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let length = text.chars().count();
        if length == 0 {
            return Err(NameError::Empty);
        }
        if length > MAX_LENGTH {
            return Err(NameError::TooLong(length));
        }
        if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            return Err(NameError::Character(bad));
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(NameError::Hyphen);
        }
        if RESERVED.contains(&text) {
            return Err(NameError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_host_name_allows() {
        for good in ["a", "web", "my-app-2", "0day"] {
            assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a b", "ä", "a;b", "../x", "$(x)", "new", "a\n"] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(41).parse::<Name>().is_err());
    }

    #[test]
    fn a_suggestion_is_always_a_name() {
        assert_eq!(Name::suggest("My Shop!  2").unwrap().as_str(), "my-shop-2");
        assert_eq!(Name::suggest("!!!"), None);
    }
}
