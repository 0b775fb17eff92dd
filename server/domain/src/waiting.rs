//! When requests of a service go to Berth's waiting room instead of its instances: maintenance, and pauses.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The longest that a request waits, and that a pause lasts, in seconds.
pub const LONGEST_WAIT_S: u16 = 60;

/// The most characters of what visitors are told during maintenance.
pub const LONGEST_MESSAGE: usize = 500;

/// Maintenance of a service: its instances run, and visitors are told to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Maintenance {
    /// What visitors read; Berth's own words when absent.
    pub message: Option<String>,
    /// Who began it.
    pub by: String,
    pub since: DateTime<Utc>,
}

/// Begins maintenance, or changes what visitors read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct SetMaintenance {
    /// Plain text for visitors, at most 500 characters.
    pub message: Option<String>,
}

/// Lets requests wait for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PauseRequest {
    /// From 1 to 60. The traffic goes on by itself afterwards.
    pub seconds: u16,
}

impl SetMaintenance {
    /// The message without blanks around it; none when nothing is left. Refused when it is too long or no text.
    pub fn words(&self) -> Result<Option<String>, (&'static str, String)> {
        let text = self.message.as_deref().unwrap_or_default().replace("\r\n", "\n");
        let text = text.trim();
        if text.chars().count() > LONGEST_MESSAGE {
            return Err(("message", format!("The message has at most {LONGEST_MESSAGE} characters.")));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(("message", "The message is plain text, without control characters.".into()));
        }
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
}

impl PauseRequest {
    /// Refuses a time that is none or too long.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if (1..=LONGEST_WAIT_S).contains(&self.seconds) {
            return Ok(());
        }
        Err(("seconds", format!("Requests wait for 1 to {LONGEST_WAIT_S} seconds.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Option<String>, (&'static str, String)> {
        SetMaintenance { message: Some(text.to_owned()) }.words()
    }

    #[test]
    fn a_message_is_short_plain_text_or_none() {
        assert_eq!(words(" Back at nine.\r\nSorry! \n"), Ok(Some("Back at nine.\nSorry!".into())));
        assert_eq!(words("  "), Ok(None));
        assert_eq!(SetMaintenance::default().words(), Ok(None));
        assert!(words(&"ä".repeat(LONGEST_MESSAGE)).is_ok());
        for wrong in [&*"a".repeat(LONGEST_MESSAGE + 1), "a\0b", "\u{1b}[31m!"] {
            assert_eq!(words(wrong).unwrap_err().0, "message");
        }
    }

    #[test]
    fn a_pause_has_an_end_within_a_minute() {
        let check = |seconds| PauseRequest { seconds }.check();
        assert!(check(1).is_ok() && check(60).is_ok());
        assert!(check(0).is_err() && check(61).is_err());
    }
}
