//! The dotenv text of the raw editor, with one stated grammar, so that export and import are inverses.
//!
//! ```text
//! file     = *( line LF )
//! line     = blank | "#" comment | [ "export " ] key "=" value
//! value    = "'" any characters but "'" (also line breaks), taken as they are "'"
//!          | '"' characters with \n \r \t \" \\ \$ escapes (also line breaks) '"'
//!          | bare text to the end of the line, white space around it and " #comment" cut
//! ```
//! Nothing is interpolated: `$X` stays `$X`. A bare value that starts a PEM block (`-----BEGIN`) or a JSON object or
//! array goes on over the following lines until the block ends, so that both can be pasted as they are.

use crate::variable::{check, is_key};

/// A text that is not in the grammar, with the line it starts to differ on (from 1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Line {line}: {why}")]
pub struct DotenvError {
    pub line: usize,
    pub why: String,
}

/// Reads all pairs in order. A key that stands twice is an error, since one of the values would be lost.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, DotenvError> {
    let mut parser = Parser { rest: text, line: 1 };
    let mut pairs: Vec<(String, String)> = Vec::new();
    while !parser.rest.is_empty() {
        let line = parser.line;
        if let Some((key, value)) = parser.pair()? {
            if pairs.iter().any(|(other, _)| *other == key) {
                return Err(DotenvError { line, why: format!("{key} is there twice.") });
            }
            check(&key, &value).map_err(|(_, why)| DotenvError { line, why })?;
            pairs.push((key, value));
        }
    }
    Ok(pairs)
}

/// Writes pairs so that [`parse`] reads the same pairs.
pub fn print<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (key, value) in pairs {
        out.push_str(key);
        out.push('=');
        print_value(value, &mut out);
        out.push('\n');
    }
    out
}

fn print_value(value: &str, out: &mut String) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=?&~".contains(c);
    if value.chars().all(plain) && !value.starts_with("-----BEGIN") {
        out.push_str(value);
    } else if !value.contains('\'') && !value.contains('\r') {
        out.push('\'');
        out.push_str(value);
        out.push('\'');
    } else {
        out.push('"');
        for character in value.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\r' => out.push_str("\\r"),
                other => out.push(other),
            }
        }
        out.push('"');
    }
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Parser<'a> {
    fn error<T>(&self, why: impl Into<String>) -> Result<T, DotenvError> {
        Err(DotenvError { line: self.line, why: why.into() })
    }

    /// Takes `length` bytes and the line break behind them.
    fn take_line(&mut self) -> &'a str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn peek_line(&self) -> &'a str {
        self.rest.split('\n').next().unwrap_or_default()
    }

    fn pair(&mut self) -> Result<Option<(String, String)>, DotenvError> {
        let start = self.peek_line().trim_start();
        if start.trim().is_empty() || start.starts_with('#') {
            self.take_line();
            return Ok(None);
        }
        let assignment = start.strip_prefix("export ").map_or(start, str::trim_start);
        let Some((key, _)) = assignment.split_once('=') else {
            return self.error("there is no \u{201c}=\u{201d} on it.");
        };
        let key = key.trim_end();
        if !is_key(key) {
            return self.error(format!(
                "{key:?} is not a key: letters, digits and underscores, not starting with a digit."
            ));
        }
        let equals = self.rest.find('=').unwrap_or_default();
        self.rest = self.rest[equals + 1..].trim_start_matches([' ', '\t']);
        let value = self.value()?;
        Ok(Some((key.to_owned(), value)))
    }

    fn value(&mut self) -> Result<String, DotenvError> {
        match self.rest.chars().next() {
            Some('\'') => self.single_quoted(),
            Some('"') => self.double_quoted(),
            Some('{' | '[') => Ok(self.json_block().unwrap_or_else(|| self.bare())),
            _ if self.rest.starts_with("-----BEGIN ") => self.pem_block(),
            _ => Ok(self.bare()),
        }
    }

    fn bare(&mut self) -> String {
        let line = self.take_line();
        let cut = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
        line[..cut].trim().to_owned()
    }

    fn single_quoted(&mut self) -> Result<String, DotenvError> {
        let body = &self.rest[1..];
        let Some(end) = body.find('\'') else {
            return self.error("a single quote is opened and not closed.");
        };
        let value = body[..end].to_owned();
        self.finish_quoted(end + 2, &value)?;
        Ok(value)
    }

    fn double_quoted(&mut self) -> Result<String, DotenvError> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    let raw = self.rest[..at].to_owned();
                    self.finish_quoted(at + 1, &raw)?;
                    return Ok(value);
                }
                '\\' => match characters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, escaped @ ('"' | '\\' | '$'))) => value.push(escaped),
                    Some((_, other)) => value.extend(['\\', other]),
                    None => break,
                },
                other => value.push(other),
            }
        }
        self.error("a double quote is opened and not closed.")
    }

    /// Skips a quoted value of `length` bytes; only white space or a comment may follow on its line.
    fn finish_quoted(&mut self, length: usize, raw: &str) -> Result<(), DotenvError> {
        self.rest = &self.rest[length..];
        self.line += raw.matches('\n').count();
        let behind = self.peek_line().trim();
        if !behind.is_empty() && !behind.starts_with('#') {
            return self.error("there is text behind the closing quote.");
        }
        self.take_line();
        Ok(())
    }

    fn pem_block(&mut self) -> Result<String, DotenvError> {
        let mut lines = Vec::new();
        loop {
            if self.rest.is_empty() {
                return self.error("a PEM block begins and has no END line.");
            }
            let line = self.take_line().trim_end();
            lines.push(line);
            let next_is_block = self.rest.starts_with("-----BEGIN ");
            if line.starts_with("-----END ") && !next_is_block {
                return Ok(lines.join("\n"));
            }
        }
    }

    /// The longest run of lines that together are one JSON value; `None` when there is none.
    fn json_block(&mut self) -> Option<String> {
        let mut end = 0;
        for line in self.rest.split_inclusive('\n') {
            end += line.len();
            let text = self.rest[..end].trim();
            if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
                let value = text.to_owned();
                self.line += self.rest[..end].matches('\n').count();
                self.rest = &self.rest[end..];
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn the_usual_forms_are_read() {
        let text =
            "# note\n\nA=1\nexport B = two words # note\nC='a $X \"b\" #c'\nD=\"x\\ny\\\"\\$\"\r\nE=\n";
        let want = [
            pair("A", "1"),
            pair("B", "two words"),
            pair("C", "a $X \"b\" #c"),
            pair("D", "x\ny\"$"),
            pair("E", ""),
        ];
        assert_eq!(read(text), want);
    }

    #[test]
    fn r_env_2_pem_keys_and_json_work_pasted() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIB=\nxyz\n-----END PRIVATE KEY-----";
        let json = "{\n  \"a\": [1, 2],\n  \"b\": \"}\"\n}";
        assert_eq!(
            read(&format!("K={pem}\nJ={json}\nZ=1")),
            [pair("K", pem), pair("J", json), pair("Z", "1")]
        );
    }

    #[test]
    fn an_error_names_its_line() {
        for (text, line) in
            [("A=1\nB\n", 2), ("A=1\n2B=1", 2), ("A='x\ny", 1), ("A=1\nA=2", 2), ("A='x' y", 1)]
        {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn r_env_2_export_then_import_is_identity(values in prop::collection::vec("[^\\x00]*", 0..6)) {
            let pairs: Vec<_> = values.iter().enumerate().map(|(n, v)| (format!("K{n}"), v.clone())).collect();
            let text = print(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            prop_assert_eq!(parse(&text).unwrap(), pairs);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*|(?s).{0,80}") {
            let _ = parse(&text);
        }
    }
}
