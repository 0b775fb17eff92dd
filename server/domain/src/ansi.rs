//! ANSI colours as data: a line becomes spans with classes, so that no log ever reaches the page as markup.

/// A run of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    /// CSS classes of the style, empty for plain text: `ansi-1`, `ansi-bg-2`, `ansi-bold`.
    pub class: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    foreground: Option<u8>,
    background: Option<u8>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Style {
    fn class(self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.foreground.map(|c| format!("ansi-{c}")));
        parts.extend(self.background.map(|c| format!("ansi-bg-{c}")));
        let flags =
            [(self.bold, "bold"), (self.dim, "dim"), (self.italic, "italic"), (self.underline, "underline")];
        parts.extend(flags.iter().filter(|(on, _)| *on).map(|(_, name)| format!("ansi-{name}")));
        parts.join(" ")
    }

    /// Applies the numbers of one `ESC [ ... m`.
    fn apply(&mut self, codes: &[u16]) {
        let mut codes = codes.iter().copied();
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                30..=37 => self.foreground = Some((code - 30) as u8),
                90..=97 => self.foreground = Some((code - 90 + 8) as u8),
                40..=47 => self.background = Some((code - 40) as u8),
                100..=107 => self.background = Some((code - 100 + 8) as u8),
                38 => self.foreground = extended(&mut codes),
                48 => self.background = extended(&mut codes),
                39 => self.foreground = None,
                49 => self.background = None,
                _ => {}
            }
        }
    }
}

/// Reads the rest of `38;5;n` or `38;2;r;g;b` down to the sixteen colours that the panel has.
fn extended(codes: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match codes.next()? {
        5 => nearest_of_256(codes.next()?),
        2 => {
            let (r, g, b) = (codes.next()?, codes.next()?, codes.next()?);
            Some(nearest_of_rgb(r, g, b))
        }
        _ => None,
    }
}

fn nearest_of_256(code: u16) -> Option<u8> {
    match code {
        0..=15 => Some(code as u8),
        16..=231 => {
            let cube = code - 16;
            Some(nearest_of_rgb(cube / 36 * 51, cube / 6 % 6 * 51, cube % 6 * 51))
        }
        232..=255 => Some(if code < 244 { 8 } else { 7 }),
        _ => None,
    }
}

fn nearest_of_rgb(r: u16, g: u16, b: u16) -> u8 {
    let bit = |value: u16, at: u8| u8::from(value > 95) << at;
    let bright = u8::from(r.max(g).max(b) > 200) << 3;
    bit(r, 0) | bit(g, 1) | bit(b, 2) | bright
}

/// Splits a line into styled spans. Every other escape and control character is dropped; after a carriage
/// return only the last overwrite is kept, as a terminal would show it.
pub fn spans(line: &str) -> Vec<Span> {
    let visible = line.trim_end_matches('\r');
    let visible = visible.rsplit('\r').next().unwrap_or(visible);
    let mut spans = Vec::new();
    let mut style = Style::default();
    let mut text = String::new();
    let mut characters = visible.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                let before = style;
                escape(&mut characters, &mut style);
                if before != style {
                    flush(&mut spans, &mut text, before);
                }
            }
            '\t' => text.push('\t'),
            other if other.is_control() => {}
            other => text.push(other),
        }
    }
    flush(&mut spans, &mut text, style);
    spans
}

fn flush(spans: &mut Vec<Span>, text: &mut String, style: Style) {
    if !text.is_empty() {
        spans.push(Span { text: std::mem::take(text), class: style.class() });
    }
}

/// Consumes one escape sequence behind ESC (ECMA-48: CSI, OSC, and two-character ones).
fn escape(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, style: &mut Style) {
    match characters.next() {
        Some('[') => {
            let mut parameters = String::new();
            for character in characters.by_ref() {
                match character {
                    '0'..='9' | ';' => parameters.push(character),
                    'm' => {
                        let codes: Vec<u16> = parameters.split(';').map(|n| n.parse().unwrap_or(0)).collect();
                        return style.apply(&codes);
                    }
                    '\u{40}'..='\u{7e}' => return,
                    _ => {}
                }
            }
        }
        Some(']') => {
            while let Some(character) = characters.next() {
                if character == '\u{7}' {
                    return;
                }
                if character == '\u{1b}' {
                    characters.next_if_eq(&'\\');
                    return;
                }
            }
        }
        _ => {}
    }
}

/// The text without any style.
pub fn strip(line: &str) -> String {
    spans(line).into_iter().map(|span| span.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Vec<(String, String)> {
        spans(line).into_iter().map(|s| (s.text, s.class)).collect()
    }

    #[test]
    fn colours_become_classes() {
        let got = shown("a\u{1b}[1;31mred\u{1b}[0m b\u{1b}[38;5;196mx");
        let want = [("a", ""), ("red", "ansi-1 ansi-bold"), (" b", ""), ("x", "ansi-9")];
        assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn r_log_4_carriage_returns_links_and_cursor_moves_leave_plain_text() {
        assert_eq!(strip("10%\r50%\r100%\r"), "100%");
        assert_eq!(strip("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ \u{1b}[2Kend\u{0}"), "link end");
        assert_eq!(strip("<script>"), "<script>");
    }
}
