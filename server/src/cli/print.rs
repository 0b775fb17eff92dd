//! How answers look in a terminal.

use super::Failure;
use berth_domain::{
    deployment::{DeploymentView, Status},
    log::LogLine,
    traffic::Measured,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::io::{IsTerminal, Write, stdout};

/// Writes a value as JSON on one line.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string(value).map_err(Failure::trouble)?)
}

/// Writes a line; a reader that has gone is an end, not a panic.
pub fn line(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Writes rows in columns, as wide as they need to be.
pub fn table<const N: usize>(rows: &[[String; N]]) -> Result<(), Failure> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// A moment as lists show it.
pub fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Writes log lines: for people with the time and the origin, for programs as JSON.
pub fn lines(lines: &[LogLine], as_json: bool) -> Result<(), Failure> {
    let mut text = String::new();
    let colours = stdout().is_terminal();
    for log_line in lines {
        if as_json {
            text.push_str(&serde_json::to_string(log_line).map_err(Failure::trouble)?);
        } else {
            text.push_str(&format!("{} {}  ", log_line.at.format("%H:%M:%S"), log_line.origin));
            text.push_str(&harmless(&log_line.text, colours));
        }
        text.push('\n');
    }
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// A text without what could take over a terminal: colours stay (when there is one), all other control codes go.
pub fn harmless(text: &str, colours: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
        out.push_str(&rest[..at]);
        let code = &rest[at..];
        let length = sequence(code);
        if colours && length > 2 && code[..length].ends_with('m') {
            out.push_str(&code[..length]);
        }
        rest = &code[length..];
    }
    out.push_str(rest);
    if colours && text.contains('\u{1b}') {
        out.push_str("\u{1b}[0m");
    }
    out
}

/// The length of the control sequence that a text begins with.
fn sequence(code: &str) -> usize {
    let first = code.chars().next().map_or(0, char::len_utf8);
    let Some(body) = code.strip_prefix("\u{1b}[") else { return first };
    let parameters = body.bytes().take_while(|byte| matches!(byte, b'0'..=b'?' | b' '..=b'/')).count();
    match body.as_bytes().get(parameters) {
        Some(b'@'..=b'~') => 2 + parameters + 1,
        _ => 2 + parameters,
    }
}

/// How a deployment stands, in one or a few lines.
pub fn deployment(view: &DeploymentView) -> Result<(), Failure> {
    let took = view.ended_at.zip(view.started_at).map(|(end, start)| (end - start).num_milliseconds());
    let took = took.map_or(String::new(), |ms| format!(" after {:.1} s", ms as f64 / 1e3));
    let title = harmless(&view.title(), false);
    line(&format!("{}#{}  {}{took}  {title}", view.service, view.number, view.status))?;
    if let Some(percent) = view.percent {
        line(&format!("  it gets {percent} % of the requests"))?;
    }
    if let Some(Measured { served, failed }) = view.measured {
        line(&format!("  {} requests during the switch, {failed} failed", served + failed))?;
    }
    if let Some(reason) = &view.reason {
        line(&format!("  {}", harmless(reason, false)))?;
    }
    if view.status == Status::Failed {
        for last in &view.last_lines {
            line(&format!("  | {}", harmless(last, false)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_cannot_take_over_the_terminal() {
        let evil = "a\u{1b}]0;title\u{7}b\u{1b}[31mred\u{1b}[2Jc\rd\u{9b}31me";
        assert_eq!(harmless(evil, false), "a]0;titlebredcd31me");
        assert_eq!(harmless(evil, true), "a]0;titleb\u{1b}[31mredcd31me\u{1b}[0m");
        assert_eq!(harmless("plain\ttext", true), "plain\ttext");
        assert_eq!(harmless("cut\u{1b}[", false), "cut");
    }
}
