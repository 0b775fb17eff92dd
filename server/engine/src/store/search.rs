//! Searching by a part of a name.

/// The LIKE pattern for a part of a name or of a path of names; `None` when no name can have such a part. No wildcard
/// of a person gets through: names have neither `%` nor `_`.
pub(super) fn pattern(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let fits = text.len() <= 200 && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '/'));
    fits.then(|| format!("%{text}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_name_can_have_becomes_a_pattern() {
        assert_eq!(pattern(" Shop/Web ").as_deref(), Some("%shop/web%"));
        for bad in ["%", "a_b", "ä", "a'b", "\\"] {
            assert_eq!(pattern(bad), None);
        }
    }
}
