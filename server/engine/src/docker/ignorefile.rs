//! `.dockerignore`, by Docker's own rules (which are not `.gitignore`'s): patterns stand for whole paths from the
//! context's root, the last one that matches decides, `!` takes back.

use regex::Regex;

/// What a `.dockerignore` leaves out.
#[derive(Debug, Default)]
pub(super) struct IgnoreFile {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    takes_back: bool,
    pattern: Regex,
}

impl IgnoreFile {
    /// Reads the file's text, after `before`: rules of ours that it can take back. A pattern that cannot be one is an error
    /// that names it.
    pub fn parse(before: &[&str], text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for line in before.iter().copied().chain(text.lines()) {
            // Only a `#` at the very beginning makes a comment.
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            let (takes_back, pattern) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            let Some(pattern) = cleaned(pattern) else { continue };
            let pattern = translated(&pattern).map_err(|reason| format!("`{line}`: {reason}"))?;
            rules.push(Rule { takes_back, pattern });
        }
        Ok(Self { rules })
    }

    /// Whether a path (with `/`, from the context's root) is left out, by itself or with a folder above it.
    pub fn leaves_out(&self, path: &str) -> bool {
        let mut out = false;
        for rule in &self.rules {
            // A rule that would change nothing need not be asked.
            if rule.takes_back == out && rule.matches_it_or_above(path) {
                out = !rule.takes_back;
            }
        }
        out
    }

    /// Whether something below a folder that is left out could be taken back.
    pub fn takes_anything_back(&self) -> bool {
        self.rules.iter().any(|rule| rule.takes_back)
    }
}

impl Rule {
    fn matches_it_or_above(&self, path: &str) -> bool {
        self.pattern.is_match(path)
            || path.match_indices('/').any(|(end, _)| self.pattern.is_match(&path[..end]))
    }
}

/// The pattern without `.`, `..`, doubled and outer slashes; `None` when nothing is left.
fn cleaned(pattern: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// A pattern in Go's `filepath.Match` language, with `**`, as a regular expression.
fn translated(pattern: &str) -> Result<Regex, String> {
    let mut out = String::from("^");
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'/') {
                    chars.next();
                }
                out.push_str(if chars.peek().is_none() { ".*" } else { "(.*/)?" });
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => class(&mut chars, &mut out)?,
            '\\' => match chars.next() {
                Some(escaped) => out.push_str(&regex::escape(&escaped.to_string())),
                None => return Err("it ends with a lone `\\`".into()),
            },
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out.push('$');
    Regex::new(&out).map_err(|_| "it is not a pattern".to_owned())
}

/// `[a-z]` or `[^a-z]`, after the bracket.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.peek() == Some(&'^') {
        chars.next();
        out.push('^');
    }
    let mut empty = true;
    loop {
        match chars.next() {
            Some(']') if !empty => break,
            Some('-') => out.push('-'),
            Some('\\') => out.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            Some(c) if c.is_alphanumeric() || c == '_' => out.push(c),
            Some(c) => {
                out.push('\\');
                out.push(c);
            }
            None => return Err("it opens a `[` that it does not close".into()),
        }
        empty = false;
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(text: &str, path: &str) -> bool {
        IgnoreFile::parse(&[], text).expect("patterns").leaves_out(path)
    }

    #[test]
    fn patterns_begin_at_the_root() {
        assert!(left_out("node_modules", "node_modules"));
        assert!(left_out("node_modules", "node_modules/a/b.js"));
        assert!(!left_out("node_modules", "web/node_modules/a"));
        assert!(left_out("**/node_modules", "web/node_modules/a"));
        assert!(left_out("/dist/", "dist/x"));
        assert!(left_out("./a/../b", "b"));
    }

    #[test]
    fn wildcards_are_dockers() {
        assert!(left_out("*.md", "README.md") && !left_out("*.md", "docs/README.md"));
        assert!(left_out("**/*.md", "docs/a/README.md") && left_out("**/*.md", "README.md"));
        assert!(left_out("temp?", "tempa") && !left_out("temp?", "temp/x/y/tempa"));
        assert!(left_out("*/temp*", "some/temporary.txt") && !left_out("*/temp*", "a/b/temp"));
        assert!(left_out("[a-c].txt", "b.txt") && !left_out("[^a-c].txt", "b.txt"));
        assert!(left_out("**", "anything/at/all"));
        assert!(left_out("a\\*b", "a*b") && !left_out("a\\*b", "axb"));
        assert!(left_out("a.b+(c)", "a.b+(c)"));
    }

    #[test]
    fn the_last_rule_that_matches_decides() {
        let text = "*.md\n!README*.md\nREADME-secret.md";
        assert!(left_out(text, "a.md") && !left_out(text, "README.md") && left_out(text, "README-secret.md"));
        assert!(left_out("!x", "y") || !left_out("!x", "y"));
        let text = "**\n!src\n!Cargo.toml";
        assert!(
            left_out(text, "target/x") && !left_out(text, "src/main.rs") && !left_out(text, "Cargo.toml")
        );
    }

    #[test]
    fn comments_and_empty_lines_are_nothing() {
        assert!(!left_out("# node_modules\n\n   \n/", "node_modules"));
        assert!(left_out("\u{feff}a\r\nb\r\n", "a"));
    }

    #[test]
    fn our_own_rule_can_be_taken_back() {
        let parse = |text| IgnoreFile::parse(&[".git"], text).expect("patterns");
        assert!(parse("").leaves_out(".git/HEAD"));
        assert!(!parse("!.git").leaves_out(".git/HEAD"));
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        assert!(IgnoreFile::parse(&[], "a\n[b").expect_err("open").contains("[b"));
    }
}
