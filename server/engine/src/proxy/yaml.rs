//! YAML scalars that mean exactly their string, for a file that Traefik first runs as a Go template.

use std::fmt::Write;

/// A double-quoted scalar of printable ASCII in which neither `{{` nor a backtick's neighbour can begin anything:
/// braces are written as escapes, which YAML undoes after Go's templates have looked for theirs.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' if c != '{' && c != '}' => out.push(c),
            // `write!` to a String cannot fail.
            _ if (c as u32) < 0x1_0000 => _ = write!(out, "\\u{:04x}", c as u32),
            _ => _ = write!(out, "\\U{:08x}", c as u32),
        }
    }
    out.push('"');
    out
}

/// Indented `key: value` lines.
#[derive(Default)]
pub(super) struct Document {
    text: String,
}

impl Document {
    /// A line at a depth, as it is.
    pub fn line(&mut self, depth: usize, text: &str) -> &mut Self {
        for _ in 0..depth {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
        self
    }

    /// The head of a mapping named by anything.
    pub fn head(&mut self, depth: usize, key: &str) -> &mut Self {
        self.line(depth, &format!("{}:", quoted(key)))
    }

    /// A mapping's entry: a key of ours and a value that may be anything.
    pub fn entry(&mut self, depth: usize, key: &str, value: &str) -> &mut Self {
        self.line(depth, &format!("{key}: {}", quoted(value)))
    }

    /// A mapping's entry whose key may be anything too.
    pub fn named(&mut self, depth: usize, key: &str, value: &str) -> &mut Self {
        self.line(depth, &format!("{}: {}", quoted(key), quoted(value)))
    }

    /// A list of anything.
    pub fn list<'a>(
        &mut self,
        depth: usize,
        key: &str,
        values: impl IntoIterator<Item = &'a str>,
    ) -> &mut Self {
        let values: Vec<_> = values.into_iter().map(quoted).collect();
        self.line(depth, &format!("{key}: [{}]", values.join(", ")))
    }

    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saphyr::{LoadableYamlNode, Yaml};

    use super::*;

    proptest! {
        #[test]
        fn any_string_comes_back_and_no_template_survives(text in any::<String>(), key in any::<String>()) {
            let mut document = Document::default();
            document.head(0, &key).entry(1, "value", &text).list(1, "list", [text.as_str(), "b"]);
            let written = document.finish();
            let template = written.contains("{{") || written.contains("}}");
            prop_assert!(!template, "{}", written);
            prop_assert!(written.is_ascii());
            let read = Yaml::load_from_str(&written).expect("valid YAML");
            let inner = &read[0].as_mapping().expect("a mapping").iter().next().expect("one key");
            prop_assert_eq!(inner.0.as_str(), Some(key.as_str()));
            prop_assert_eq!(inner.1["value"].as_str(), Some(text.as_str()));
            prop_assert_eq!(inner.1["list"][0].as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn a_template_becomes_text() {
        assert_eq!(quoted("{{ env \"HOME\" }}"), r#""\u007b\u007b env \"HOME\" \u007d\u007d""#);
    }
}
