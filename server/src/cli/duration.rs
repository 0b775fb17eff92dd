//! Times on the command line.

use chrono::{DateTime, Utc};
use std::time::{Duration, SystemTime};

/// Reads `90s`, `15m`, `2h` or `3d`; a number alone is seconds.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let wrong = || format!("{text:?} is no time such as 90s, 15m, 2h or 3d");
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// Reads a moment: `15m` is so long ago; else RFC 3339.
pub fn parse_since(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    let wrong = || format!("{text:?} is neither a time ago such as 15m nor one such as 2026-01-31T12:00:00Z");
    let ago = parse(text).map_err(|_| wrong())?;
    let moment = SystemTime::now().checked_sub(ago).ok_or_else(wrong)?;
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| wrong())?;
    i64::try_from(since.as_millis()).ok().and_then(DateTime::from_timestamp_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(parse("90").unwrap(), Duration::from_secs(90));
        assert_eq!(parse("15m").unwrap(), Duration::from_secs(900));
        assert_eq!(parse("2d").unwrap(), Duration::from_secs(172_800));
        for bad in ["", "m", "1w", "-5s", "1.5h", "99999999999999999999d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse_since("2h").unwrap() < parse_since("1h").unwrap());
        assert!(parse_since("2026-01-31T12:00:00Z").is_ok() && parse_since("yesterday").is_err());
    }
}
