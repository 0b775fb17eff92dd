//! Numbers, times and commands between a form's texts and the settings.

use crate::api::{
    PanelError,
    service::forms::{invalid, join_words, optional, split_words},
};
use std::str::FromStr;

/// An optional value as a field shows it.
pub fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Milliseconds as a field shows them in seconds.
pub fn seconds_text(milliseconds: u32) -> String {
    (f64::from(milliseconds) / 1_000.0).to_string()
}

/// A command as a field shows it.
pub fn command_text(words: Option<&Vec<String>>) -> String {
    words.map(|words| join_words(words)).unwrap_or_default()
}

/// Reads an optional port.
pub fn port(text: &str) -> Result<Option<u16>, PanelError> {
    match optional(text) {
        Some(text) => match text.parse() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err(invalid("port", "A port is a number from 1 to 65535.")),
        },
        None => Ok(None),
    }
}

/// Reads a command; `None` for an empty field.
pub fn command(field: &str, text: &str) -> Result<Option<Vec<String>>, PanelError> {
    let words = split_words(text)
        .map_err(|quote| invalid(field, format!("There is a {quote} that is not closed.")))?;
    Ok(Some(words).filter(|words| !words.is_empty()))
}

/// Reads a whole number.
pub fn number<T: FromStr>(field: &str, text: &str) -> Result<T, PanelError> {
    let wrong = || invalid(field, format!("{:?} is not a whole number in range.", text.trim()));
    text.trim().parse().map_err(|_| wrong())
}

/// Reads a decimal number and turns it into whole units.
pub fn scaled(field: &str, text: &str, factor: f64) -> Result<u32, PanelError> {
    let value: f64 =
        text.trim().parse().map_err(|_| invalid(field, format!("{:?} is not a number.", text.trim())))?;
    let whole = (value * factor).round();
    match (0.0..=f64::from(u32::MAX)).contains(&whole) {
        true => Ok(whole as u32),
        false => Err(invalid(field, format!("{value} is out of range."))),
    }
}
