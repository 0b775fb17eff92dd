//! How far an instance is kept from the machine and from its own image, beyond what every instance is.

use serde::{Deserialize, Serialize};

/// The most processes and threads of an instance unless told: room for any server, and an end for a fork bomb.
pub const PIDS_LIMIT: u32 = 4_096;

/// What a service's instances may do less than others. Every instance runs without new privileges and without the
/// capabilities that ordinary programs do not need.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Isolation {
    /// `uid[:gid]` or the name of a user in the image, instead of the image's own.
    pub user: Option<String>,
    /// The image's files cannot be written; `/tmp` is memory, and volumes stay as they are.
    pub read_only_root: bool,
    /// The most processes and threads; 4096 when absent.
    pub pids_limit: Option<u32>,
    /// Not one capability is left, also for root.
    pub drop_capabilities: bool,
}

impl Isolation {
    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.user.as_ref().is_some_and(|user| !is_user(user)) {
            return Err((
                "user",
                "A user is a number such as 1000, 1000:1000, or a name in the image.".into(),
            ));
        }
        if self.pids_limit.is_some_and(|limit| !(4..=4_194_304).contains(&limit)) {
            return Err(("pids_limit", "There are at least 4 processes and threads.".into()));
        }
        Ok(())
    }

    /// The most processes and threads that are allowed.
    pub fn pids(&self) -> u32 {
        self.pids_limit.unwrap_or(PIDS_LIMIT)
    }

    /// What differs from an ordinary instance, in words; absent when nothing does.
    pub fn in_words(&self) -> Option<String> {
        let mut words = Vec::new();
        words.extend(self.user.as_ref().map(|user| format!("user {user}")));
        words.extend(self.read_only_root.then(|| "read-only root".to_owned()));
        words.extend(self.pids_limit.map(|limit| format!("{limit} processes")));
        words.extend(self.drop_capabilities.then(|| "no capabilities".to_owned()));
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// `user[:group]`, each a number or a name as useradd makes them.
fn is_user(text: &str) -> bool {
    let part = |part: &str| {
        let first = part.bytes().next();
        match first {
            Some(b'0'..=b'9') => part.parse::<u32>().is_ok_and(|id| id < u32::MAX),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => {
                part.len() <= 32
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
            }
            _ => false,
        }
    };
    match text.split_once(':') {
        Some((user, group)) => part(user) && part(group),
        None => part(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> bool {
        Isolation { user: Some(text.into()), ..Isolation::default() }.check().is_ok()
    }

    #[test]
    fn a_user_is_a_number_or_a_name() {
        for good in ["0", "1000", "1000:1000", "postgres", "_apt:nogroup", "www-data:33"] {
            assert!(user(good), "{good}");
        }
        for bad in ["", ":", "1000:", ":1000", "a:b:c", "4294967295", "10x", "-x", "a b", "a\n", "ä"] {
            assert!(!user(bad), "{bad:?}");
        }
    }

    #[test]
    fn only_what_differs_is_told() {
        assert_eq!(Isolation::default().in_words(), None);
        let isolation = Isolation { user: Some("1000".into()), read_only_root: true, ..Isolation::default() };
        assert_eq!(isolation.in_words().as_deref(), Some("user 1000, read-only root"));
    }
}
