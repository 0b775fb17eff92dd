//! A command as people type it: words, some in quotes. No shell reads it, so nothing else has a meaning.

/// Splits a line into words. Quotes hold a word together; a backslash takes the next character as it is, except in
/// single quotes. `Err` names the quote that is not closed.
pub fn split_words(line: &str) -> Result<Vec<String>, char> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(characters.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, c @ ('"' | '\'')) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    match quote {
        Some(open) => Err(open),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

/// Writes words so that [`split_words`] reads the same words.
pub fn join_words(words: &[String]) -> String {
    let quoted = |word: &String| {
        let plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\');
        match !word.is_empty() && word.chars().all(plain) {
            true => word.clone(),
            false => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_spaces_outside_quotes() {
        let words = split_words(r#"node  server.js --name "a b" 'c "d"' e\ f """#);
        assert_eq!(words.unwrap(), ["node", "server.js", "--name", "a b", "c \"d\"", "e f", ""]);
        assert_eq!(split_words("a 'b"), Err('\''));
    }

    #[test]
    fn joined_words_are_read_back() {
        let words = ["a b", "", "c\"d", "e\\f", "$(x)", "'g'"].map(str::to_owned);
        assert_eq!(split_words(&join_words(&words)).unwrap(), words);
    }
}
