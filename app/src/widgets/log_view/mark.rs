//! Marks what was searched for.

/// A part of a text, and whether it is what was searched for.
pub type Part = (String, bool);

/// Splits a text at what is searched for, whatever its case.
pub fn parts(text: &str, needle: &str) -> Vec<Part> {
    let needle: Vec<char> = needle.chars().map(folded).collect();
    if needle.is_empty() {
        return vec![(text.to_owned(), false)];
    }
    let characters: Vec<char> = text.chars().collect();
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while at < characters.len() {
        let found = characters[at..].len() >= needle.len()
            && characters[at..].iter().zip(&needle).all(|(a, b)| folded(*a) == *b);
        if found {
            if !plain.is_empty() {
                parts.push((std::mem::take(&mut plain), false));
            }
            parts.push((characters[at..at + needle.len()].iter().collect(), true));
            at += needle.len();
        } else {
            plain.push(characters[at]);
            at += 1;
        }
    }
    if !plain.is_empty() {
        parts.push((plain, false));
    }
    parts
}

/// One lower-case character for one character, so that positions stay.
fn folded(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_marked_whatever_its_case() {
        let got = parts("An Error: ERROR ä", "error");
        let want = [("An ", false), ("Error", true), (": ", false), ("ERROR", true), (" ä", false)];
        assert_eq!(got, want.map(|(text, hit)| (text.to_owned(), hit)));
        assert_eq!(parts("İstanbul Ä", "ä").last(), Some(&("Ä".to_owned(), true)));
        assert_eq!(parts("abc", ""), [("abc".to_owned(), false)]);
    }
}
